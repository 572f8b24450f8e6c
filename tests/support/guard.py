"""Ends what a test run started when the run was killed: `python -m tests.support.guard BASE`.

BASE is the run's own directory for temporary files: every server and command of the tests has its
home, or its files, below it. The guard lives in a session of its own, where the signals of the
run's group do not reach it, and hears of the run's end by the end of its standard input.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support.unmeasured import unmeasured
from vaultaws.local.processes import TAG_VARIABLE, python_environment

ROOT = Path(__file__).parents[2]
POLL_SECONDS = 0.1
QUIET_SWEEPS = 3
PATIENCE_SECONDS = 20.0


@contextmanager
def guarded(base: Path) -> Iterator[None]:
    """While the block runs, a guard waits for our death; after it, the guard sweeps and goes."""
    guard = subprocess.Popen(
        [sys.executable, "-m", "tests.support.guard", str(base)],
        cwd=ROOT,
        env=python_environment(unmeasured()),
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate()


def belongs(base: Path, environ: Mapping[str, str], arguments: Sequence[str]) -> bool:
    """True for a command at home below `base`, and for a server of the stack with files there."""
    here = f"{base}/"
    if environ.get("HOME", "").startswith(here):
        return True
    return TAG_VARIABLE in environ and any(here in argument for argument in arguments)


def sweep(base: Path) -> None:
    """Kill what belongs to `base` until nothing has for some time, or patience has run out."""
    deadline, quiet = time.monotonic() + PATIENCE_SECONDS, 0
    while quiet < QUIET_SWEEPS and time.monotonic() < deadline:
        found = [process for process in psutil.process_iter() if _is_left(base, process)]
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        quiet = 0 if found else quiet + 1
        time.sleep(POLL_SECONDS)


def _is_left(base: Path, process: psutil.Process) -> bool:
    try:
        return belongs(base, process.environ(), process.cmdline())
    except (psutil.Error, OSError):
        return False


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    sweep(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
