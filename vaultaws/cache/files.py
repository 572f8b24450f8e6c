"""Sets as files, 0600, in a directory of ours: in clear, so only where a setting allows it.

Light: a hit imports it.
"""

from __future__ import annotations

import errno
import os

from vaultaws.cache.places import Directory
from vaultaws.cache.record import LONGEST_BYTES

SUFFIX = ".set"


class Files:
    """A directory as a place for sets. Raises OSError where the system refuses."""

    name = "file"

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def read(self, key: str) -> bytes | None:
        """Return what is kept under the name; a file that others can reach is not trusted."""
        with Directory(self._directory) as directory:
            try:
                file = directory.open(key + SUFFIX, os.O_RDONLY)
            except FileNotFoundError:
                return None
        try:
            return os.read(file, LONGEST_BYTES)
        finally:
            os.close(file)

    def write(self, key: str, data: bytes, seconds: float) -> None:
        """Keep bytes; the record itself says for how long. All of them, or the file stays as is."""
        fresh = f"{key}.{os.getpid()}.new"
        with Directory(self._directory) as directory:
            try:
                directory.remove(fresh)
                _fill(directory.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL), data)
                directory.replace(fresh, key + SUFFIX)
            except BaseException:
                directory.remove(fresh)
                raise

    def delete(self, key: str) -> None:
        """Drop what is kept under the name, if anything."""
        with Directory(self._directory) as directory:
            directory.remove(key + SUFFIX)

    def keys(self) -> list[str]:
        """Return the names under which something is kept."""
        with Directory(self._directory) as directory:
            return directory.names(SUFFIX)


def _fill(file: int, data: bytes) -> None:
    try:
        if os.write(file, data) != len(data):
            raise OSError(errno.ENOSPC, "there is no room for all of it")
    finally:
        os.close(file)
