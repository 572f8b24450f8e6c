"""Locks say what they wait for; long commands report, and end with us."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.waiting import until
from vaultaws.clock import SystemClock
from vaultaws.errors import StackError
from vaultaws.local.commands import last_lines, run_watched
from vaultaws.local.locks import held
from vaultaws.local.progress import silent

ROOT = Path(__file__).parents[3]


def test_a_held_lock_is_waited_for_and_named(tmp_path: Path) -> None:
    seen: list[str] = []
    path = tmp_path / "lock"
    with (
        held(path, "first", silent),
        pytest.raises(StackError) as caught,
        held(path, "waiting", lambda what, _: seen.append(what), patience_seconds=1.5),
    ):
        raise AssertionError
    assert seen == ["waiting"]
    assert str(path) in caught.value.what
    with held(path, "again", silent, patience_seconds=0):
        pass


def test_a_lock_where_nothing_can_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError), held(tmp_path / "file" / "lock", "x", silent):
        pass


def run(tmp_path: Path, script: str, seen: list[str] | None = None) -> int:
    return run_watched(
        ["/bin/sh", "-c", script],
        environ={"PATH": "/usr/bin:/bin"},
        log=tmp_path / "log",
        what="working",
        progress=lambda what, _: (seen if seen is not None else []).append(what),
        clock=SystemClock(),
    )


def test_a_long_command_reports_and_gives_its_status(tmp_path: Path) -> None:
    seen: list[str] = []
    assert run(tmp_path, "echo a; echo; echo b >&2; sleep 1.5; exit 4", seen) == 4
    assert seen == ["working"]
    assert last_lines(tmp_path / "log", 5) == ["a", "b"]
    assert last_lines(tmp_path / "missing") == []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_ends_with_the_process_that_runs_it(tmp_path: Path, number: int) -> None:
    """Ctrl-C, a polite end and a kill, each while Go would be building."""
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux ends children of a killed process")
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from vaultaws.clock import SystemClock
        from vaultaws.local.commands import run_watched
        from vaultaws.interrupts import ending_signals_raise
        here = Path(sys.argv[1])
        with ending_signals_raise():
            run_watched(["/bin/sh", "-c", f"echo $$ >{here}/pid; exec sleep 100"],
                        environ={"PATH": "/usr/bin:/bin"}, log=here / "log", what="",
                        progress=lambda *_: None, clock=SystemClock())
    """)
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        pid_file = tmp_path / "pid"
        until(lambda: pid_file.exists() and pid_file.read_text().strip() != "")
        process.send_signal(number)
        process.communicate()
    assert process.returncode != 0
    until(lambda: not alive(int(pid_file.read_text())))
