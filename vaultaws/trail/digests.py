"""What an audit device writes for values: asked of the server, and kept between runs.

The server tells one digest a request (`sys/audit-hash`), and a device writes the same one for a
value for as long as it is not made anew. So each run asks for the digest of one text; the answer
names the file in which the digests of that very device are.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from vaultaws.cache.places import Directory

Digests = Callable[[Sequence[str]], Mapping[str, str]]
"""Tells the digests of values. Raises VaultError."""

PROBE: Final = "vaultaws"
MOST_BYTES: Final = 32 << 20
"""Some 200,000 digests; a file that has grown larger is begun anew."""
AT_ONCE: Final = 256
"""So many are asked for before they are kept: a run that is killed loses no more."""
_ENDING: Final = ".digests"
_WORKERS: Final = 8
_KEPT_SECONDS: Final = 30 * 86_400.0
_LINE: Final = re.compile(rb"([0-9a-f]{64}) (hmac-sha256:[0-9a-f]{64})")


def each(ask: Callable[[str], str]) -> Digests:
    """Ask for values side by side, one a request."""

    def told(values: Sequence[str]) -> Mapping[str, str]:
        if not values:
            return {}
        with ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="digest") as pool:
            return dict(zip(values, pool.map(ask, values), strict=True))

    return told


class Kept:
    """Digests that are asked for once. `directory` may be lost at any time.

    A value stands in the file as a hash of its own, so that nobody finds key ids there. What cannot
    be read or kept is asked for again.
    """

    def __init__(self, ask: Digests, directory: Path) -> None:
        self._ask = ask
        self._directory = directory
        self._known: dict[bytes, str] | None = None
        self._file = directory

    def __call__(self, values: Sequence[str]) -> Mapping[str, str]:
        if not values:
            return {}
        if self._known is None:
            self._known = self._opened(self._ask([PROBE])[PROBE])
        known = self._known
        marks = {value: _mark(value) for value in values}
        wanted = [value for value, mark in marks.items() if mark not in known]
        for begun in range(0, len(wanted), AT_ONCE):
            told = self._ask(wanted[begun : begun + AT_ONCE])
            new = {marks[value]: digest for value, digest in told.items()}
            known |= new
            self._keep(new)
        return {value: known[mark] for value, mark in marks.items()}

    def _opened(self, probe: str) -> dict[bytes, str]:
        """What the device's file has."""
        name = hashlib.sha256(probe.encode()).hexdigest()[:16]
        self._file = self._directory / f"{name}{_ENDING}"
        with suppress(OSError):
            Directory(str(self._directory)).close()
            _sweep(self._directory)
            if self._file.stat().st_size > MOST_BYTES:
                self._file.unlink()
            os.utime(self._file)
            return dict(_read(self._file.read_bytes()))
        return {}

    def _keep(self, new: Mapping[bytes, str]) -> None:
        """Add lines. A line that is not written whole is no line when it is read."""
        lines = b"".join(b"%s %s\n" % (mark, digest.encode()) for mark, digest in new.items())
        if not lines:
            return
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            file = os.open(self._file, flags, 0o600)
            try:
                os.write(file, b"\n" + lines)
            finally:
                os.close(file)


def _mark(value: str) -> bytes:
    return hashlib.sha256(value.encode()).hexdigest().encode()


def _read(data: bytes) -> Iterable[tuple[bytes, str]]:
    for line in data.splitlines():
        found = _LINE.fullmatch(line)
        if found:
            yield found[1], found[2].decode()


def _sweep(directory: Path) -> None:
    """Remove the files of devices that were not asked for 30 days."""
    for path in directory.glob(f"*{_ENDING}"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _KEPT_SECONDS:
                path.unlink()
