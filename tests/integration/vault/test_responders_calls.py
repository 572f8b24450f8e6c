"""What a responder asks of a server: leases that are stuck, tokens and entities to be ended."""

from __future__ import annotations

import secrets

import pytest

from tests.support.connections import settings_for
from tests.support.engine import Engine, a_role
from tests.support.gone import behind_its_back
from tests.support.wired import Wired
from vaultaws.errors import VaultDeniedError, VaultNotFoundError
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import Secret
from vaultaws.vault.gateway import HvacVault


@pytest.fixture
def vault(server: RunningServer) -> HvacVault:
    return HvacVault(settings_for(server))


class TestIrrevocable:
    def test_the_listing_is_there(self, vault: HvacVault) -> None:
        listed = vault.irrevocable_leases()
        assert listed is not None
        assert all(one.lease_id and one.error for one in listed)

    def test_it_needs_sudo(self, server: RunningServer, vault: HvacVault) -> None:
        answer = vault.write("auth/token/create", {"policies": ["default"]})
        assert answer is not None
        poor = HvacVault(settings_for(server, Secret(answer["auth"]["client_token"])))
        with pytest.raises(VaultDeniedError):
            poor.irrevocable_leases()


class TestForce:
    def test_exactly_one_lease_is_forgotten(self, engine: Engine) -> None:
        vault, mount = engine.vault, engine.mount
        vault.write_role(mount, a_role("r"))
        first, second = (vault.issue(mount, "r", sts=False).lease.id for _ in range(2))
        vault.force_revoke_lease(first)
        assert vault.list_leases(mount) == [second]
        vault.force_revoke_lease(first)
        vault.revoke_lease(second)

    @pytest.mark.parametrize("cut", [1, 2, 3])
    def test_a_prefix_is_no_lease(self, engine: Engine, cut: int) -> None:
        vault, mount = engine.vault, engine.mount
        vault.write_role(mount, a_role("r"))
        lease = vault.issue(mount, "r", sts=False).lease.id
        prefix = lease.rsplit("/", cut)[0]
        for written in (prefix, f"{prefix}/"):
            vault.force_revoke_lease(written)
        assert vault.list_leases(mount) == [lease]
        vault.revoke_lease(lease)

    def test_a_user_that_is_gone_from_aws(
        self, wired: Wired, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)
        vault, mount = wired.vault, wired.mount
        vault.write_role(mount, a_role("r"))
        issued = vault.issue(mount, "r", sts=False)
        behind_its_back(wired.aws, issued.credentials.access_key_id)
        vault.force_revoke_lease(issued.lease.id)
        assert vault.list_leases(mount) == []


class TestTokens:
    def test_an_accessor_ends_its_token(self, server: RunningServer, vault: HvacVault) -> None:
        answer = vault.write("auth/token/create", {"policies": ["default"], "display_name": "ada"})
        assert answer is not None
        accessor = answer["auth"]["accessor"]
        found = vault.token_of_accessor(accessor)
        assert found is not None
        assert (found.accessor, found.display_name) == (accessor, "token-ada")
        vault.revoke_accessor(accessor)
        assert vault.token_of_accessor(accessor) is None
        vault.revoke_accessor(accessor)
        with pytest.raises(VaultDeniedError):
            HvacVault(settings_for(server, Secret(answer["auth"]["client_token"]))).whoami()

    @pytest.mark.parametrize("accessor", ["nobody", "a/b", "x" * 300, "ü \x1b[31m"])
    def test_what_is_no_accessor_is_gone(self, vault: HvacVault, accessor: str) -> None:
        assert vault.token_of_accessor(accessor) is None
        vault.revoke_accessor(accessor)

    def test_who_may_not_is_told(self, server: RunningServer, vault: HvacVault) -> None:
        answer = vault.write("auth/token/create", {"policies": ["default"]})
        assert answer is not None
        poor = HvacVault(settings_for(server, Secret(answer["auth"]["client_token"])))
        with pytest.raises(VaultDeniedError):
            poor.revoke_accessor("nobody")


class TestEntities:
    def test_one_is_disabled_and_enabled(self, vault: HvacVault) -> None:
        made = vault.create_entity(f"ada-{secrets.token_hex(4)}", None)
        vault.write(f"identity/entity/id/{made.id}", {"policies": ["p"], "metadata": {"a": "b"}})
        for disabled in (True, True, False):
            vault.set_entity_disabled(made.id, disabled)
            state = vault.entity(made.id)
            assert state is not None
            assert (state.name, state.disabled, state.policies) == (made.name, disabled, ("p",))
        answer = vault.read(f"identity/entity/id/{made.id}")
        assert answer is not None
        assert answer["data"]["metadata"] == {"a": "b"}

    def test_nobody_is_not_made(self, vault: HvacVault) -> None:
        nobody = "00000000-0000-4000-8000-000000000000"
        assert vault.entity(nobody) is None
        with pytest.raises(VaultNotFoundError):
            vault.set_entity_disabled(nobody, True)
        assert vault.entity(nobody) is None
