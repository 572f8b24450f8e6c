"""`config/root` on real servers: written whole, never by halves; the key is not lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.engine import Engine, a_role
from tests.support.wired import Wired
from vaultaws.errors import UsageError, VaultDeniedError, VaultError, VaultRefusedError
from vaultaws.model import RootConfig, Secret
from vaultaws.vault.abilities import keeps_root_key
from vaultaws.vault.defaults import normal_root
from vaultaws.vault.gateway import HvacVault

SECRET = Secret("s" * 40)


def stored_root(engine: Engine) -> RootConfig:
    found = engine.vault.read_root(engine.mount)
    assert found is not None
    return found


def test_a_write_says_every_field_again(engine: Engine) -> None:
    """hashicorp/vault#29851: what a write leaves out would be reset."""
    vault, mount = engine.vault, engine.mount
    before = replace(stored_root(engine), username_template="vault-{{ random 20 }}", max_retries=0)
    vault.write_root(mount, before, SECRET)
    vault.write_root(mount, replace(before, region="eu-west-1"), SECRET)
    assert stored_root(engine) == replace(before, region="eu-west-1")


def test_a_field_that_is_empty_now_is_cleared(engine: Engine) -> None:
    vault, mount = engine.vault, engine.mount
    key = stored_root(engine).access_key_id
    full = RootConfig(
        access_key_id=key,
        region="eu-west-1",
        iam_endpoint="http://127.0.0.1:9",
        sts_endpoint="http://127.0.0.1:9",
        username_template="vault-{{ random 20 }}",
        max_retries=5,
    )
    if keeps_root_key(vault.health()):
        full = replace(
            full,
            sts_region="eu-west-2",
            sts_fallback_endpoints=("http://127.0.0.1:8",),
            sts_fallback_regions=("eu-west-3",),
        )
    vault.write_root(mount, full, SECRET)
    assert stored_root(engine) == full
    vault.write_root(mount, RootConfig(access_key_id=key), SECRET)
    assert normal_root(stored_root(engine)) == RootConfig(access_key_id=key)


def test_without_the_secret_the_key_stays_or_nothing_is_written(engine: Engine) -> None:
    """Engines before Vault 1.19 would erase it (hashicorp/vault#17716)."""
    vault, mount, before = engine.vault, engine.mount, stored_root(engine)
    wanted = replace(before, max_retries=3)
    if keeps_root_key(vault.health()):
        vault.write_root(mount, wanted, None)
        assert stored_root(engine) == wanted
    else:
        with pytest.raises(UsageError, match="would erase"):
            vault.write_root(mount, wanted, None)
        assert stored_root(engine) == before
    vault.write_role(mount, a_role("reader"))
    issued = vault.issue(mount, "reader", sts=False)
    vault.revoke_lease(issued.lease.id)


def test_an_empty_pair_clears_the_stored_one(engine: Engine) -> None:
    vault, mount = engine.vault, engine.mount
    cleared = replace(stored_root(engine), access_key_id="")
    vault.write_root(mount, cleared, Secret(""))
    assert stored_root(engine) == cleared
    vault.write_root(mount, replace(cleared, region="eu-west-1"), None)
    assert stored_root(engine) == replace(cleared, region="eu-west-1")


def test_a_refused_write_changes_nothing_and_tells_no_secret(engine: Engine) -> None:
    vault, mount, before = engine.vault, engine.mount, stored_root(engine)
    wanted = replace(before, identity_token_audience="vault.example.com", role_arn="arn:x")
    with pytest.raises(VaultRefusedError) as caught:
        vault.write_root(mount, wanted, SECRET)
    assert SECRET.reveal() not in caught.value.describe()
    assert stored_root(engine) == before


class TestRotation:
    def test_the_new_keys_id_is_told(self, wired: Wired) -> None:
        vault, mount = wired.vault, wired.mount
        before = vault.read_root(mount)
        new = vault.rotate_root(mount)
        after = vault.read_root(mount)
        assert before is not None
        assert after == replace(before, access_key_id=new)
        assert new != before.access_key_id

    def test_it_needs_a_stored_key(self, engine: Engine) -> None:
        vault, mount = engine.vault, engine.mount
        vault.write_root(mount, replace(stored_root(engine), access_key_id=""), Secret(""))
        with pytest.raises(VaultError) as caught:
            vault.rotate_root(mount)
        assert "rotate-root" in caught.value.what

    def test_a_token_without_the_right_is_told_so(self, engine: Engine) -> None:
        made = engine.vault.write("auth/token/create", {"policies": ["default"], "ttl": "5m"})
        assert made is not None
        token = Secret(made["auth"]["client_token"])
        with (
            HvacVault(replace(engine.settings, token=token)) as person,
            pytest.raises(VaultDeniedError, match="config/rotate-root"),
        ):
            person.rotate_root(engine.mount)
