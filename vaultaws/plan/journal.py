"""The journal of applies on disk, and the lock that lets one apply at a time at a mount.

Append-only JSON lines under XDG_STATE_HOME/vaultaws/apply, one file for each server, namespace
and mount. What is about to be done is written and synced before the first step; what is done is
written after the server's answer, so the journal never claims a step that was not taken.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from filelock import FileLock, Timeout

from vaultaws.clock import Clock
from vaultaws.errors import LocalStateError
from vaultaws.leases import appendonly, private
from vaultaws.leases.target import Target
from vaultaws.plan import records
from vaultaws.plan.records import HEADER, Begun, Ended, Ending, Entry, Progressed, Record, StepName

LOCK_SECONDS: Final = 1.0
START_ANEW_BYTES: Final = 1 << 20


def default_directory(environ: Mapping[str, str]) -> Path:
    """Return where the journals of applies live."""
    return private.state_home(environ) / "apply"


@dataclass(frozen=True)
class Unfinished:
    """The last apply of a target, when it has not come to its end. `running`: it still may."""

    record: Record
    running: bool


class Writer:
    """One apply's own hold on the file, open until its end."""

    def __init__(self, file: Path, begun: Begun, clock: Clock, descriptor: int) -> None:
        self._file = file
        self._begun = begun
        self._clock = clock
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def progress(
        self, *, done: Sequence[int] = (), unknown: Sequence[int] = (), sync: bool = True
    ) -> None:
        """Write down steps that are done, or may be. Unsynced lines outlive us, not the power."""
        self._append(Progressed(self._begun.id, tuple(done), tuple(unknown)), sync=sync)

    def end(self, ending: Ending) -> None:
        """Write down how it ended."""
        self._append(Ended(self._begun.id, self._clock.now(), ending), sync=True)

    def _append(self, entry: Entry, *, sync: bool) -> None:
        line = records.encode(entry)
        try:
            at = os.lseek(self._descriptor, 0, os.SEEK_END)
            appendonly.write_or_undo(self._descriptor, at, line, sync=sync)
        except OSError as error:
            raise private.broken(self._file, error) from error


class ApplyJournal:
    """The journal of one target. Writing needs `held`; reading does not."""

    def __init__(
        self,
        directory: Path,
        target: Target,
        clock: Clock,
        *,
        start_anew_bytes: int = START_ANEW_BYTES,
    ) -> None:
        self._directory = directory
        self._target = target
        self._clock = clock
        self._start_anew_bytes = start_anew_bytes
        self._file = directory / f"{target.key}.jsonl"
        self._holder = directory / f"{target.key}.holder"
        self._lock = directory / f"{target.key}.lock"
        self._is_ours = False

    def unfinished(self) -> Unfinished | None:
        """The last apply, if something of it may be left to do. Raises LocalStateError."""
        if not self._file.exists():
            return None
        found = self._read()
        if not found or not found[-1].is_open:
            return None
        return Unfinished(found[-1], running=not self._is_ours and self._is_held())

    @contextlib.contextmanager
    def held(self, file: Path) -> Iterator[None]:
        """Be the only apply of this target on this machine.

        Raises LocalStateError, saying who holds it, when there is another.
        """
        private.ensure_directory(self._directory)
        lock = FileLock(self._lock, mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise self._busy() from error
        except OSError as error:
            raise private.broken(self._lock, error) from error
        try:
            self._is_ours = True
            self._say_who(file)
            yield
        finally:
            self._is_ours = False
            with contextlib.suppress(OSError):
                self._holder.unlink(missing_ok=True)
            lock.release()

    def begin(self, file: Path, fingerprint: str, steps: Sequence[StepName]) -> Writer:
        """Write down what is about to be done, closing what an earlier apply left open.

        When this raises LocalStateError, nothing may be done.
        """
        begun = Begun(
            id=uuid.uuid4().hex,
            time=self._clock.now(),
            file=str(file),
            address=self._target.address,
            namespace=self._target.namespace,
            mount=self._target.mount,
            fingerprint=fingerprint,
            steps=tuple(steps),
        )
        descriptor = self._open([*self._closings(), begun])
        return Writer(self._file, begun, self._clock, descriptor)

    def close_left_open(self) -> None:
        """Close what an earlier apply left open, when nothing is left to do."""
        if closings := self._closings():
            os.close(self._open(closings))

    def _closings(self) -> list[Entry]:
        found = self._read() if self._file.exists() else ()
        now = self._clock.now()
        return [
            Ended(record.begun.id, now, Ending.SUPERSEDED) for record in found if record.is_open
        ]

    def _open(self, entries: Sequence[Entry]) -> int:
        """Append and sync the entries; return the descriptor for what follows."""
        private.ensure_directory(self._directory)
        self._start_anew()
        descriptor = private.open_file(self._file)
        try:
            size = appendonly.cut_torn_tail(descriptor)
            lines = b"".join(map(records.encode, entries))
            appendonly.write_or_undo(descriptor, size, lines if size else HEADER + lines)
            private.sync_directory(self._directory)
        except OSError as error:
            os.close(descriptor)
            raise private.broken(self._file, error) from error
        return descriptor

    def _start_anew(self) -> None:
        """Put a long file aside, the one before it goes."""
        try:
            if self._file.exists() and self._file.stat().st_size > self._start_anew_bytes:
                self._file.replace(self._file.with_suffix(".old"))
        except OSError as error:
            raise private.broken(self._file, error) from error

    def _read(self) -> tuple[Record, ...]:
        descriptor = private.open_file(self._file)
        with os.fdopen(descriptor, "rb") as file:
            try:
                lines = file.read().split(b"\n")[:-1]
            except OSError as error:
                raise private.broken(self._file, error) from error
        if lines:
            records.check_header(lines[0])
        return records.fold(records.decode(line) for line in lines[1:])

    def _is_held(self) -> bool:
        lock = FileLock(self._lock, mode=0o600, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError as error:
            raise private.broken(self._lock, error) from error
        lock.release()
        return False

    def _say_who(self, file: Path) -> None:
        who = {"pid": os.getpid(), "file": str(file), "time": self._clock.now().isoformat()}
        descriptor = private.open_file(self._holder)
        try:
            os.ftruncate(descriptor, 0)
            appendonly.write_or_undo(descriptor, 0, json.dumps(who).encode(), sync=False)
        except OSError as error:
            raise private.broken(self._holder, error) from error
        finally:
            os.close(descriptor)

    def _busy(self) -> LocalStateError:
        who = self._read_who()
        return LocalStateError(
            f"another apply to {self._target.mount}/ on {self._target.address} is running",
            why=who or "its lock is held; nothing was written",
            do="wait until it has ended, then run this again",
        )

    def _read_who(self) -> str:
        try:
            who = json.loads(self._holder.read_bytes())
            return f"process {who['pid']} applies {who['file']} since {who['time'][:19]} UTC"
        except (OSError, ValueError, KeyError, TypeError):
            return ""
