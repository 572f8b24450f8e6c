"""Many leases looked up: in their order, the gone left out, a refusal raised."""

from __future__ import annotations

import pytest

from vaultaws.errors import VaultNotFoundError, VaultSealedError
from vaultaws.model import Lease
from vaultaws.vault.lookups import look_up_all

IDS = [f"aws/creds/reader/{number}" for number in range(50)]


def lookup(lease_id: str) -> Lease:
    if lease_id.endswith("7"):
        raise VaultNotFoundError("no such lease", why="it is gone", do="look again")
    return Lease(lease_id)


def test_the_order_stays_and_the_gone_are_left_out() -> None:
    counted: list[int] = []
    found = look_up_all(lookup, IDS, counted.append)
    assert [lease.id for lease in found] == [each for each in IDS if not each.endswith("7")]
    assert sum(counted) == len(IDS)


def test_a_server_that_is_sealed_is_said() -> None:
    def sealed(_: str) -> Lease:
        raise VaultSealedError("Vault is sealed", why="it is", do="unseal it")

    with pytest.raises(VaultSealedError):
        look_up_all(sealed, IDS)
    assert look_up_all(sealed, []) == []
