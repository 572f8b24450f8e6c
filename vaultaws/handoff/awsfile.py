"""AWS's own files on the disk: edited under a lock, written whole or not at all.

A file that is a link (dotfile managers make such) stays a link: what it leads to is replaced.
Mode and line ends stay. Other programs do not know our lock: the file is read again just before
it is replaced, and the edit is done anew when somebody else was faster.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from vaultaws import wholefile
from vaultaws.errors import ConfigError, LocalStateError
from vaultaws.leases.private import ensure_directory, state_home, sync_directory

LOCK_SECONDS: Final = 20.0
_TRIES: Final = 5
_LARGEST: Final = 8 * 1024 * 1024
_MADE: Final = 0o600
_BESIDE: Final = "vaultaws-"

Edit = Callable[[str], str]
"""From the text as it is to the text as it should be. It may be called more than once."""


def config_path(environ: Mapping[str, str], home: Path | None) -> Path:
    """Where the SDKs look: AWS_CONFIG_FILE, else ~/.aws/config."""
    return _named(environ.get("AWS_CONFIG_FILE", ""), "config", home)


def credentials_path(environ: Mapping[str, str], home: Path | None) -> Path:
    """Where the SDKs look for keys: AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials."""
    return _named(environ.get("AWS_SHARED_CREDENTIALS_FILE", ""), "credentials", home)


def _named(given: str, name: str, home: Path | None) -> Path:
    if given:
        tail = given.removeprefix("~/")
        return home / tail if tail != given and home is not None else Path(given)
    if home is None:
        raise LocalStateError(
            f"there is no place for the AWS {name} file",
            why="there is no home directory",
            do="set HOME, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE",
        )
    return home / ".aws" / name


def read(path: Path) -> str:
    """The file's text; empty when there is no file.

    Raises LocalStateError for what cannot be read, ConfigError for what is not UTF-8 text.
    """
    return _text(path, _bytes(path))


def change(path: Path, edit: Edit, environ: Mapping[str, str], *, private: bool = False) -> bool:
    """Put `edit(text)` in the file's place; False when that changes nothing.

    With `private` nobody else may read it afterwards. What `edit` raises comes through, and
    nothing is written then. Raises LocalStateError, ConfigError.
    """
    with _alone(environ):
        real = real_file(path)
        for _ in range(_TRIES):
            before = _bytes(real)
            text = _text(path, before)
            wanted, mode = edit(text), _MADE if private else _mode_of(real)
            _sweep(real)
            if wanted == text and mode == _mode_of(real):
                return False
            if _replaced(real, before, _encoded(wanted, before), mode):
                return True
    raise LocalStateError(
        f"{path} changes all the time",
        why="another program writes it at every try; nothing was changed",
        do="end that program, then run it again",
    )


@contextmanager
def _alone(environ: Mapping[str, str]) -> Iterator[None]:
    """One of us at a time."""
    import filelock

    directory = state_home(environ)
    ensure_directory(directory)
    place = directory / "profiles.lock"
    try:
        with filelock.FileLock(place, timeout=LOCK_SECONDS, mode=_MADE):
            yield
    except filelock.Timeout as error:
        raise LocalStateError(
            "another vaultaws is writing AWS's files",
            why=f"it holds {place} for more than {LOCK_SECONDS:.0f} s",
            do="end it, then run this again",
        ) from error
    except PermissionError as error:
        raise _broken(place, error) from error


def real_file(path: Path) -> Path:
    """The file behind all links. A missing directory is made, as the AWS CLI does."""
    try:
        real = path.resolve()
        if not real.parent.exists():
            real.parent.mkdir(mode=0o700, parents=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise _broken(path, error) from error
    return real


def _bytes(path: Path) -> bytes:
    """The file's bytes; none when it is missing. A pipe or a device is never opened."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "it is not a regular file")
        if found.st_size > _LARGEST:
            raise _refused(path, "it is larger than any configuration file")
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except (OSError, RuntimeError) as error:
        raise _broken(path, error) from error


def _text(path: Path, raw: bytes) -> str:
    """The text with plain line ends. Raises ConfigError."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} cannot be read",
            why=f"it is not UTF-8 text (byte {error.start})",
            do="save it as UTF-8; nothing was changed",
        ) from error
    return text.replace("\r\n", "\n") if _has_windows_ends(raw) else text


def _encoded(text: str, before: bytes) -> bytes:
    return (text.replace("\n", "\r\n") if _has_windows_ends(before) else text).encode()


def _has_windows_ends(raw: bytes) -> bool:
    """Whether every line ends in CR LF. A mixture is left as it is."""
    return b"\r\n" in raw and raw.count(b"\r\n") == raw.count(b"\n")


def _sweep(real: Path) -> None:
    """Take away what a run of ours that was killed left beside the file. The lock is ours."""
    for left in real.parent.glob(f".{glob.escape(real.name)}.{_BESIDE}*"):
        with suppress(OSError):
            left.unlink()


def _replaced(real: Path, before: bytes, wanted: bytes, mode: int) -> bool:
    """Write beside the file, then take its place; False when it has changed meanwhile."""
    try:
        with wholefile.beside(real, wanted, prefix=f".{real.name}.{_BESIDE}") as fresh:
            fresh.chmod(mode)
            if _bytes(real) != before:
                return False
            fresh.replace(real)
            sync_directory(real.parent)
    except OSError as error:
        raise _broken(real, error) from error
    return True


def _mode_of(real: Path) -> int:
    """The mode to keep. Another user's file would become ours: it is refused."""
    try:
        found = real.stat()
    except FileNotFoundError:
        return _MADE
    if os.name == "posix" and found.st_uid != os.geteuid():
        raise _refused(real, "it belongs to another user")
    return stat.S_IMODE(found.st_mode)


def _refused(path: Path, why: str) -> LocalStateError:
    return LocalStateError(
        f"{path} cannot be edited",
        why=why,
        do="name another file with AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE",
    )


def _broken(path: Path, error: OSError | RuntimeError) -> LocalStateError:
    return LocalStateError(
        f"{path} cannot be used",
        why=getattr(error, "strerror", None) or "its links lead in a circle",
        do="free space or mend the permissions there; nothing was changed",
    )
