"""However a log is written and rotated between two looks, its follower knows the whole."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.trail.test_audit import entry
from vaultaws.trail.audit import read, rotated
from vaultaws.trail.following import Follower

STEPS = st.lists(
    st.sampled_from(["write", "write half", "rename", "copy and truncate", "pack", "look"]),
    max_size=14,
)


class Log:
    """A log that is written, turned over and packed; `written` are the whole lines so far."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "audit.log"
        self.path.touch()
        self._half = b""
        self._count = self._turned = 0

    def do(self, step: str) -> None:
        if step == "write":
            self._write(self._half or self._line())
            self._half = b""
        elif step == "write half" and not self._half:
            line = self._line()
            self._write(line[:50])
            self._half = line[50:]
        elif step != "look" and not self._half:
            self._turned += 1
            self._turn(step, self.path.with_name(f"audit.log.{self._turned:03}"))

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

    def _line(self) -> bytes:
        self._count += 1
        return json.dumps(entry(number=self._count)).encode() + b"\n"

    def _write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


@settings(max_examples=60)
@given(STEPS)
def test_the_follower_knows_what_a_whole_read_tells(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        log = Log(Path(directory))
        follower = Follower(log.path)
        for step in [*steps, "write", "look"]:
            log.do(step)
            if step == "look":
                whole = read(rotated(log.path)).issuances
                assert follower.read().issuances == whole
