"""A file lock that says what it waits for. The kernel frees it when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from vaultaws.errors import StackError
from vaultaws.local.directories import disk_error
from vaultaws.local.progress import Progress

PATIENCE_SECONDS = 1800.0
STEP_SECONDS = 1.0


@contextmanager
def held(
    path: Path, what: str, progress: Progress, *, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Hold the lock at `path`, telling `progress` each second of waiting.

    Raises StackError when it is not free after `patience_seconds`.
    """
    lock = FileLock(path, mode=0o600)
    _acquire(lock, what, progress, patience_seconds)
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, what: str, progress: Progress, patience: float) -> None:
    waited = 0.0
    while True:
        step = min(STEP_SECONDS, patience - waited)
        try:
            lock.acquire(timeout=step)
        except Timeout:
            waited += step
            if waited >= patience:
                raise _taken(lock.lock_file, patience) from None
            progress(what, waited)
        except OSError as error:
            raise disk_error(Path(lock.lock_file), error) from error
        else:
            return


def _taken(path: str, patience: float) -> StackError:
    return StackError(
        f"another vaultaws holds {path}",
        why=f"it was not free after {patience:.0f} s",
        do="let it finish, or end it, and run again",
    )
