"""Files that people name: read whole, never waited for, and every trap has a sentence."""

from __future__ import annotations

import codecs
import os
import stat
from dataclasses import dataclass
from pathlib import Path

BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


@dataclass(frozen=True)
class Unreadable:
    """Why a file cannot be used as text, and the remedy. Line and column are 0 where it is none."""

    what: str
    do: str
    line: int = 0
    column: int = 0
    missing: bool = False


def read(path: Path, most_bytes: int) -> bytes | Unreadable:
    """Read a regular file. A FIFO, a device or a directory is refused without opening it."""
    try:
        raw = _read(path, most_bytes + 1)
    except FileNotFoundError:
        return Unreadable("there is no such file", "write the file, or mend the path", missing=True)
    except OSError as error:
        return Unreadable(_reason(error), "check the path, and who may read there")
    if isinstance(raw, bytes) and len(raw) > most_bytes:
        return Unreadable(f"it is larger than {most_bytes:,} bytes", "name a smaller file")
    return raw


def _read(path: Path, most_bytes: int) -> bytes | Unreadable:
    if unfit := _unfit(path.stat().st_mode):
        return unfit
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        return _unfit(os.fstat(descriptor).st_mode) or file.read(most_bytes)


def text(raw: bytes) -> str | Unreadable:
    """Decode UTF-8; a byte order mark of it stays in the text as U+FEFF."""
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            return Unreadable(f"it is {encoding}, not UTF-8", "save it as UTF-8", 1, 1)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8")) + 1
        what = f"byte {error.start:,} (0x{raw[error.start]:02x}) is not UTF-8"
        return Unreadable(what, "save it as UTF-8", line, column)


def _unfit(mode: int) -> Unreadable | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return Unreadable("it is a directory", "name a file in it")
    return Unreadable("it is not a regular file", "name a plain file, no pipe or device")


def _reason(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else "it cannot be read").lower()
