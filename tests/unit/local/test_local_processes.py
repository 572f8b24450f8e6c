"""Only our processes are ended, whatever became of their ids; and they are gone afterwards."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from tests.support.machine import (
    DEAF_TO_ALL,
    DEAF_TO_TERM,
    PlayedClock,
    PlayedProcess,
    PlayedTable,
)
from tests.support.waiting import until
from vaultaws.errors import StackError
from vaultaws.local.processes import (
    Machine,
    ProcessRecord,
    SystemProcesses,
    end,
    end_tagged,
    is_alive,
    launch,
    python_environment,
    python_module,
)

OURS = ProcessRecord(pid=10, started=1000.0, boot_id="boot-1")


def machine(table: PlayedTable) -> Machine:
    return Machine(PlayedClock(), table)


def test_the_recorded_process_is_alive() -> None:
    assert is_alive(OURS, PlayedTable({10: PlayedProcess(1000.0)}))


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(PlayedTable(), id="dead pid"),
        pytest.param(PlayedTable({10: PlayedProcess(2000.0)}), id="reused pid"),
        pytest.param(PlayedTable({10: PlayedProcess(1000.0)}, boot="boot-2"), id="reboot"),
    ],
)
def test_another_process_is_never_taken_for_ours_nor_signalled(table: PlayedTable) -> None:
    assert not is_alive(OURS, table)
    end(OURS, machine(table))
    assert table.sent == []


def test_a_process_is_asked_before_it_is_told() -> None:
    table = PlayedTable({10: PlayedProcess(1000.0)})
    end(OURS, machine(table))
    assert table.sent == [(10, signal.SIGTERM)]


def test_a_deaf_process_is_killed_after_the_grace() -> None:
    table = PlayedTable({10: PlayedProcess(1000.0, deaf_to=DEAF_TO_TERM)})
    end(OURS, machine(table))
    assert table.sent == [(10, signal.SIGTERM), (10, signal.SIGKILL)]
    assert table.processes == {}


def test_a_process_that_survives_is_named() -> None:
    table = PlayedTable({10: PlayedProcess(1000.0, tag="t", deaf_to=DEAF_TO_ALL)})
    with pytest.raises(StackError) as caught:
        end(OURS, machine(table))
    assert "process 10" in caught.value.what
    with pytest.raises(StackError):
        end_tagged("t", machine(table))


def test_all_that_carries_the_tag_is_ended_and_nothing_else() -> None:
    table = PlayedTable(
        {1: PlayedProcess(1.0, "t"), 2: PlayedProcess(1.0, "other"), 3: PlayedProcess(1.0, "t")}
    )
    end_tagged("t", machine(table))
    assert set(table.processes) == {2}


SLEEPER = "import time; print('ready', flush=True); time.sleep(60)"


def test_a_real_process_leads_its_session_and_is_found_and_ended(tmp_path: Path) -> None:
    real, log = Machine(), tmp_path / "log"
    tag = f"test-{os.getpid()}-{tmp_path.name}"
    record = launch([sys.executable, "-c", SLEEPER], environ={}, tag=tag, log=log, table=real.table)
    try:
        assert os.getsid(record.pid) == record.pid
        assert is_alive(record, real.table)
        assert real.table.tagged(tag) == [record.pid]
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
    finally:
        end(record, real)
    assert not is_alive(record, real.table)
    assert real.table.tagged(tag) == []


def test_what_a_killed_leader_leaves_is_found_by_the_tag(tmp_path: Path) -> None:
    """A server that is killed leaves its plugin behind."""
    real, log = Machine(), tmp_path / "log"
    tag = f"test-{os.getpid()}-{tmp_path.name}"
    parent = (
        "import subprocess, sys, time; "
        f"subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); time.sleep(60)"
    )
    record = launch([sys.executable, "-c", parent], environ={}, tag=tag, log=log, table=real.table)
    try:
        until(lambda: "ready" in log.read_text())
        real.table.signal(record.pid, signal.SIGKILL)
        end(record, real)
        assert len(real.table.tagged(tag)) == 1
    finally:
        end_tagged(tag, real)
    assert real.table.tagged(tag) == []


def test_a_program_that_cannot_start_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StackError) as caught:
        launch(
            [str(tmp_path / "missing")],
            environ={},
            tag="t",
            log=tmp_path / "log",
            table=SystemProcesses(),
        )
    assert "No such file" in caught.value.why


def test_a_signal_to_a_process_that_is_gone_is_fine() -> None:
    SystemProcesses().signal(2**22 - 3, signal.SIGTERM)
    assert SystemProcesses().started(2**22 - 3) is None


def test_a_python_child_finds_the_vaultaws_that_runs_and_keeps_other_paths() -> None:
    found = python_environment({"PYTHONPATH": "/else", "A": "b"})
    first, rest = found["PYTHONPATH"].split(os.pathsep)
    assert (Path(first) / "vaultaws" / "errors.py").is_file()
    assert (rest, found["A"]) == ("/else", "b")
    assert python_module("json.tool")[-2:] == ["-m", "json.tool"]
