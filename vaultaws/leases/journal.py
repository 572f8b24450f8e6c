"""The journal of issuances on disk: an intent before Vault is asked, outcomes after.

Append-only JSON lines under XDG_STATE_HOME/vaultaws/journal, each line synced before the next
step is taken, one writer at a time. A line counts when its newline is there: what a crash tore
off was never acted upon and is cut away by the next writer.

A process shows that it is alive by holding the lock of its run. The system gives the lock back
when the process ends, however it ends, so a pid used again misleads nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from vaultaws.clock import Clock
from vaultaws.errors import LocalStateError
from vaultaws.leases import appendonly, entries, private
from vaultaws.leases.entries import HEADER, Intent, Outcome, Step
from vaultaws.leases.ledger import Ledger, Record, entries_of, fold
from vaultaws.leases.locking import FileLock, lock_at
from vaultaws.model import Issued, TokenInfo

LOCK_SECONDS: Final = 30.0
COMPACT_BYTES: Final = 1 << 20


def default_directory(environ: Mapping[str, str]) -> Path:
    """Return where the journal lives."""
    return private.state_home(environ) / "journal"


class Journal:
    """One process's hold on the journal; safe beside any number of others, threads included."""

    def __init__(
        self, directory: Path, clock: Clock, *, compact_bytes: int = COMPACT_BYTES
    ) -> None:
        self._directory = directory
        self._file = directory / "leases.jsonl"
        self._runs = directory / "runs"
        self._clock = clock
        self._compact_bytes = compact_bytes
        self._run = uuid.uuid4().hex
        self._alive: FileLock | None = None

    @property
    def clock(self) -> Clock:
        """The clock by which entries are dated."""
        return self._clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go: from here on what this run left open counts as left behind."""
        if self._alive is not None:
            self._alive.release()
            self._alive = None

    def intend(
        self,
        *,
        server: str,
        mount: str,
        role: str,
        endpoint: str,
        ttl_seconds: int | None,
        token: TokenInfo | None,
        namespace: str = "",
    ) -> Intent:
        """Write down what is about to be asked. When this raises, nothing may be asked."""
        self._show_alive()
        intent = Intent(
            id=uuid.uuid4().hex,
            run=self._run,
            pid=os.getpid(),
            time=self._clock.now(),
            server=server,
            mount=mount,
            role=role,
            endpoint=endpoint,
            ttl_seconds=ttl_seconds,
            display_name=token.display_name if token else "",
            entity_id=token.entity_id if token else "",
            token_accessor=token.accessor if token else "",
            namespace=namespace,
        )
        self._append(intent)
        return intent

    def issued(self, intent: Intent, issued: Issued) -> None:
        """Write down the lease and the key id that came of the intent."""
        self._append(
            Outcome(
                intent.id,
                Step.ISSUED,
                self._clock.now(),
                lease_id=issued.lease.id,
                access_key_id=issued.credentials.access_key_id,
                lease_ends=issued.lease.expires_at,
                token_ends=issued.credentials.expires_at,
                is_sts=issued.credentials.session_token is not None,
            )
        )

    def mark(self, intent_id: str, step: Step) -> None:
        """Write down that an intent was refused, handed over, revoked, or has lapsed."""
        self._append(Outcome(intent_id, step, self._clock.now()))

    def ledger(self) -> Ledger:
        """Read the whole journal. Raises LocalStateError for another version's."""
        with self._locked():
            return self._read()

    def pending(self) -> tuple[Record, ...]:
        """Return the open records whose process is gone."""
        found = [record for record in self.ledger().records if record.is_open]
        gone = {run: self._is_gone(run) for run in {record.intent.run for record in found}}
        return tuple(record for record in found if gone[record.intent.run])

    def _show_alive(self) -> None:
        if self._alive is not None:
            return
        private.ensure_directory(self._directory)
        private.ensure_directory(self._runs)
        lock = lock_at(self._runs / f"{self._run}.lock")
        _take(lock, LOCK_SECONDS)
        self._alive = lock

    def _is_gone(self, run: str) -> bool:
        path = self._runs / f"{run}.lock"
        if run == self._run or not run.isalnum():
            return False
        if not path.exists():
            return True
        lock = lock_at(path)
        try:
            lock.acquire(0)
        except TimeoutError:
            return False
        except OSError as error:
            raise private.broken(path, error) from error
        lock.release()
        return True

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        private.ensure_directory(self._directory)
        lock = lock_at(self._directory / "journal.lock")
        _take(lock, LOCK_SECONDS)
        try:
            yield
        finally:
            lock.release()

    def _append(self, entry: Intent | Outcome) -> None:
        with self._locked():
            descriptor = private.open_file(self._file)
            try:
                before = appendonly.cut_torn_tail(descriptor)
                _check_header(descriptor, before)
                line = entries.encode(entry)
                appendonly.write_or_undo(descriptor, before, line if before else HEADER + line)
                after = os.fstat(descriptor).st_size
            except OSError as error:
                raise private.broken(self._file, error) from error
            finally:
                os.close(descriptor)
            if before // self._compact_bytes != after // self._compact_bytes:
                self._compact()

    def _read(self) -> Ledger:
        descriptor = private.open_file(self._file)
        with os.fdopen(descriptor, "rb") as file:
            try:
                content = file.read()
            except OSError as error:
                raise private.broken(self._file, error) from error
        lines = content.split(b"\n")[:-1]
        if lines:
            _check_header_line(lines[0])
        return fold(entries.decode(line) for line in lines[1:])

    def _compact(self) -> None:
        """Write the file anew without what no longer matters; a failure leaves the old one."""
        fresh = self._file.with_suffix(".new")
        try:
            now = self._clock.now()
            kept = [record for record in self._read().records if record.is_worth_keeping(now)]
            fresh.unlink(missing_ok=True)
            descriptor = private.open_file(fresh)
            try:
                appendonly.write_or_undo(descriptor, 0, HEADER + _encode_all(kept, now))
            finally:
                os.close(descriptor)
            fresh.replace(self._file)
            private.sync_directory(self._directory)
            self._forget_runs({record.intent.run for record in kept if record.is_open})
        except (OSError, LocalStateError):
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)

    def _forget_runs(self, needed: set[str]) -> None:
        for path in self._runs.glob("*.lock"):
            if path.stem not in needed and self._is_gone(path.stem):
                path.unlink(missing_ok=True)


def _take(lock: FileLock, seconds: float) -> None:
    try:
        lock.acquire(seconds)
    except TimeoutError as error:
        raise LocalStateError(
            f"the journal at {lock.path.parent} is busy",
            why=f"another process has held its lock for {seconds:.0f} s",
            do="end that process, or try again",
        ) from error
    except OSError as error:
        raise private.broken(lock.path, error) from error


def _check_header(descriptor: int, size: int) -> None:
    if size:
        _check_header_line(appendonly.read_at(descriptor, 0, 4096).split(b"\n", 1)[0])


def _check_header_line(line: bytes) -> None:
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or "vaultaws" not in header:
        raise LocalStateError(
            "the lease journal does not begin as one",
            why="its first line is not vaultaws' own",
            do="move the file away, or set XDG_STATE_HOME to another directory",
        )
    entries.check_version(header)


def _encode_all(records: list[Record], now: datetime) -> bytes:
    return b"".join(
        entries.encode(entry) for record in records for entry in entries_of(record, now)
    )
