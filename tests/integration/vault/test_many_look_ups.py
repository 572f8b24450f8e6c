"""Many leases looked up on real servers, over TLS and over connections that end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.cutter import Cut, Cutter
from tests.support.engine import Engine, a_role
from tests.support.relay import Relay
from vaultaws.errors import VaultDeniedError, VaultUnreachableError
from vaultaws.model import CredentialType, Lease, Secret
from vaultaws.vault.connection import Tls
from vaultaws.vault.gateway import HvacVault

COUNT = 80


@pytest.fixture
def leases(engine: Engine) -> list[str]:
    vault, mount = engine.vault, engine.mount
    vault.write_role(mount, a_role("reader", CredentialType.FEDERATION_TOKEN))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: vault.issue(mount, "reader", sts=True), range(COUNT)))
    return vault.list_leases(mount)


def ends(found: list[Lease]) -> list[tuple[str, datetime | None]]:
    """What of leases stays: their rest of life is another at each look."""
    return [(lease.id, lease.expires_at) for lease in found]


@pytest.mark.parametrize("cut", list(Cut))
def test_each_is_found_whatever_becomes_of_the_connections(
    engine: Engine, leases: list[str], cut: Cut
) -> None:
    """Looked up by itself, each says the same."""
    known = [engine.vault.lookup_lease(lease_id) for lease_id in leases]
    assert [lease.id for lease in known] == leases
    assert len(known) == COUNT
    with Cutter(
        engine.settings.address, lambda number: cut if number % 25 == 0 else Cut.NOT
    ) as cutter:
        settings = replace(engine.settings, address=cutter.address)
        with HvacVault(settings) as vault:
            assert ends(vault.lookup_leases(leases)) == ends(known)


def test_over_tls_a_server_may_end_connections_and_one_that_is_not_trusted_hears_nothing(
    engine: Engine, leases: list[str], tmp_path: Path
) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    relay = Relay(engine.settings.address, context=authority.server(), keeps=7)
    try:
        trusted = replace(
            engine.settings, address=relay.address, tls=Tls(ca_file=str(authority.root))
        )
        with HvacVault(trusted) as vault:
            found = vault.lookup_leases(leases)
        assert ends(found) == ends(engine.vault.lookup_leases(leases))
        asked = len(relay.writes)
        assert asked >= COUNT
        stranger = replace(trusted, tls=Tls(ca_file=str(other.root)))
        with (
            HvacVault(stranger) as vault,
            pytest.raises(VaultUnreachableError, match="no TLS connection"),
        ):
            vault.lookup_leases(leases)
        assert len(relay.writes) == asked
    finally:
        relay.stop()


def test_one_that_ended_is_left_out_and_a_refusal_ends_it_all(
    engine: Engine, leases: list[str]
) -> None:
    engine.vault.revoke_lease(leases[40])
    found = engine.vault.lookup_leases(leases)
    assert [lease.id for lease in found] == leases[:40] + leases[41:]
    with (
        HvacVault(replace(engine.settings, token=Secret("made-up"))) as stranger,
        pytest.raises(VaultDeniedError),
    ):
        stranger.lookup_leases(leases)
