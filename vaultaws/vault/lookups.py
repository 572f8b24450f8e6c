"""Very many leases looked up at once, over connections of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from threading import Lock, local
from typing import Any

from vaultaws.errors import VaultError, VaultNotFoundError
from vaultaws.model import Lease
from vaultaws.vault import decode
from vaultaws.vault.bulk import ask_all
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.lean import LeanConnection, NotLeanError, is_direct

_BATCH = 50
Watch = Callable[[int], None]
"""Hears how many more leases were looked up; in the caller's thread."""


def look_up_all(
    lookup: Callable[[str], Lease],
    settings: ConnectionSettings,
    headers: dict[str, str],
    lease_ids: Sequence[str],
    watch: Watch | None = None,
) -> list[Lease]:
    """Look leases up in their order, those left out that are gone.

    `lookup` is the ordinary way, for what the lean one does not understand. Raises VaultError.
    """
    batches = [lease_ids[at : at + _BATCH] for at in range(0, len(lease_ids), _BATCH)]
    with ExitStack() as later:
        lean = _Lean(lookup, settings, headers, later)

        def told(batch: Sequence[str], fault: VaultError | None) -> None:
            if fault is None and watch is not None:
                watch(len(batch))

        answers = ask_all(lean.batch, batches, told)
    return [lease for batch in answers for lease in batch]


class _Lean:
    """One connection a thread. After an answer that is not understood the ordinary way is gone
    for that lease alone: a single lease may be gone, or the server busy for a moment."""

    def __init__(
        self,
        lookup: Callable[[str], Lease],
        settings: ConnectionSettings,
        headers: dict[str, str],
        later: ExitStack,
    ) -> None:
        self._lookup, self._settings, self._headers = lookup, settings, headers
        self._later, self._lock, self._mine = later, Lock(), local()
        self._direct = is_direct(settings)

    def batch(self, lease_ids: Sequence[str]) -> list[Lease]:
        found = [self._one(lease_id) for lease_id in lease_ids]
        return [lease for lease in found if lease is not None]

    def _one(self, lease_id: str) -> Lease | None:
        if self._direct:
            try:
                return decode.lease(self._ask(lease_id))
            except (NotLeanError, OSError, VaultError, UnicodeError):
                pass  # whatever it was, the ordinary way says it in words
        try:
            return self._lookup(lease_id)
        except VaultNotFoundError:
            return None

    def _ask(self, lease_id: str) -> Any:
        line: LeanConnection | None = getattr(self._mine, "line", None)
        if line is None:
            line = LeanConnection(self._settings, "sys/leases/lookup", self._headers)
            self._mine.line = line
            with self._lock:
                self._later.callback(line.close)
        body = json.dumps({"lease_id": lease_id}, ensure_ascii=False).encode()
        return decode.payload(line.ask(body))
