"""An audit log read again and again: each time only what came since.

Files are told apart by device and inode, so one that was renamed by a rotation is known. One that
is shorter than it was, or begins otherwise (truncated in place, or its inode used again), is read
anew; issuances met twice count once. A last line without its newline is still being written: it
waits.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from vaultaws.trail import audit
from vaultaws.trail.audit import AuditLog

_HEAD_BYTES: Final = 512
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True)
class _Place:
    """How far a file was read, and how it begins (up to what was read then)."""

    offset: int
    head: bytes


class Follower:
    """The log at `path` with its rotated parts; `mounts` empty means every AWS mount.

    Of what the log tells, issuances count once; the rest may be told again after a rotation by
    copy.
    """

    def __init__(self, path: Path, mounts: Sequence[str] = ()) -> None:
        self._path = path
        self._mounts = frozenset(mounts)
        self._places: dict[tuple[int, int], _Place] = {}
        self._log = AuditLog()
        self._reading = audit.Reading(self._log, self._mounts)

    def read(self) -> AuditLog:
        """Read what is new; return all that is known. Raises UsageError for a file that cannot be
        opened; one that a rotation takes away meanwhile is left out."""
        places: dict[tuple[int, int], _Place] = {}
        for file in audit.rotated(self._path):
            try:
                with file.open("rb") as opened:
                    self._read(file, opened, places)
            except FileNotFoundError as error:
                if file == self._path and not places:
                    raise audit.unreadable(file, error) from error
            except OSError as error:
                raise audit.unreadable(file, error) from error
        self._places = places
        self._log.issuances.sort(key=lambda found: found.time)
        return self._log

    def _read(self, path: Path, file: BinaryIO, places: dict[tuple[int, int], _Place]) -> None:
        state = os.fstat(file.fileno())
        key, head = (state.st_dev, state.st_ino), file.read(_HEAD_BYTES)
        known = self._places.get(key)
        if known is None or state.st_size < known.offset or not head.startswith(known.head):
            known = _Place(0, b"")
        offset = known.offset
        if head.startswith(_GZIP):
            if offset != state.st_size:
                self._merge(audit.read([path], tuple(self._mounts)))
            offset = state.st_size
        elif offset < state.st_size:
            file.seek(offset)
            offset = self._lines(file, offset)
        places[key] = _Place(offset, head[:offset])

    def _lines(self, file: BinaryIO, offset: int) -> int:
        """Read whole lines; return how far."""
        for line in audit.bounded_lines(file):
            if not line.endswith(b"\n"):
                return offset
            offset = file.tell()
            if line.strip():
                self._reading.take(line)
        return offset

    def _merge(self, log: AuditLog) -> None:
        """What a packed file tells is mostly known already, from when it was not packed."""
        self._log.lines += log.lines
        self._log.unreadable += log.unreadable
        for found in log.issuances:
            self._reading.keep(found)
