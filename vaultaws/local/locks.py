"""A file lock that says what it waits for. The kernel frees it when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import StackError
from vaultaws.local.directories import disk_error
from vaultaws.local.progress import Progress

PATIENCE_SECONDS = 1800.0


@contextmanager
def held(
    path: Path,
    what: str,
    progress: Progress,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    clock: Clock | None = None,
) -> Iterator[None]:
    """Hold the lock at `path`, telling `progress` each second of waiting.

    Raises StackError when it is not free after `patience_seconds`.
    """
    lock = FileLock(path)
    _acquire(lock, path, what, progress, patience_seconds, clock or SystemClock())
    try:
        yield
    finally:
        lock.release()


def _acquire(
    lock: FileLock, path: Path, what: str, progress: Progress, patience: float, clock: Clock
) -> None:
    started = clock.monotonic()
    while True:
        waited = clock.monotonic() - started
        try:
            lock.acquire(timeout=max(0.0, min(1.0, patience - waited)))
        except Timeout:
            if clock.monotonic() - started >= patience:
                raise _taken(path, patience) from None
            progress(what, clock.monotonic() - started)
        except OSError as error:
            raise disk_error(path, error) from error
        else:
            return


def _taken(path: Path, patience: float) -> StackError:
    return StackError(
        f"Another vaultaws holds {path}",
        why=f"It was not free after {patience:.0f} s.",
        do="Let it finish, or end it, and run again.",
    )
