"""The journals of incidents on disk: one file a case, and a lock that lets one process work on it.

Append-only JSON lines under XDG_STATE_HOME/vaultaws/incidents. What is about to be done is
written and synced, with what was there before, ahead of the deed; what is done is written after
the answer. A kill at any moment leaves a journal that can be gone on from.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final, Self

from filelock import FileLock, Timeout

from vaultaws.clock import Clock
from vaultaws.errors import BrokenOffError, LocalStateError, UsageError
from vaultaws.incident import entries
from vaultaws.incident.entries import HEADER, Entry, Found, Marked, Noted, Opened
from vaultaws.incident.model import Case, Evidence, Place, Scope, Step, StepState, Suspect
from vaultaws.leases import appendonly, private

LOCK_SECONDS: Final = 1.0
OPENING_LINES: Final = 2
"""The header and what the case is: written together, before anything is done."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_NO_EVIDENCE: Final[Evidence] = {}


def default_directory(environ: Mapping[str, str]) -> Path:
    """Return where the journals of incidents live."""
    return private.state_home(environ) / "incidents"


class Writer:
    """One process's hold on a case, open until its end; threads may share it."""

    def __init__(self, file: Path, descriptor: int, clock: Clock) -> None:
        self._file = file
        self._descriptor = descriptor
        self._clock = clock
        self._appending = Lock()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close; a thread that a stopped run has left behind writes nothing any more."""
        with self._appending:
            self._is_closed = True
            os.close(self._descriptor)

    def found(self, suspects: tuple[Suspect, ...], steps: tuple[Step, ...]) -> None:
        """Write down what an observation added, before any of the steps is taken."""
        self._append(Found(self._clock.now(), suspects, steps), sync=True)

    def note(
        self,
        step: Step,
        state: StepState,
        *,
        before: Evidence = _NO_EVIDENCE,
        evidence: Evidence = _NO_EVIDENCE,
        why: str = "",
        sync: bool = True,
    ) -> None:
        """Write down how far a step is. Unsynced lines outlive us, not the power."""
        entry = Noted(step.id, state, self._clock.now(), before, evidence, why)
        self._append(entry, sync=sync)

    def mark(
        self, mark: str, *, time: datetime | None = None, evidence: Evidence = _NO_EVIDENCE
    ) -> None:
        """Write down a moment of the whole case: cut, contained, verified, lifted."""
        self._append(Marked(mark, time or self._clock.now(), evidence), sync=True)

    def _append(self, entry: Entry, *, sync: bool) -> None:
        line = entries.encode(entry)
        with self._appending:
            if self._is_closed:
                raise LocalStateError(
                    "nothing more is done on this incident by this run",
                    why="it was stopped, and its journal is closed",
                    do="vaultaws incident status",
                )
            try:
                at = os.lseek(self._descriptor, 0, os.SEEK_END)
                appendonly.write_or_undo(self._descriptor, at, line, sync=sync)
            except OSError as error:
                refused = private.broken(self._file, error)
                raise BrokenOffError(refused.what, why=refused.why, do=refused.do) from error


class Cases:
    """The incidents of this person on this machine."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def all(self) -> list[Case]:
        """The cases, those opened first first. Raises as `read` does."""
        names = [file.stem for file in self._directory.glob("*.jsonl")]
        begun = ((name, self._begun(name)) for name in names)
        found = [self._case(name, lines) for name, lines in begun if lines]
        return sorted(found, key=lambda case: (case.opened_at, case.name))

    def names(self) -> list[str]:
        """Names of the cases, those opened first first."""
        return [case.name for case in self.all()]

    def read(self, name: str) -> Case:
        """Read one case. Raises UsageError when there is none of that name."""
        return self._case(name, self._begun(name))

    def _case(self, name: str, lines: list[bytes]) -> Case:
        if not lines:
            raise UsageError(
                f"there is no incident {name}",
                why=f"{self._directory} has no journal of that name",
                do="vaultaws incident status",
            )
        entries.check_header(lines[0])
        case = entries.fold(map(entries.decode, lines[1:]))
        if case is None:
            raise LocalStateError(
                f"the journal of incident {name} has no beginning",
                why=f"{self._file(name)} does not say what the case is about",
                do=f"keep it as {self._file(name)}.broken, and contain again",
            )
        return case

    def history(self, name: str) -> tuple[Entry, ...]:
        """All lines of a case in the order in which they were written. Raises as `read` does."""
        lines = self._begun(name)
        self._case(name, lines)
        decoded = map(entries.decode, lines[1:])
        return tuple(entry for entry in decoded if entry is not None)

    def exists(self, name: str) -> bool:
        """True when there is a case of that name. Raises UsageError for a name that is none."""
        return bool(self._begun(name))

    def _begun(self, name: str) -> list[bytes]:
        """The lines of a case, none where there is none.

        A file whose first write was torn off, by a kill or a full disk, is none: nothing was done.
        """
        file = self._file(name)
        lines = _lines(file) if file.exists() else []
        return lines if len(lines) >= OPENING_LINES else []

    @contextlib.contextmanager
    def opened(self, name: str, by: str, scope: Scope, place: Place) -> Iterator[Writer]:
        """Begin a case and hold it. When this raises, nothing may be done."""
        with self._held(name):
            file = self._file(name)
            if self.exists(name):
                raise LocalStateError(
                    f"there is an incident {name} already",
                    why=f"{file} is its journal",
                    do=f"vaultaws incident contain --resume {name}, or give --name",
                )
            descriptor = private.open_file(file)
            opened = Opened(name, self._clock.now(), by, scope, place, secrets.token_hex(4))
            try:
                os.ftruncate(descriptor, 0)
                appendonly.write_or_undo(descriptor, 0, HEADER + entries.encode(opened))
                private.sync_directory(self._directory)
            except OSError as error:
                os.close(descriptor)
                raise private.broken(file, error) from error
            with Writer(file, descriptor, self._clock) as writer:
                yield writer

    @contextlib.contextmanager
    def gone_on(self, name: str) -> Iterator[tuple[Case, Writer]]:
        """Hold a case that was begun before. Raises UsageError when there is none."""
        self.read(name)
        with self._held(name):
            file = self._file(name)
            descriptor = private.open_file(file)
            try:
                appendonly.cut_torn_tail(descriptor)
            except OSError as error:
                os.close(descriptor)
                raise private.broken(file, error) from error
            with Writer(file, descriptor, self._clock) as writer:
                yield self.read(name), writer

    @contextlib.contextmanager
    def _held(self, name: str) -> Iterator[None]:
        file = self._file(name).with_suffix(".lock")
        private.ensure_directory(self._directory)
        lock = FileLock(file, mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise LocalStateError(
                f"somebody works on incident {name} on this machine",
                why="its lock is held; nothing was done",
                do=f"wait until that run has ended, or look: vaultaws incident status {name}",
            ) from error
        except OSError as error:
            raise private.broken(file, error) from error
        try:
            yield
        finally:
            lock.release()

    def _file(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise UsageError(
                f"{name!r} is no name for an incident",
                why="a name has letters, digits, dots, dashes and underscores, 80 at most",
                do="choose another: --name 2026-11-21-ben",
            )
        return self._directory / f"{name}.jsonl"


def _lines(file: Path) -> list[bytes]:
    descriptor = private.open_file(file)
    with os.fdopen(descriptor, "rb") as opened:
        try:
            return opened.read().split(b"\n")[:-1]
        except OSError as error:
            raise private.broken(file, error) from error
