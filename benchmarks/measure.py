"""Run a command to its end: wall time, or the most memory that it and its children held at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.01
COMMAND_SECONDS = 900.0
MIB = 1024 * 1024
KIB = 1 if sys.platform == "darwin" else 1024
"""What `ru_maxrss` counts in: bytes on macOS, KiB on Linux."""


class CommandFailedError(Exception):
    """A measured command ended otherwise than it must."""


@dataclass(frozen=True)
class Run:
    """One run. `peak_bytes` is 0 where memory was not looked at."""

    code: int
    seconds: float
    peak_bytes: int = 0


def run(
    command: Sequence[str],
    *,
    directory: Path,
    environ: Mapping[str, str],
    log: Path,
    results: Path | None = None,
    memory: bool = False,
    limit_seconds: float = COMMAND_SECONDS,
) -> Run:
    """Run `command`, its output in `log`, or its standard output in `results` where that is given.
    Whatever ends this call early ends the command too.

    With `memory`, the resident memory of the whole tree is summed every 10 ms; that costs time, so
    the seconds of such a run are not to be compared. Raises CommandFailedError after the limit.
    """
    with log.open("wb") as sink, (results or Path(os.devnull)).open("wb") as kept:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=kept if results else sink,
            stderr=sink,
            start_new_session=True,
        )
        late = threading.Timer(limit_seconds, _end_group, [process.pid])
        late.start()
        try:
            peak = _watch(process.pid) if memory else 0
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            late.cancel()
            if process.returncode is None:
                _end_group(process.pid)
                process.wait()
    if seconds >= limit_seconds:
        raise CommandFailedError(f"{command[0]} did not end within {limit_seconds:.0f} s")
    largest = used.ru_maxrss * KIB if memory else 0
    return Run(process.returncode, seconds, max(peak, largest))


def _watch(pid: int) -> int:
    """Sum the tree's resident memory again and again until its first process has ended."""
    peak = 0
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        while first.status() != psutil.STATUS_ZOMBIE:
            peak = max(peak, sum(map(_resident, [first, *first.children(recursive=True)])))
            time.sleep(SAMPLE_SECONDS)
    return peak


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _end_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-lines:])
