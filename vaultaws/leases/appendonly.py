"""Files that only grow, line by line: what a crash tore off is cut, what fails is undone."""

from __future__ import annotations

import contextlib
import os


def cut_torn_tail(descriptor: int) -> int:
    """Cut what follows the last newline; return the size left."""
    size = os.fstat(descriptor).st_size
    end = size
    while end > 0:
        start = max(0, end - 4096)
        newline = read_at(descriptor, start, end - start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end != size:
        os.ftruncate(descriptor, end)
    return end


def read_at(descriptor: int, at: int, count: int) -> bytes:
    """Read up to `count` bytes from `at` on."""
    os.lseek(descriptor, at, os.SEEK_SET)
    return os.read(descriptor, count)


def write_or_undo(descriptor: int, at: int, data: bytes, *, sync: bool = True) -> None:
    """Write and sync `data` at `at`; on any failure leave the file as it was."""
    try:
        os.lseek(descriptor, at, os.SEEK_SET)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if sync:
            os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, at)
        raise
