"""A lease renewed by hand: its new end, what caps it, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.memory_vault import MemoryVault, memory_vault
from vaultaws.errors import UsageError, VaultDeniedError, VaultNotFoundError
from vaultaws.leases.renew import as_json, render, renew


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


def lease_of(vault: MemoryVault) -> str:
    return vault.issue("aws", "reader", sts=False).lease.id


def test_the_new_end_is_said(vault: MemoryVault) -> None:
    lease = lease_of(vault)
    done = renew(vault, vault.clock, lease, 3600)
    assert done.ends == vault.clock.now() + timedelta(hours=1)
    assert done.capped == ""
    assert render(done).startswith(f"renewed {lease}: ends in 1 h (before: in 15 min)")
    assert as_json(done)["capped"] is None


def test_the_life_of_an_sts_token_is_aws_s(vault: MemoryVault) -> None:
    lease = vault.issue("aws", "reader-sts", sts=True).lease.id
    with pytest.raises(UsageError, match="cannot be renewed") as refused:
        renew(vault, vault.clock, lease)
    assert "STS token" in refused.value.why


def test_a_batch_token_s_lease_is_told_from_an_sts_token_s(vault: MemoryVault) -> None:
    lease = lease_of(vault)
    vault.leases[lease] = replace(vault.leases[lease], renewable=False)
    with pytest.raises(UsageError) as refused:
        renew(vault, vault.clock, lease)
    assert "batch token" in refused.value.why


def test_what_is_gone_says_how_to_get_anew(vault: MemoryVault) -> None:
    with pytest.raises(VaultNotFoundError, match="is gone") as refused:
        renew(vault, vault.clock, "aws/creds/reader/none")
    assert "vaultaws creds reader" in refused.value.do


@pytest.mark.parametrize("lease", ["", "reader", "aws/creds/reader/", "secret/data/x/y", "///"])
def test_what_is_no_lease_of_aws_is_refused_before_any_call(vault: MemoryVault, lease: str) -> None:
    vault.forbidden.add("lookup_lease")
    with pytest.raises(UsageError, match="not a lease"):
        renew(vault, vault.clock, lease)


def test_a_token_that_ends_sooner_is_named(vault: MemoryVault) -> None:
    lease = lease_of(vault)
    vault.token = replace(vault.token, expires_at=vault.clock.now() + timedelta(minutes=5))
    assert "renew it too" in renew(vault, vault.clock, lease, 3600, "accessor-1").notes[0]
    assert renew(vault, vault.clock, lease, 3600, "another").notes == ()
    vault.forbidden.add("whoami")
    assert renew(vault, vault.clock, lease, 3600, "accessor-1").notes == ()


def test_a_denial_is_the_server_s_own(vault: MemoryVault) -> None:
    lease = lease_of(vault)
    vault.forbidden.add("renew_lease")
    with pytest.raises(VaultDeniedError):
        renew(vault, vault.clock, lease)
