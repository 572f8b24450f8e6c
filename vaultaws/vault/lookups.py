"""Very many leases looked up at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vaultaws.errors import VaultError, VaultNotFoundError
from vaultaws.model import Lease
from vaultaws.vault.bulk import ask_all

Watch = Callable[[int], None]
"""Hears how many more leases were looked up; in the caller's thread."""


def look_up_all(
    lookup: Callable[[str], Lease], lease_ids: Sequence[str], watch: Watch | None = None
) -> list[Lease]:
    """Look leases up in their order, those left out that are gone. Raises VaultError."""

    def one(lease_id: str) -> Lease | None:
        try:
            return lookup(lease_id)
        except VaultNotFoundError:
            return None

    def told(_: str, fault: VaultError | None) -> None:
        if fault is None and watch is not None:
            watch(1)

    return [lease for lease in ask_all(one, lease_ids, told) if lease is not None]
