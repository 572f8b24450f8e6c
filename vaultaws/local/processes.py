"""Processes of ours that outlive the command that started them: start, recognise, end.

A process is known by its id together with its start time and the machine's boot id, so that a
reused id or a reboot is recognised. All processes of one stack, plugins of the server too, also
carry the stack's random tag in their environment; by it the last ones are found.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import StackError

TAG_VARIABLE = "VAULTAWS_STACK"
SAME_START_SECONDS = 2.0
GRACE_SECONDS = 10.0
ENDED_AT_ONCE = -10.0
"""The start time of a process that was gone before it could be asked: nothing alive has it."""
POLL_SECONDS = 0.02
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class ProcessRecord:
    """Who a process is. `started` is in seconds since the epoch."""

    pid: int
    started: float
    boot_id: str

    @property
    def label(self) -> str:
        """A short name for people."""
        return f"process {self.pid}"


class ProcessTable(Protocol):
    """What we ask the operating system about processes."""

    def boot_id(self) -> str:
        """Return a name for the time since the machine started; empty where there is none."""
        ...

    def started(self, pid: int) -> float | None:
        """When the process started; None when there is none or it only waits to be reaped."""
        ...

    def tagged(self, tag: str) -> list[int]:
        """Ids of living processes whose environment carries the tag."""
        ...

    def signal(self, pid: int, number: int) -> None:
        """Send a signal; a process that is gone is fine."""
        ...


class SystemProcesses:
    """This machine, through psutil."""

    def boot_id(self) -> str:
        try:
            return _BOOT_ID.read_text("ascii").strip()
        except OSError:
            return ""

    def started(self, pid: int) -> float | None:
        import psutil

        _reap(pid)
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return process.create_time()
        except psutil.NoSuchProcess:
            return None

    def tagged(self, tag: str) -> list[int]:
        import psutil

        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get(TAG_VARIABLE) == tag and process.pid != os.getpid():
                    found.append(process.pid)
        return [pid for pid in found if self.started(pid) is not None]

    def signal(self, pid: int, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@dataclass(frozen=True)
class Machine:
    """Time and processes, as everything here that waits or ends something needs them."""

    clock: Clock = field(default_factory=SystemClock)
    table: ProcessTable = field(default_factory=SystemProcesses)


def _reap(pid: int) -> None:
    """Take note of the end of a child of this process, so that it does not stay a zombie."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def launch(
    command: Sequence[str], *, environ: Mapping[str, str], tag: str, log: Path, table: ProcessTable
) -> ProcessRecord:
    """Start a process in a session of its own, its output in `log` (readable by us alone).

    Raises StackError when the program cannot be started.
    """
    mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        pid = os.posix_spawn(
            command[0],
            list(command),
            {**environ, TAG_VARIABLE: tag},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), mode, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigdef=[signal.SIGPIPE],
        )
    except OSError as error:
        raise _cannot_start(command[0], error.strerror or str(error)) from error
    started = table.started(pid)
    return ProcessRecord(pid, ENDED_AT_ONCE if started is None else started, table.boot_id())


def _cannot_start(program: str, why: str) -> StackError:
    return StackError(
        f"cannot start {program}",
        why=why,
        do="check that the file is there, is a program for this machine, and may be run",
    )


def is_alive(record: ProcessRecord, table: ProcessTable) -> bool:
    """True when the recorded process itself still runs."""
    if record.boot_id != table.boot_id():
        return False
    started = table.started(record.pid)
    return started is not None and abs(started - record.started) < SAME_START_SECONDS


def end(record: ProcessRecord, machine: Machine) -> None:
    """Ask the process to end, insist after a grace, and return when it is gone."""
    for number, patience in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
        if not is_alive(record, machine.table):
            return
        machine.table.signal(record.pid, number)
        _wait_until_gone(record, machine, patience)
    if is_alive(record, machine.table):
        raise _survivor(record.pid)


def _wait_until_gone(record: ProcessRecord, machine: Machine, patience: float) -> None:
    deadline = machine.clock.monotonic() + patience
    while is_alive(record, machine.table) and machine.clock.monotonic() < deadline:
        machine.clock.sleep(POLL_SECONDS)


def end_tagged(tag: str, machine: Machine) -> None:
    """End every process that carries the tag, at once, and return when none is left."""
    deadline = machine.clock.monotonic() + GRACE_SECONDS
    while left := machine.table.tagged(tag):
        if machine.clock.monotonic() >= deadline:
            raise _survivor(left[0])
        for pid in left:
            machine.table.signal(pid, signal.SIGKILL)
        machine.clock.sleep(POLL_SECONDS)


def _survivor(pid: int) -> StackError:
    return StackError(
        f"process {pid} does not end",
        why="it was told to twice and waited for",
        do=f"end it by hand (kill -9 {pid}), then run `vaultaws down` again",
    )


def python_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for a Python child that must find the very vaultaws that runs now."""
    package_root = str(Path(__file__).parents[2])
    rest = [part for part in environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return {**environ, "PYTHONPATH": os.pathsep.join([package_root, *rest])}


def python_module(module: str) -> list[str]:
    """The command that runs a module with this Python, whatever the current directory holds."""
    return [sys.executable, "-P", "-m", module]
