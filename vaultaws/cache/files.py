"""Sets as files, 0600, in a directory of ours: in clear, so only where a setting allows it.

Light: a hit imports it.
"""

from __future__ import annotations

import errno
import os

from vaultaws.cache import places
from vaultaws.cache.record import LONGEST_BYTES

SUFFIX = ".set"


class Files:
    """A directory as a place for sets. Raises OSError where the system refuses."""

    name = "file"

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def read(self, key: str) -> bytes | None:
        """Return what is kept under the name; a file that others can reach is not trusted."""
        directory = places.open_directory(self._directory)
        try:
            file = places.open_file(key + SUFFIX, os.O_RDONLY, directory)
        except FileNotFoundError:
            return None
        finally:
            os.close(directory)
        try:
            return os.read(file, LONGEST_BYTES)
        finally:
            os.close(file)

    def write(self, key: str, data: bytes, seconds: float) -> None:
        """Keep bytes; the record itself says for how long. All of them, or the file stays as is."""
        directory = places.open_directory(self._directory)
        fresh = f"{key}.{os.getpid()}.new"
        try:
            self._remove(fresh, directory)
            file = places.open_file(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, directory)
            try:
                if os.write(file, data) != len(data):
                    raise OSError(errno.ENOSPC, "no room for all of it", fresh)
            finally:
                os.close(file)
            os.replace(fresh, key + SUFFIX, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            self._remove(fresh, directory)
            raise
        finally:
            os.close(directory)

    def delete(self, key: str) -> None:
        """Drop what is kept under the name, if anything."""
        directory = places.open_directory(self._directory)
        try:
            self._remove(key + SUFFIX, directory)
        finally:
            os.close(directory)

    def keys(self) -> list[str]:
        """Return the names under which something is kept."""
        directory = places.open_directory(self._directory)
        try:
            names = os.listdir(directory)
        finally:
            os.close(directory)
        return sorted(name[: -len(SUFFIX)] for name in names if name.endswith(SUFFIX))

    def _remove(self, name: str, directory: int) -> None:
        try:
            os.unlink(name, dir_fd=directory)
        except FileNotFoundError:
            return
