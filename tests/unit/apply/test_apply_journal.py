"""The journal of applies on disk: durable before the first step, private, one apply at a time."""

from __future__ import annotations

import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.disk import full_disk
from tests.support.memory_vault import FixedClock
from vaultaws.errors import LocalStateError
from vaultaws.leases.target import Target
from vaultaws.plan.journal import ApplyJournal, Unfinished
from vaultaws.plan.records import Ending, StepName

TARGET = Target("http://127.0.0.1:8200", "", "aws")
FILE = Path("vaultaws.toml")
STEPS = [StepName("role", f"r{number}", "+") for number in range(12)]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "vaultaws" / "apply"


@pytest.fixture
def journal(directory: Path) -> ApplyJournal:
    return ApplyJournal(directory, TARGET, FixedClock())


def left_open(journal: ApplyJournal) -> Unfinished:
    found = journal.unfinished()
    assert found is not None
    return found


def killed(journal: ApplyJournal, done: int = 7) -> None:
    """What a killed apply leaves behind."""
    with journal.held(FILE), journal.begin(FILE, "f1", STEPS) as writer:
        writer.progress(done=range(done), sync=False)


def test_nothing_is_unfinished_at_first(journal: ApplyJournal, directory: Path) -> None:
    assert journal.unfinished() is None
    assert not directory.exists()


def test_a_killed_apply_is_told_with_how_far_it_came(journal: ApplyJournal) -> None:
    killed(journal)
    found = left_open(journal)
    assert not found.running
    assert found.record.begun.file == "vaultaws.toml"
    assert found.record.begun.steps == tuple(STEPS)
    assert found.record.done == frozenset(range(7))


@pytest.mark.parametrize("ending", [Ending.REFUSED, Ending.STOPPED, Ending.UNKNOWN])
def test_one_that_stopped_is_told_until_another_goes_on(
    journal: ApplyJournal, ending: Ending
) -> None:
    with journal.held(FILE), journal.begin(FILE, "f1", STEPS) as writer:
        writer.progress(unknown=[3])
        writer.end(ending)
    assert left_open(journal).record.ending is ending
    with journal.held(FILE), journal.begin(FILE, "f2", STEPS[:2]) as writer:
        writer.progress(done=[0, 1])
        writer.end(Ending.COMPLETE)
    assert journal.unfinished() is None


def test_what_was_left_open_is_closed_when_nothing_is_left_to_do(journal: ApplyJournal) -> None:
    killed(journal)
    with journal.held(FILE):
        journal.close_left_open()
    assert journal.unfinished() is None


def test_a_torn_line_is_cut_and_the_next_apply_goes_on(
    journal: ApplyJournal, directory: Path
) -> None:
    killed(journal)
    (file,) = directory.glob("*.jsonl")
    with file.open("ab") as stream:
        stream.write(b'{"kind":"progress","id":"')
    assert left_open(journal).record.done == frozenset(range(7))
    killed(journal, done=2)
    assert left_open(journal).record.done == {0, 1}


def test_one_mount_knows_nothing_of_another(journal: ApplyJournal, directory: Path) -> None:
    killed(journal)
    for other in (replace(TARGET, mount="aws2"), replace(TARGET, namespace="team")):
        assert ApplyJournal(directory, other, FixedClock()).unfinished() is None
    same = replace(TARGET, address="HTTP://127.0.0.1:8200/")
    assert ApplyJournal(directory, same, FixedClock()).unfinished() is not None


def test_only_the_owner_may_read(journal: ApplyJournal, directory: Path) -> None:
    with journal.held(FILE), journal.begin(FILE, "f1", STEPS):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
        assert len(modes) == 3
        assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_second_apply_is_refused_and_told_who_is_at_it(
    journal: ApplyJournal, directory: Path
) -> None:
    """The other one is a process of its own."""
    script = f"""
import sys
from pathlib import Path
from vaultaws.clock import SystemClock
from vaultaws.leases.target import Target
from vaultaws.plan.journal import ApplyJournal
target = Target{(TARGET.address, TARGET.namespace, TARGET.mount)!r}
journal = ApplyJournal(Path({str(directory)!r}), target, SystemClock())
with journal.held(Path("other.toml")):
    journal.begin(Path("other.toml"), "f", [])
    print("here", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "here\n"
        assert left_open(journal).running
        with pytest.raises(LocalStateError) as refused, journal.held(FILE):
            pytest.fail("two at a time")
        assert f"process {other.pid} applies other.toml since" in refused.value.why
        other.kill()
    assert not left_open(journal).running
    with journal.held(FILE):
        assert not left_open(journal).running


def test_a_full_disk_refuses_before_anything_begins(journal: ApplyJournal) -> None:
    with journal.held(FILE):
        with full_disk(100), pytest.raises(LocalStateError) as refused:
            journal.begin(FILE, "f1", STEPS)
        assert "cannot be used" in refused.value.what
        assert journal.unfinished() is None


def test_a_disk_that_fills_up_halfway_says_so_and_keeps_what_it_has(
    journal: ApplyJournal, directory: Path
) -> None:
    with journal.held(FILE), journal.begin(FILE, "f1", STEPS) as writer:
        writer.progress(done=[0])
        (file,) = directory.glob("*.jsonl")
        with full_disk(file.stat().st_size + 5), pytest.raises(LocalStateError):
            writer.progress(done=[1])
    assert left_open(journal).record.done == {0}


def test_a_directory_where_the_journal_should_be_is_refused(
    journal: ApplyJournal, directory: Path
) -> None:
    directory.parent.mkdir(parents=True)
    directory.write_text("a file")
    with pytest.raises(LocalStateError), journal.held(FILE):
        pytest.fail("there is no place for a lock")


def test_a_long_journal_is_put_aside(directory: Path) -> None:
    journal = ApplyJournal(directory, TARGET, FixedClock(), start_anew_bytes=500)
    killed(journal)
    killed(journal, done=3)
    (file,) = directory.glob("*.jsonl")
    assert file.with_suffix(".old").exists()
    assert left_open(journal).record.done == {0, 1, 2}
