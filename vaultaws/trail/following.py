"""An audit log read again and again: each time only what came since.

Each file is kept as what it tells, not as its lines, and forgotten when it is gone, so that memory
holds what a whole read would find and no more. Files are told apart by device and inode, so one
that was renamed by a rotation is known. One that is shorter than it was, or begins otherwise
(truncated in place, or its inode used again), is read anew. The log's last line without its newline
is still being written: it waits. In a part that was turned over it is torn, as far as anyone knows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from vaultaws.trail import audit
from vaultaws.trail.audit import AuditLog, Part
from vaultaws.trail.auditlines import bounded_lines, unreadable

_HEAD_BYTES: Final = 512
_GZIP: Final = b"\x1f\x8b"
_TURNS: Final = 5
"""How often a log is looked at again that is turned over meanwhile."""

_Key = tuple[int, int]


@dataclass
class _File:
    """How far a file was read, how it begins (up to what was read then), and what it tells.

    `packed` is the size and the time of a packed one, which is read whole; `is_half` when it ends
    within a line.
    """

    part: Part
    offset: int = 0
    head: bytes = b""
    packed: tuple[int, int] | None = None
    is_half: bool = False

    def goes_on(self, size: int, head: bytes, *, is_packed: bool) -> bool:
        """True for what may be the same file, grown. Systems give a dead file's number to another,
        so that a packed one that is gone may seem to be the log that was just begun."""
        is_alike = is_packed == (self.packed is not None) or not (self.packed or self.offset)
        return is_alike and size >= self.offset and head.startswith(self.head)


@dataclass
class Follower:
    """The log at `path` with its rotated parts, as `listed` lists them; `mounts` empty means every
    AWS mount."""

    path: Path
    mounts: Sequence[str] = ()
    listed: Callable[[Path], list[Path]] = audit.rotated
    _files: dict[_Key, _File] = field(default_factory=dict)

    def read(self) -> AuditLog:
        """Read what is new; return all that the files tell. Raises UsageError for a file that
        cannot be opened; one that a rotation takes away meanwhile is left out."""
        files = self._round()
        for _ in range(_TURNS):
            if self._there() <= files.keys():
                break
            files = self._round()
        return audit.joined([part for _, part in sorted(files.values(), key=lambda one: one[0])])

    def _round(self) -> dict[_Key, tuple[int, Part]]:
        """Read each file to its end; return its place in the order of the log, and what it
        tells."""
        kept: dict[_Key, _File] = {}
        told: dict[_Key, tuple[int, Part]] = {}
        for place, path in enumerate(self.listed(self.path)):
            try:
                with path.open("rb") as opened:
                    key, file = self._read(path, opened)
            except FileNotFoundError as error:
                if path == self.path and not kept:
                    raise unreadable(path, error) from error
            except OSError as error:
                raise unreadable(path, error) from error
            else:
                kept[key] = file
                is_torn = file.is_half and path != self.path
                told[key] = (place, file.part.with_torn_end() if is_torn else file.part)
        self._files = kept
        return told

    def _there(self) -> set[_Key]:
        """The files that are there now."""
        found = set()
        for path in self.listed(self.path):
            try:
                state = path.stat()
            except OSError:
                continue
            found.add((state.st_dev, state.st_ino))
        return found

    def _read(self, path: Path, opened: BinaryIO) -> tuple[_Key, _File]:
        state = os.fstat(opened.fileno())
        key, head = (state.st_dev, state.st_ino), opened.read(_HEAD_BYTES)
        file, is_packed = self._files.get(key), head.startswith(_GZIP)
        if file is None or not file.goes_on(state.st_size, head, is_packed=is_packed):
            file = _File(Part(frozenset(self.mounts)))
        if is_packed:
            return key, self._packed(path, file, (state.st_size, state.st_mtime_ns))
        opened.seek(file.offset)
        self._lines(opened, file)
        file.head = head[: file.offset]
        return key, file

    def _packed(self, path: Path, file: _File, now: tuple[int, int]) -> _File:
        if file.packed == now:
            return file
        return _File(audit.part_of(path, frozenset(self.mounts)), packed=now)

    def _lines(self, opened: BinaryIO, file: _File) -> None:
        """Read whole lines."""
        file.is_half = False
        for line in bounded_lines(opened):
            if not line.endswith(b"\n"):
                file.is_half = True
                return
            file.offset = opened.tell()
            file.part.take(line)
