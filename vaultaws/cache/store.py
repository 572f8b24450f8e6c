"""Which place keeps the sets: the best that this machine has, or the one that a setting names.

Light: a hit imports it, and of the places only those that it tries.
"""

from __future__ import annotations

import sys

from vaultaws.cache.places import POSIX, cache_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    class Store(Protocol):
        """A place for sets, by name. Every method raises OSError where the system refuses."""

        @property
        def name(self) -> str: ...
        def read(self, key: str) -> bytes | None: ...
        def write(self, key: str, data: bytes, seconds: float) -> None: ...
        def delete(self, key: str) -> None: ...
        def keys(self) -> list[str]: ...


SETTING = "VAULTAWS_CACHE"
OFF = "off"
ORDER = ("kernel", "keyring")
"""Tried in this order where nothing is set. A file keeps secrets in clear: only where it is set."""
CHOICES = (*ORDER, "file", OFF)
LABELS = {
    "kernel": "the kernel's keyring",
    "keyring": "the system's keyring",
    "file": "files in clear",
    OFF: "no cache",
}


class Choice:
    """The place that is used, None for none, and why each better one is not (name, reason)."""

    __slots__ = ("missing", "store")

    def __init__(self, store: Store | None, missing: tuple[tuple[str, str], ...] = ()) -> None:
        self.store = store
        self.missing = missing


def choose(environ: Mapping[str, str], listed: Callable[[], list[str]]) -> Choice | None:
    """Open the first place that this machine gives; None when the setting is no choice.

    `listed` gives the names asked for of late, for places that cannot list their own.
    """
    wanted = environ.get(SETTING, "")
    if wanted == OFF:
        return Choice(None, ((OFF, f"{SETTING} says so"),))
    if wanted and wanted not in CHOICES:
        return None
    missing: list[tuple[str, str]] = []
    for name in (wanted,) if wanted else ORDER:
        try:
            return Choice(_open(name, environ, listed), tuple(missing))
        except OSError as error:
            missing.append((name, error.strerror or type(error).__name__))
    return Choice(None, tuple(missing))


def _open(name: str, environ: Mapping[str, str], listed: Callable[[], list[str]]) -> Store:
    if name == "kernel":
        from vaultaws.cache.kernel import open_kernel_keys

        return open_kernel_keys()
    if name == "keyring":
        from vaultaws.cache.oskeyring import open_os_keyring

        return open_os_keyring(environ, sys.platform, listed)
    from vaultaws.cache.files import Files

    directory = cache_directory(environ)
    if not directory or not POSIX:
        raise OSError("there is no directory that only you can read")
    return Files(directory)
