"""The file in which the lines of Vault's socket audit device are kept.

It is written at its end alone, each time to the disk, by one program at a time. A file that was
turned over (renamed, as logrotate does) is left at the next line, and begun anew under its name. It
never ends within a line for long: what a killed run, or a connection, left half is ended, and so is
one unreadable line, which leaves a gap in what is known.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vaultaws.errors import UsageError
from vaultaws.leases.locking import lock_at


@dataclass(frozen=True)
class Heard:
    """What came so far. `torn` are lines without an end or beyond all length, `lost` those that
    could not be kept to the end; `fault` is why nothing can be written now."""

    lines: int = 0
    connections: int = 0
    refused: int = 0
    torn: int = 0
    lost: int = 0
    fault: str = ""


class HeardLog:
    """One file. Not for several threads at once."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError when another program keeps it, or when it cannot be written."""
        self.path = path
        self._left = b""
        self._lock = lock_at(path.with_name(f".{path.name}.lock"))
        try:
            self._lock.acquire(0)
        except TimeoutError as error:
            raise UsageError(
                f"another watch keeps what it hears in {path}",
                why="two would mix their lines",
                do="stop it, or name another file with --audit-log",
            ) from error
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            self._descriptor = self._opened()
        except OSError as error:
            self._lock.release()
            raise unwritable(path, error) from error

    @property
    def is_new(self) -> bool:
        """True while nothing stands in it."""
        return os.fstat(self._descriptor).st_size == 0

    @property
    def waiting(self) -> int:
        """How many lines were taken and are not on the disk."""
        return self._left.count(b"\n")

    def append(self, lines: bytes) -> None:
        """Write whole lines to the disk. Raises OSError: then what is left waits for the next
        call, which may bring nothing new."""
        if not self._left and self._is_turned_over():
            fresh = self._opened()
            os.close(self._descriptor)
            self._descriptor = fresh
        self._left += lines
        while self._left:
            done = os.write(self._descriptor, self._left)
            self._left = self._left[done:]
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)
        self._lock.release()

    def _opened(self) -> int:
        """Open the file, made 0600 when missing, and end a line that a killed run left half."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self.path, flags, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                os.write(descriptor, b"\n")
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _is_turned_over(self) -> bool:
        try:
            return not os.path.samestat(self.path.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return True


def unwritable(path: Path, error: OSError) -> UsageError:
    """The refusal of a file that cannot be written."""
    return UsageError(
        f"what is heard cannot be kept in {path}",
        why=error.strerror or type(error).__name__,
        do="name a file of yours with --audit-log",
    )
