"""A directory and files that are ours alone, opened so that nobody can put others in their place.

Light: a hit imports it. Where anything is not as it should be, `OSError` says why.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

POSIX = sys.platform != "win32"
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW |= getattr(os, "O_BINARY", 0)


def cache_directory(environ: Mapping[str, str]) -> str:
    """Return XDG_STATE_HOME/vaultaws/cache, empty where there is no home.

    Beside the journal: what is kept belongs with what was issued, and a cache that is swept away
    would let many processes ask at once.
    """
    state = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            home = os.path.expanduser("~")
        if not os.path.isabs(home):
            return ""
        state = os.path.join(home, ".local", "state")
    return os.path.join(state, "vaultaws", "cache")


class Directory:
    """An opened directory of ours, made where it is missing and tightened to 0700.

    Raises OSError when it is a link, no directory, or another user's (`me` is for tests). On POSIX
    all is done by its descriptor, so that nobody can put another one in its place meanwhile; on
    Windows a person's own directories are closed to others by the system (`posix` is for tests).
    """

    def __init__(self, path: str, me: int | None = None, *, posix: bool = POSIX) -> None:
        self._path = path
        self._posix = posix
        self._found: int | None = None
        os.makedirs(path, mode=0o700, exist_ok=True)
        if posix:
            self._found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _NOFOLLOW)
            try:
                self._check(os.geteuid() if me is None else me)
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._found is not None:
            os.close(self._found)
            self._found = None

    def open(self, name: str, flags: int) -> int:
        """Open a file of it, 0600 when it is made.

        Raises OSError for a link, for what is no plain file, or one that others can reach.
        """
        found = os.open(self._at(name), flags | _NOFOLLOW, 0o600, dir_fd=self._found)
        try:
            self._check_file(name, os.fstat(found))
        except BaseException:
            os.close(found)
            raise
        return found

    def names(self, suffix: str) -> list[str]:
        """Return the names with this end, without it."""
        names = os.listdir(self._path if self._found is None else self._found)
        return sorted(name[: -len(suffix)] for name in names if name.endswith(suffix))

    def changed(self, name: str) -> float:
        """Return when the file was last changed, in seconds since 1970."""
        return os.stat(self._at(name), dir_fd=self._found, follow_symlinks=False).st_mtime

    def replace(self, fresh: str, name: str) -> None:
        """Put one file in the place of another, in one step."""
        here, there = self._at(fresh), self._at(name)
        os.replace(here, there, src_dir_fd=self._found, dst_dir_fd=self._found)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        try:
            os.unlink(self._at(name), dir_fd=self._found)
        except FileNotFoundError:
            return

    def _at(self, name: str) -> str:
        return name if self._posix else os.path.join(self._path, name)

    def _check(self, me: int) -> None:
        if self._found is None:
            return
        seen = os.fstat(self._found)
        _demand(self._path, "it belongs to another user", seen.st_uid == me)
        if stat.S_IMODE(seen.st_mode) & 0o077:
            os.fchmod(self._found, 0o700)

    def _check_file(self, name: str, seen: os.stat_result) -> None:
        _demand(name, "it is not a plain file", stat.S_ISREG(seen.st_mode))
        if self._posix:
            _demand(name, "it belongs to another user", seen.st_uid == os.geteuid())
            _demand(name, "it has a second name", seen.st_nlink < 2)
            _demand(name, "other users may open it", not stat.S_IMODE(seen.st_mode) & 0o077)


def _demand(path: str, why: str, sound: bool) -> None:
    if not sound:
        raise OSError(errno.EPERM, why, path)
