"""What a rotation is about to do, on disk before it is done, and the lock that lets one run.

One small file for each key of a mount below XDG_STATE_HOME/vaultaws/root, replaced whole and
synced; one lock for each mount. The file goes when the rotation has come to its end; one that is
left, with nobody holding the lock, is a run that was killed. No secret is ever in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from vaultaws.clock import Clock
from vaultaws.errors import LocalStateError
from vaultaws.leases import private
from vaultaws.leases.target import Target

VERSION: Final = 1
LOCK_SECONDS: Final = 1.0
_LARGEST: Final = 65_536


class Kind(StrEnum):
    """What is rotated."""

    ROOT = "root"
    STATIC = "static"


@dataclass(frozen=True)
class Operation:
    """A rotation that was begun: of the root, or of the static role `name`.

    `details` are texts by their name: key ids, a user, a period.
    """

    kind: Kind
    name: str
    started: datetime
    details: Mapping[str, str]

    def detail(self, name: str) -> str:
        return self.details.get(name, "")


@dataclass(frozen=True)
class Unfinished:
    """A rotation that has not come to its end. `running`: some process is still at it."""

    operation: Operation
    running: bool


def default_directory(environ: Mapping[str, str]) -> Path:
    """Return where rotations are written down."""
    return private.state_home(environ) / "root"


class Journal:
    """The rotations of one mount, as this machine knows them."""

    def __init__(self, directory: Path, target: Target, clock: Clock) -> None:
        self._directory = directory
        self._target = target
        self._lock = FileLock(directory / f"{target.key}.lock", mode=0o600, thread_local=False)
        self._clock = clock

    def unfinished(self, kind: Kind, name: str = "") -> Unfinished | None:
        """Return the rotation that was begun and not ended; None without one."""
        return self._found(self._file(kind, name))

    def all_unfinished(self) -> tuple[Unfinished, ...]:
        """Return every rotation of the mount that was begun and not ended."""
        files = sorted(self._directory.glob(f"{self._target.key}-*.json"))
        return tuple(found for file in files if (found := self._found(file)) is not None)

    @contextlib.contextmanager
    def begin(self, kind: Kind, details: Mapping[str, str], name: str = "") -> Iterator[Work]:
        """Write down what is about to be done, and keep others out while the body runs.

        The body ends the record; one that it does not end is found by the next run. When this
        raises before the body, nothing may be done.
        """
        private.ensure_directory(self._directory)
        with self._held(LOCK_SECONDS):
            operation = Operation(kind, name, self._clock.now(), dict(details))
            work = Work(self._file(kind, name), operation)
            write(work.file, operation)
            yield work

    def _file(self, kind: Kind, name: str) -> Path:
        mark = hashlib.sha256(f"{kind.value}\n{name}".encode()).hexdigest()[:12]
        return self._directory / f"{self._target.key}-{mark}.json"

    def _found(self, file: Path) -> Unfinished | None:
        if not file.exists():
            return None
        try:
            with self._held(0):
                running = False
        except BusyError:
            running = True
        operation = _read(file)
        return None if operation is None else Unfinished(operation, running)

    @contextlib.contextmanager
    def _held(self, seconds: float) -> Iterator[None]:
        try:
            self._lock.acquire(timeout=seconds)
        except Timeout:
            raise BusyError(
                "another rotation on this mount is under way",
                why="a process on this machine holds its lock",
                do="wait until it has ended",
            ) from None
        except OSError as error:
            raise private.broken(self._directory, error) from error
        try:
            yield
        finally:
            self._lock.release()


class Work:
    """A rotation under way."""

    def __init__(self, file: Path, operation: Operation) -> None:
        self.file = file
        self.operation = operation

    def note(self, **details: str) -> None:
        """Write down more, before it is done."""
        merged = {**self.operation.details, **details}
        self.operation = replace(self.operation, details=merged)
        write(self.file, self.operation)

    def end(self) -> None:
        """Nothing is left to do."""
        try:
            self.file.unlink(missing_ok=True)
            private.sync_directory(self.file.parent)
        except OSError as error:
            raise private.broken(self.file, error) from error


def write(file: Path, operation: Operation) -> None:
    """Replace a record whole."""
    body = {
        "version": VERSION,
        "kind": operation.kind.value,
        "name": operation.name,
        "started": operation.started.isoformat(),
        "details": dict(operation.details),
    }
    try:
        private.replace_file(file, json.dumps(body).encode())
    except OSError as error:
        raise private.broken(file, error) from error


def _read(file: Path) -> Operation | None:
    try:
        with file.open("rb") as stream:
            return _operation(json.loads(stream.read(_LARGEST)))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise private.broken(file, error) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LocalStateError(
            f"the record of a rotation at {file} cannot be read",
            why="it is damaged, or another version of vaultaws wrote it",
            do="see what the server has (vaultaws root show), then move the file away",
        ) from None


def _operation(body: Mapping[str, Any]) -> Operation:
    """Read a record. Raises ValueError, KeyError, TypeError or AttributeError."""
    started = datetime.fromisoformat(body["started"])
    if body["version"] != VERSION or started.tzinfo is None:
        msg = "not a record of this version"
        raise ValueError(msg)
    details = {str(name): str(value) for name, value in body["details"].items()}
    return Operation(Kind(body["kind"]), str(body["name"]), started, details)


class BusyError(LocalStateError):
    """Another process is rotating at this mount."""
