"""A file of what CloudTrail's event history answered to one question: lines, each true by itself.

A line has all events of a span of time. So two runs may add lines at once, the same line may come
twice, and one that is torn or lost is asked for again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vaultaws import wholefile
from vaultaws.cache.places import Directory

Record = dict[str, Any]

FORM: Final = "1"
"""Raise it when `records.to_event` reads more of a record than before."""
ENDING: Final = ".answers"
UNSETTLED: Final = ".unsettled"
"""The ending of a file for one end of a window, which is of no use some hours later."""
MOST_BYTES: Final = 64 << 20
"""Some 250,000 events; a file that has grown larger is begun anew."""
_KEPT_SECONDS: Final = {ENDING: 30 * 86_400, UNSETTLED: 4 * 3_600}
_DAY_SECONDS: Final = 86_400
_LINE: Final = re.compile(rb"([0-9a-f]{16}) ((\d{1,11}) (\d{1,11}) ([0-9A-Za-z+/]+={0,2}))")


@dataclass(frozen=True)
class Answer:
    """All events from `first` to `last`, both included, in whole seconds since 1970."""

    first: int
    last: int
    records: Sequence[Record]


class AnswerFile:
    """The answers to one question; its name is a hash of `question`. What cannot be read is as if
    it were not there, and what cannot be kept is not kept."""

    def __init__(self, directory: Path, question: Sequence[str], ending: str = ENDING) -> None:
        self._directory = directory
        told = json.dumps([FORM, *question]).encode()
        self._name = f"{hashlib.sha256(told).hexdigest()[:32]}{ending}"

    def read(self, first: int, last: int, *, horizon: int, now: int) -> list[Answer]:
        """The answers that have to do with a span of time, in seconds since 1970.

        The file counts as used `now`. What is older than the history's `horizon` is cleared away.
        """
        lines = list(self._lines(now))
        if any(end < horizon - _DAY_SECONDS for _, _, end, _ in lines):
            lines = [line for line in lines if line[2] >= horizon]
            self._replace([line[0] for line in lines])
        near = [line for line in lines if line[1] <= last and line[2] >= first]
        return [found for line in near if (found := _unpacked(*line[1:])) is not None]

    def add(self, first: int, last: int, records: Iterable[Record]) -> None:
        """Keep that these are all events of a span of time."""
        with suppress(OSError, ValueError, RecursionError):
            packed = zlib.compress(json.dumps(list(records)).encode())
            body = b"%d %d %s" % (first, last, base64.b64encode(packed))
            with Directory(str(self._directory)) as place:
                file = place.open(self._name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                try:
                    os.write(file, b"\n%s %s\n" % (self._mark(body), body))
                finally:
                    os.close(file)

    def forget(self) -> None:
        """Remove the file."""
        with suppress(OSError), Directory(str(self._directory)) as place:
            place.remove(self._name)

    def _lines(self, now: int) -> Iterable[tuple[bytes, int, int, bytes]]:
        """The whole lines of the file: each as it stands there, its span, and what it has."""
        for line in self._content(now).splitlines():
            found = _LINE.fullmatch(line)
            if found and found[1] == self._mark(found[2]):
                yield line, int(found[3]), int(found[4]), found[5]

    def _content(self, now: int) -> bytes:
        with suppress(OSError), Directory(str(self._directory)) as place:
            descriptor = place.open(self._name, os.O_RDONLY)
            with os.fdopen(descriptor, "rb") as file:
                if os.fstat(file.fileno()).st_size <= MOST_BYTES:
                    os.utime(self._directory / self._name, (now, now))
                    return file.read()
            place.remove(self._name)
        return b""

    def _replace(self, lines: Iterable[bytes]) -> None:
        with suppress(OSError):
            wholefile.replace(self._directory / self._name, b"".join(b"%s\n" % x for x in lines))

    def _mark(self, body: bytes) -> bytes:
        """Tells a whole line of this very file from a torn one and from another question's."""
        return hashlib.sha256(self._name.encode() + body).hexdigest()[:16].encode()


def _unpacked(first: int, last: int, packed: bytes) -> Answer | None:
    try:
        records = json.loads(zlib.decompress(base64.b64decode(packed)))
    except (ValueError, RecursionError, zlib.error):
        return None
    return Answer(first, last, records)


def sweep(directory: Path, now: int) -> None:
    """Remove what was not used for 30 days before `now`, in seconds since 1970, and after hours
    what was kept for one end of a window."""
    with suppress(OSError):
        for path in directory.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < now - _KEPT_SECONDS.get(path.suffix, 0):
                    path.unlink()
