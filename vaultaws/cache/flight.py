"""One process asks, the others wait for what it gets: a lock for each name, in a file.

The system frees the lock however its holder ends. A lock held by this process is held for good
until it leaves: the light way takes it, and the long way, in the same process, finds it taken.

Light: a hit imports it.
"""

from __future__ import annotations

import os
import sys
import time

from vaultaws.cache.places import POSIX, Directory

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Found = TypeVar("Found")

SUFFIX = ".lock"
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, SLOWING = 0.02, 0.2, 1.3
"""Many who look often would take the processor from the one who asks."""
OLD_SECONDS = 3 * 86_400  # no set lives longer than 36 hours


class Flight:
    """The locks of one directory. One for each process: what it holds, this process holds."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._held: dict[str, int] = {}

    def enter(self, key: str) -> bool:
        """Take the lock if it is free or ours. Raises OSError where there can be no lock."""
        if key in self._held:
            return True
        with Directory(self._directory) as directory:
            while True:
                file = directory.open(key + SUFFIX, os.O_RDWR | os.O_CREAT)
                if not _lock(file):
                    os.close(file)
                    return False
                if os.fstat(file).st_nlink:
                    break
                os.close(file)  # swept away between opening and locking
        os.utime(file if POSIX else os.path.join(self._directory, key + SUFFIX))
        self._held[key] = file
        return True

    def leave(self, key: str) -> None:
        """Give the lock back, if it is ours."""
        file = self._held.pop(key, None)
        if file is not None:
            os.close(file)

    def keys(self) -> list[str]:
        """Return the names that were asked for in the last days."""
        with Directory(self._directory) as directory:
            return directory.names(SUFFIX)

    def sweep(self, now: float) -> None:
        """Remove the files of locks that nobody has taken for days. Raises OSError."""
        with Directory(self._directory) as directory:
            for name in directory.names(SUFFIX):
                if now - directory.changed(name + SUFFIX) > OLD_SECONDS:
                    _remove(name + SUFFIX, directory)


def _remove(name: str, directory: Directory) -> None:
    """Whoever has opened it meanwhile sees, once it has the lock, that the file is gone."""
    file = directory.open(name, os.O_RDWR)
    try:
        if _lock(file):
            directory.remove(name)
    finally:
        os.close(file)


def found_or_turn(
    look: Callable[[], Found | None],
    flight: Flight,
    key: str,
    patience_seconds: float,
    pause: Callable[[float], None] = time.sleep,
) -> tuple[Found | None, bool]:
    """Wait until the set is there, or until it is this process's turn to get it.

    Returns what was found and whether the lock is ours; neither when patience ran out.
    Raises OSError where there can be no lock.
    """
    ends = time.monotonic() + patience_seconds
    seconds = FIRST_PAUSE_SECONDS
    while True:
        found = look()
        if found is not None:
            return found, False
        if flight.enter(key):
            found = look()  # it may have come between the look and the lock
            if found is not None:
                flight.leave(key)
            return found, found is None
        if time.monotonic() >= ends:
            return None, False
        pause(seconds)
        seconds = min(seconds * SLOWING, LONGEST_PAUSE_SECONDS)


def _lock(file: int) -> bool:
    """Lock the file, or say that somebody else has it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:  # Windows says so of a lock that somebody has
        if sys.platform == "win32":
            return False
        raise
    return True
