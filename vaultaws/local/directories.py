"""Where the local stack keeps things: caches that can be lost, and the state of what runs."""

from __future__ import annotations

import errno
import os
import pwd
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vaultaws.errors import StackError

PRIVATE = 0o700


@dataclass(frozen=True)
class Directories:
    """`cache` holds built programs, `state` what runs now (XDG base directory specification)."""

    cache: Path
    state: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Directories:
        """Read XDG_CACHE_HOME and XDG_STATE_HOME, else the usual places below the home.

        The specification says that relative values are to be ignored.
        """
        return cls(
            cache=_base(environ, "XDG_CACHE_HOME", ".cache") / "vaultaws",
            state=_base(environ, "XDG_STATE_HOME", ".local/state") / "vaultaws",
        )


def _base(environ: Mapping[str, str], variable: str, below_home: str) -> Path:
    said = environ.get(variable, "")
    if said.startswith("/"):
        return Path(said)
    return home(environ) / below_home


def home(environ: Mapping[str, str]) -> Path:
    """Return HOME, else the password file's home, else a private place for temporary files."""
    said = environ.get("HOME", "")
    if said.startswith("/"):
        return Path(said)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path(tempfile.gettempdir()) / f"vaultaws-{os.getuid()}"


def make_private(path: Path) -> Path:
    """Make `path` a directory that only its owner can enter, and return it.

    Raises StackError when it cannot be made or belongs to somebody else.
    """
    try:
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) != PRIVATE:
            path.chmod(PRIVATE)
    except OSError as error:
        raise disk_error(path, error) from error
    if found.st_uid != os.getuid():
        raise StackError(
            f"the directory {path} belongs to another user",
            why="programs and keys kept there could be changed or read by them",
            do="set XDG_CACHE_HOME and XDG_STATE_HOME to directories of your own",
        )
    return path


def disk_error(path: Path, error: OSError) -> StackError:
    """Say in one line each what the operating system refused at `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StackError(
            f"there is no room to write {path}",
            why=f"the system says: {error.strerror}",
            do="free some space, or set XDG_CACHE_HOME to a directory with room, and run again",
        )
    return StackError(
        f"cannot write {path}",
        why=f"the system says: {error.strerror or error}",
        do="make the directory writable, or set XDG_CACHE_HOME and XDG_STATE_HOME elsewhere",
    )
