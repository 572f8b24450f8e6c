"""Ending a lease: revoked, or run out where revoking is not allowed."""

from __future__ import annotations

import pytest

from tests.support.memory_vault import MemoryVault, memory_vault
from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError
from vaultaws.leases.ending import end_lease


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


def test_a_lease_is_revoked(vault: MemoryVault) -> None:
    lease = vault.issue("aws", "reader", sts=False).lease.id
    end_lease(vault, vault.clock, lease)
    assert vault.revoked == [lease]


def test_a_token_that_may_not_revoke_lets_the_lease_run_out(vault: MemoryVault) -> None:
    lease = vault.issue("aws", "reader", sts=False).lease.id
    vault.forbidden = {"revoke_lease"}
    end_lease(vault, vault.clock, lease)
    assert (vault.leases, vault.revoked) == ({}, [])


def test_an_sts_lease_cannot_run_out_early(vault: MemoryVault) -> None:
    lease = vault.issue("aws", "reader-sts", sts=True).lease.id
    vault.forbidden = {"revoke_lease"}
    with pytest.raises(VaultDeniedError):
        end_lease(vault, vault.clock, lease)


def test_neither_allowed(vault: MemoryVault) -> None:
    lease = vault.issue("aws", "reader", sts=False).lease.id
    vault.forbidden = {"revoke_lease", "renew_lease"}
    with pytest.raises(VaultDeniedError):
        end_lease(vault, vault.clock, lease)
    assert lease in vault.leases


def test_a_lease_that_is_gone(vault: MemoryVault) -> None:
    vault.forbidden = {"revoke_lease"}
    with pytest.raises(VaultNotFoundError):
        end_lease(vault, vault.clock, "aws/creds/reader/none")


def test_a_server_that_does_not_follow_is_told(vault: MemoryVault) -> None:
    lease = vault.issue("aws", "reader", sts=False).lease.id
    vault.forbidden = {"revoke_lease"}
    vault.unrevocable[lease] = VaultError("no", why="AWS is down", do="again")
    with pytest.raises(VaultError, match="has run out but is still there"):
        end_lease(vault, vault.clock, lease)
