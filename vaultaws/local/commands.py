"""Run a long command: progress while it works, its last words kept, nothing left when it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vaultaws.clock import Clock
from vaultaws.local.progress import Progress

TICK_SECONDS = 1.0


def run_watched(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    log: Path,
    what: str,
    progress: Progress,
    clock: Clock,
    cwd: Path | None = None,
) -> int:
    """Run `command` with its output in `log`, calling `progress` each second; return its status.

    The command leads a process group of its own. Whatever ends this call early, an exception
    or the death of this process, ends the group.
    """
    started = clock.monotonic()
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*_dies_with_parent(), *command],
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return _wait(process, lambda: progress(what, clock.monotonic() - started))
        finally:
            _end_group(process)


def _wait(process: subprocess.Popen[bytes], tick: Callable[[], None]) -> int:
    while True:
        try:
            return process.wait(timeout=TICK_SECONDS)
        except subprocess.TimeoutExpired:
            tick()


def _dies_with_parent() -> tuple[str, ...]:
    """On Linux, util-linux's setpriv has the kernel end the command when this process is killed."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_lines(log: Path, count: int = 1) -> list[str]:
    """The last non-empty lines of a log, oldest first; none when it cannot be read."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()][-count:]
