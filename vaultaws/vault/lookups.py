"""Very many leases looked up at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Final

from vaultaws.errors import VaultError, VaultNotFoundError
from vaultaws.model import Lease
from vaultaws.vault.bulk import AT_ONCE, ask_all

_MOST: Final = 32
_TURNS: Final = 8

Watch = Callable[[int], None]
"""Hears how many more leases were looked up; in the caller's thread."""


def look_up_all(
    lookup: Callable[[str], Lease], lease_ids: Sequence[str], watch: Watch | None = None
) -> list[Lease]:
    """Look leases up in their order, those left out that are gone. Raises VaultError.

    Each thread looks several up before it hands them over: to wake the caller for each one costs
    more than it tells. After the first fault, or an interrupt, no further look-up is begun.
    """
    over = Event()

    def some(chosen: Sequence[str]) -> list[Lease]:
        found = []
        for lease_id in chosen:
            if over.is_set():
                break
            try:
                found.append(lookup(lease_id))
            except VaultNotFoundError:
                continue
            except BaseException:
                over.set()
                raise
        return found

    def told(chosen: Sequence[str], fault: VaultError | None) -> None:
        if fault is None and watch is not None and not over.is_set():
            watch(len(chosen))

    size = max(1, min(_MOST, len(lease_ids) // (AT_ONCE * _TURNS)))
    parts = [lease_ids[start : start + size] for start in range(0, len(lease_ids), size)]
    try:
        return [lease for found in ask_all(some, parts, told) for lease in found]
    finally:
        over.set()
