"""The state of a watch on disk: one small file for each mount, replaced whole, and its lock.

Below XDG_STATE_HOME/vaultaws/trail, readable by its owner alone. The system frees the lock when the
watch ends, however it ends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from vaultaws.errors import LocalStateError, UsageError
from vaultaws.leases import private
from vaultaws.leases.locking import lock_at
from vaultaws.leases.target import Target
from vaultaws.trail.telling import State, Waiting

VERSION: Final = 1


class Store(Protocol):
    """Where a state outlives the run."""

    def save(self, state: State) -> None:
        """Keep it, or the one before. Raises LocalStateError."""
        ...


class DamagedError(Exception):
    """What is on disk is no state; its words say why."""


def default_directory(environ: Mapping[str, str]) -> Path:
    """Return where the states of watches are kept."""
    return private.state_home(environ) / "trail"


class StateFile:
    """The state of the watch of one mount."""

    def __init__(self, directory: Path, target: Target) -> None:
        self._directory = directory
        self.path = directory / f"{target.key}.json"
        self._lock = lock_at(directory / f"{target.key}.lock")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others out. Raises UsageError while another watch runs, and LocalStateError."""
        private.ensure_directory(self._directory)
        try:
            self._lock.acquire(0)
        except TimeoutError:
            raise UsageError(
                "this mount is being watched already",
                why=f"another process holds {self._lock.path}",
                do="end that one, or set XDG_STATE_HOME elsewhere for this one",
            ) from None
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            yield
        finally:
            self._lock.release()

    def load(self) -> State | None:
        """Return what was kept, None when nothing was. Raises DamagedError and LocalStateError."""
        if not self.path.exists() and not self.path.is_symlink():
            return None
        with os.fdopen(private.open_file(self.path), "rb") as file:
            try:
                content = file.read()
            except OSError as error:
                raise _unusable(self.path, error) from error
        try:
            return decoded(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            msg = "it is damaged, or another version of vaultaws wrote it"
            raise DamagedError(msg) from error

    def save(self, state: State) -> None:
        """Replace the file whole. Raises LocalStateError, and then the old one stands."""
        try:
            private.replace_file(self.path, json.dumps(encoded(state)).encode())
        except OSError as error:
            raise _unusable(self.path, error) from error


def encoded(state: State) -> dict[str, Any]:
    """Return a state for JSON."""
    return {
        "version": VERSION,
        "start": state.start.isoformat(),
        "watermark": state.watermark.isoformat() if state.watermark else None,
        "known": {uid: at.isoformat() for uid, at in state.known.items()},
        "waiting": [
            {"uid": found.uid, "line": dict(found.line), "taken": sorted(found.taken)}
            for found in state.waiting
        ],
    }


def decoded(body: Mapping[str, Any]) -> State:
    """Read a state. Raises ValueError, KeyError, TypeError or AttributeError."""
    if body["version"] != VERSION:
        msg = "not a state of this version"
        raise ValueError(msg)
    settled = body["watermark"]
    waiting = tuple(map(_waiting, body["waiting"]))
    return State(
        _moment(body["start"]),
        None if settled is None else _moment(settled),
        {str(uid): _moment(at) for uid, at in body["known"].items()},
        waiting,
    )


def _waiting(found: Mapping[str, Any]) -> Waiting:
    line = dict(found["line"])
    _moment(line["at"])
    if not {"kind", "severity"} <= line.keys():
        msg = "a finding in part"
        raise ValueError(msg)
    return Waiting(str(found["uid"]), line, frozenset(map(str, found["taken"])))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = "a time without its zone"
        raise ValueError(msg)
    return moment


def _unusable(path: Path, error: OSError) -> LocalStateError:
    return LocalStateError(
        f"the state of the watch at {path} cannot be used",
        why=error.strerror or type(error).__name__,
        do="free space or mend the permissions there, or set XDG_STATE_HOME elsewhere",
    )
