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

POSIX = sys.platform != "win32"
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


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


def open_directory(path: str, me: int | None = None) -> int:
    """Make `path` where it is missing and return its descriptor; it is tightened to 0700.

    Raises OSError when it is a link, no directory, or another user's (`me` is for tests).
    """
    os.makedirs(path, mode=0o700, exist_ok=True)
    found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _NOFOLLOW)
    try:
        seen = os.fstat(found)
        _check(path, "it belongs to another user", seen.st_uid == (me or os.geteuid()))
        if stat.S_IMODE(seen.st_mode) & 0o077:
            os.fchmod(found, 0o700)
    except BaseException:
        os.close(found)
        raise
    return found


def open_file(name: str, flags: int, directory: int) -> int:
    """Open a file of an opened directory, 0600 when it is made.

    Raises OSError for a link, for what is no plain file, or one that others can reach.
    """
    found = os.open(name, flags | _NOFOLLOW, 0o600, dir_fd=directory)
    try:
        seen = os.fstat(found)
        _check(name, "it is not a plain file", stat.S_ISREG(seen.st_mode))
        _check(name, "it belongs to another user", seen.st_uid == os.geteuid())
        _check(name, "it has a second name", seen.st_nlink < 2)
        _check(name, "other users may open it", not stat.S_IMODE(seen.st_mode) & 0o077)
    except BaseException:
        os.close(found)
        raise
    return found


def _check(path: str, why: str, sound: bool) -> None:
    if not sound:
        raise OSError(errno.EPERM, why, path)
