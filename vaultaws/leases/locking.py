"""A lock between processes, on a file. The system frees it when its holder ends, however it ends.

On POSIX this is flock(2) itself: the package filelock, which does the same there and more, takes
longer to import than Vault takes to answer. On other systems it is filelock.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.02


class FileLock:
    """An exclusive lock, for one holder at a time. Not for several threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, seconds: float) -> None:
        """Take it within so many seconds. Raises TimeoutError when another holds it longer, and
        OSError when the file cannot be used."""
        import fcntl

        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o600)
        over = time.monotonic() + seconds
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    left = over - time.monotonic()
                    if left <= 0:
                        raise TimeoutError from None
                    time.sleep(min(POLL_SECONDS, left))
                else:
                    break
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; the file stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class PackagedLock(FileLock):
    """The same by the package filelock."""

    def __init__(self, path: Path) -> None:
        import filelock

        super().__init__(path)
        self._lock = filelock.FileLock(path, mode=0o600, thread_local=False)

    def acquire(self, seconds: float) -> None:
        import filelock

        try:
            self._lock.acquire(timeout=seconds)
        except filelock.Timeout as error:
            raise TimeoutError from error

    def release(self) -> None:
        self._lock.release(force=True)


def lock_at(path: Path) -> FileLock:
    """The lock on `path`, not yet taken."""
    return FileLock(path) if os.name == "posix" else PackagedLock(path)
