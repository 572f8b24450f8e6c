"""Files that only their owner may read: directories 0700, files 0600, no symbolic links."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from vaultaws.errors import LocalStateError


def state_home(environ: Mapping[str, str]) -> Path:
    """Return XDG_STATE_HOME/vaultaws (XDG Base Directory: relative values are ignored)."""
    given = Path(environ.get("XDG_STATE_HOME", ""))
    if given.is_absolute():
        return given / "vaultaws"
    home = Path(environ.get("HOME", ""))
    if not home.is_absolute():
        try:
            home = Path.home()
        except RuntimeError as error:
            raise LocalStateError(
                "there is no place for the journal",
                why="neither XDG_STATE_HOME nor HOME names a directory",
                do="set XDG_STATE_HOME to a directory of yours",
            ) from error
    return home / ".local" / "state" / "vaultaws"


def ensure_directory(path: Path) -> None:
    """Make `path` and what is missing above it; `path` itself is a real directory of ours, 0700."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise _refused(path, "it is not a real directory")
        if _is_foreign(found):
            raise _refused(path, "it belongs to another user")
        if os.name == "posix" and stat.S_IMODE(found.st_mode) & 0o077:
            path.chmod(0o700)
    except FileExistsError as error:
        raise _refused(path, "it is not a real directory") from error
    except OSError as error:
        raise broken(path, error) from error


def open_file(path: Path) -> int:
    """Open `path` for reading and writing, made 0600 when missing; return the descriptor.

    Raises LocalStateError for a symbolic link, a foreign file, or one with a second name.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        if path.is_symlink():
            raise _refused(path, "it is a symbolic link")
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise broken(path, error) from error
    try:
        _check_file(path, os.fstat(descriptor))
        if os.name == "posix":
            os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_file(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _refused(path, "it is not a regular file")
    if _is_foreign(found) or found.st_nlink > 1:
        raise _refused(path, "it belongs to another user or has a second name")


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file of ours whole: written beside it under a name of its own, synced, renamed.

    Raises OSError, and then the earlier file stands; LocalStateError as `open_file` does.
    """
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(open_file(fresh), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make a rename in `path` last (POSIX: a directory is synced by its own descriptor)."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def broken(path: Path, error: OSError) -> LocalStateError:
    """Return the error a person sees when the machine refuses a file."""
    return LocalStateError(
        f"the journal at {path} cannot be used",
        why=error.strerror or type(error).__name__,
        do="free space or mend the permissions there, or set XDG_STATE_HOME elsewhere",
    )


def _refused(path: Path, why: str) -> LocalStateError:
    return LocalStateError(
        f"{path} is not safe to write to",
        why=why,
        do="move it away; vaultaws makes its own",
    )


def _is_foreign(found: os.stat_result) -> bool:
    return os.name == "posix" and found.st_uid != os.geteuid()
