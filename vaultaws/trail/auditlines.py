"""The lines of an audit log's files, plain or packed, however they are broken."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from vaultaws.errors import UsageError
from vaultaws.model import plain_namespace

LONGEST_LINE_BYTES: Final = 4 << 20
_TORN: Final = b"?\n"


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield lines, and `_TORN` for what is none: a file's broken end, a line without an end.

    Raises UsageError for a file that cannot be opened.
    """
    try:
        with _opened(path) as file:
            yield from bounded_lines(file)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield _TORN
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> UsageError:
    """The refusal of a file that cannot be read."""
    return UsageError(
        f"the audit log {path} cannot be read",
        why=error.strerror or type(error).__name__,
        do="check the path and that you may read it",
    )


def _opened(path: Path) -> BinaryIO:
    file = path.open("rb")
    if file.read(2) == b"\x1f\x8b":
        file.close()
        return gzip.open(path, "rb")  # type: ignore[return-value]  # GzipFile reads as BinaryIO does
    file.seek(0)
    return file


def bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines, and `_TORN` for one that is too long to be an entry, without its newline where
    the line has none yet."""
    while line := file.readline(LONGEST_LINE_BYTES):
        is_long = len(line) == LONGEST_LINE_BYTES and not line.endswith(b"\n")
        if not is_long:
            yield line
            continue
        while (rest := file.readline(LONGEST_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass
        yield _TORN if rest else _TORN.strip()


def namespace_of(request: dict[str, Any]) -> str:
    """Return a request's namespace, empty for the root one (its id is root, its path empty) and
    for a server that has none. A request's path is within it."""
    told = request.get("namespace")
    return plain_namespace(str(told.get("path") or "")) if isinstance(told, dict) else ""
