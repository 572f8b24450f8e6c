"""Rotations on disk: written before they are done, found when their run is gone."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.memory_vault import FixedClock
from vaultaws.errors import LocalStateError
from vaultaws.leases.target import Target
from vaultaws.root.journal import BusyError, Journal, Kind

TARGET = Target("https://vault.corp:8200", "", "aws")
DETAILS = {"old_key": "AKIA" + "0" * 16, "user": "vault-root"}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "root", TARGET, FixedClock())


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "root").glob("*.json"))


def test_nothing_begun_and_nothing_made(journal: Journal, tmp_path: Path) -> None:
    assert journal.unfinished(Kind.ROOT) is None
    assert journal.all_unfinished() == ()
    assert not (tmp_path / "root").exists()


def test_begun_and_ended_leaves_nothing(journal: Journal, tmp_path: Path) -> None:
    with journal.begin(Kind.ROOT, DETAILS) as work:
        assert len(files(tmp_path)) == 1
        work.end()
    assert files(tmp_path) == []
    assert journal.unfinished(Kind.ROOT) is None


def test_begun_and_not_ended_is_found(journal: Journal) -> None:
    with journal.begin(Kind.ROOT, DETAILS) as work:
        work.note(probe_role="vaultaws-probe-1")
    found = journal.unfinished(Kind.ROOT)
    assert found is not None
    assert not found.running
    assert found.operation.details == {**DETAILS, "probe_role": "vaultaws-probe-1"}
    assert found.operation.started == FixedClock().now()


def test_only_its_owner_may_read_it(journal: Journal, tmp_path: Path) -> None:
    with journal.begin(Kind.ROOT, DETAILS):
        pass
    assert stat.S_IMODE((tmp_path / "root").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path)] == [0o600]


def test_root_static_roles_and_mounts_do_not_meet(tmp_path: Path) -> None:
    clock = FixedClock()
    here = Journal(tmp_path / "root", TARGET, clock)
    for kind, name in ((Kind.ROOT, ""), (Kind.STATIC, "a"), (Kind.STATIC, "b/../c")):
        with here.begin(kind, DETAILS, name):
            pass
    assert {found.operation.name for found in here.all_unfinished()} == {"", "a", "b/../c"}
    others = (
        Target(TARGET.address, "", "aws2"),
        Target(TARGET.address, "team", "aws"),
        Target("https://other:8200", "", "aws"),
    )
    for target in others:
        assert Journal(tmp_path / "root", target, clock).all_unfinished() == ()
    same = Target("https://VAULT.corp:8200/", "/", "aws")
    assert len(Journal(tmp_path / "root", same, clock).all_unfinished()) == 3


def test_one_at_a_time(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "root", TARGET, FixedClock())
    with journal.begin(Kind.ROOT, DETAILS) as work:
        found = other.unfinished(Kind.ROOT)
        assert found is not None
        assert found.running
        with pytest.raises(BusyError, match="under way"), other.begin(Kind.STATIC, {}, "x"):
            pytest.fail("two rotations at once")
        work.end()


HOLD = """
import sys, time
from pathlib import Path
from vaultaws.clock import SystemClock
from vaultaws.leases.target import Target
from vaultaws.root.journal import Journal, Kind
journal = Journal(Path(sys.argv[1]), Target("https://vault.corp:8200", "", "aws"), SystemClock())
with journal.begin(Kind.ROOT, {"old_key": "k"}):
    print("begun", flush=True)
    time.sleep(60)
"""


def test_a_killed_run_is_seen_as_gone(journal: Journal, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "root")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        found = journal.unfinished(Kind.ROOT)
        assert found is not None
        assert found.running
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    found = journal.unfinished(Kind.ROOT)
    assert found is not None
    assert not found.running


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        (
            b'{"version": 2, "kind": "root", "name": "", "started": "2026-11-21T08:00:00+00:00", '
            b'"details": {}}'
        ),
        (
            b'{"version": 1, "kind": "other", "name": "", "started": "2026-11-21T08:00:00+00:00", '
            b'"details": {}}'
        ),
        (
            b'{"version": 1, "kind": "root", "name": "", "started": "2026-11-21T08:00:00", '
            b'"details": {}}'
        ),
        b'{"version": 1, "kind": "root", "name": "", "started": "today", "details": {}}',
        (
            b'{"version": 1, "kind": "root", "name": "", "started": "2026-11-21T08:00:00+00:00", '
            b'"details": []}'
        ),
        b"[" * 60_000,
    ],
)
def test_a_damaged_record_is_said_and_never_taken_for_nothing(
    journal: Journal, tmp_path: Path, content: bytes
) -> None:
    with journal.begin(Kind.ROOT, DETAILS):
        pass
    (file,) = files(tmp_path)
    file.write_bytes(content)
    with pytest.raises(LocalStateError, match="cannot be read"):
        journal.unfinished(Kind.ROOT)


def test_a_record_that_is_a_link_is_not_followed(journal: Journal, tmp_path: Path) -> None:
    with journal.begin(Kind.ROOT, DETAILS):
        pass
    (file,) = files(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    file.with_suffix(".new").symlink_to(elsewhere)
    with journal.begin(Kind.ROOT, DETAILS) as work:
        work.end()
    assert elsewhere.read_text() == "mine"


def test_where_nothing_can_be_written_nothing_is_begun(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "root", TARGET, FixedClock())
    with pytest.raises(LocalStateError), journal.begin(Kind.ROOT, DETAILS):
        pytest.fail("begun without a record")
