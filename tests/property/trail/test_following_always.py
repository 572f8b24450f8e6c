"""However a log is written and rotated between two looks, its follower knows the whole."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.trail.test_audit import entry
from vaultaws.trail.audit import read, rotated
from vaultaws.trail.auditlines import LONGEST_LINE_BYTES
from vaultaws.trail.following import Follower

WRITES = ("issue", "revoke", "rotate", "fail", "device", "junk", "long")
STEPS = st.lists(
    st.sampled_from(
        [*WRITES, "half", "half", "rename", "copy and truncate", "pack", "lose the oldest", "look"]
    ),
    max_size=16,
)


class Log:
    """A log that is written, turned over, packed and thrown away."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "audit.log"
        self.path.touch()
        self.half = b""
        self._count = self._turned = 0

    def do(self, step: str) -> None:
        if step in WRITES:
            self._write(self.half or self._line(step))
            self.half = b""
        elif step == "half" and not self.half:
            line = self._line("issue")
            self._write(line[:50])
            self.half = line[50:]
        elif step == "lose the oldest":
            for oldest in rotated(self.path)[:-1][:1]:
                oldest.unlink()
        elif step not in {"look", "half"}:
            self._turned += 1
            self._turn(step, self.path.with_name(f"audit.log.{self._turned:03}"))
            self.half = b""  # its line is torn for ever

    def _turn(self, step: str, old: Path) -> None:
        if step == "rename":
            self.path.rename(old)
            self.path.touch()
        elif step == "copy and truncate":
            old.write_bytes(self.path.read_bytes())
            self.path.write_bytes(b"")
        else:
            old.with_suffix(old.suffix + ".gz").write_bytes(gzip.compress(self.path.read_bytes()))
            self.path.write_bytes(b"")

    def _line(self, kind: str) -> bytes:
        """No two lines are alike, as none of a log are: each has its time."""
        self._count += 1
        if kind == "junk":
            return b'{"time": %d}\n' % self._count
        if kind == "long":
            return b"%d" % self._count + b"x" * LONGEST_LINE_BYTES + b"yz\n"
        made = {
            "issue": entry(number=self._count),
            "revoke": entry(f"sys/leases/revoke/aws/creds/reader/{self._count}", self._count),
            "rotate": entry("aws/config/rotate-root", self._count),
            "fail": entry(number=self._count, error="1 error occurred"),
            "device": entry("sys/audit/file", self._count),
        }[kind]
        if kind == "device":
            made["request"]["operation"] = "update"
        return json.dumps(made).encode() + b"\n"

    def _write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


@settings(max_examples=60)
@given(STEPS)
@example(["issue", "pack", "look", "lose the oldest", "rename"])
@example(["half", "look", "copy and truncate", "rename"])
def test_the_follower_tells_what_a_whole_read_tells(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        log = Log(Path(directory))
        follower = Follower(log.path)
        for step in [*steps, "look", "issue", "look"]:
            log.do(step)
            if step != "look":
                continue
            followed, whole = follower.read(), read(rotated(log.path))
            if log.half:  # the last line waits, where a whole read calls it torn
                assert followed.unreadable == whole.unreadable - 1
                assert followed.issuances == whole.issuances
            else:
                assert followed == whole


def test_memory_is_of_what_the_files_tell_and_not_of_what_they_told(tmp_path: Path) -> None:
    log = Log(tmp_path)
    follower = Follower(log.path)
    for _ in range(3):
        for _ in range(5):
            log.do("issue")
        log.do("rename")
        assert len(follower.read().issuances) == 5
        log.do("lose the oldest")
        assert follower.read().issuances == []
    assert len(follower._files) == 1
