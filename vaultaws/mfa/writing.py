"""Edits of ~/.aws/credentials: what is not meant stays byte for byte.

The new file stands beside the old one and takes its place by a rename, so a full disk or a kill
leaves the old one whole. A lock keeps two of ours from losing each other's edit.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from vaultaws.errors import LocalStateError
from vaultaws.leases.private import sync_directory
from vaultaws.mfa.lines import with_values
from vaultaws.mfa.profiles import parse, read_text

LOCK_SECONDS: Final = 30
BESIDE: Final = ".vaultaws-"


def set_section(path: Path, section: str, values: Mapping[str, str | None]) -> None:
    """Give `[section]` these values in the file, None takes a key away; made when missing.

    The file is 0600 afterwards. Raises ConfigError or LocalStateError; then nothing has changed.
    """
    target = path.resolve()
    with locked(target):
        text = read_text(target)
        new = edited(text, path, section, values)
        _sweep(target)
        if new != text or _is_open(target):
            replace_file(target, new)


def check(path: Path, section: str) -> None:
    """Raise ConfigError or LocalStateError where `set_section` would: before a code is spent."""
    target = path.resolve()
    _ensure_directory(target.parent)
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise LocalStateError(
            f"{target} cannot be written",
            why=f"{target.parent} may not be changed",
            do="mend the permissions there, or use --no-write",
        )
    edited(read_text(target), path, section, {})


def edited(text: str, path: Path, section: str, values: Mapping[str, str | None]) -> str:
    """The text with the section's values put in. Pure. Raises ConfigError for what is no INI."""
    sections = parse(text, path)
    there = sections.get(section, {})
    changed = {key: value for key, value in values.items() if there.get(key) != value}
    return with_values(text, section, changed) if changed or section not in sections else text


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Be the one of ours that edits the file. Raises LocalStateError when another will not end."""
    _ensure_directory(target.parent)
    lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=LOCK_SECONDS, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise LocalStateError(
            f"{target} is being written by another run",
            why=f"it did not end within {LOCK_SECONDS} seconds",
            do="end that run, then try again",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _ensure_directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise LocalStateError(
            f"{path} is not a directory", why="a file has its name", do="move the file away"
        ) from error


def replace_file(target: Path, text: str) -> None:
    """Put a new 0600 file in the place of `target`, whole and on the disk, or change nothing."""
    prefix = f".{target.name}{BESIDE}"
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise _not_written(target, error) from error
        raise
    with suppress(OSError):
        sync_directory(target.parent)


def _sweep(target: Path) -> None:
    """Take away what a run that was killed left beside the file. The lock is ours."""
    for left in target.parent.glob(f".{target.name}{BESIDE}*"):
        with suppress(OSError):
            left.unlink()


def _not_written(target: Path, error: OSError) -> LocalStateError:
    return LocalStateError(
        f"{target} was not written",
        why=f"{os.strerror(error.errno or 0)}; the file is as it was",
        do="free space or mend the permissions there, then run it again",
    )


def _is_open(target: Path) -> bool:
    """True for a file that others may read."""
    return os.name == "posix" and target.exists() and bool(target.stat().st_mode & 0o077)
