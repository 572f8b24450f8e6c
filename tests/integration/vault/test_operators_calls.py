"""Mount, static roles, audit devices, ACL policies and auth methods, on real servers."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.connections import settings_for
from tests.support.engine import Engine
from tests.support.wired import Wired
from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError, VaultRefusedError
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import AuditDevice, Secret, ServerProduct, StaticRole
from vaultaws.vault.abilities import lists_static_roles
from vaultaws.vault.administration import Administration
from vaultaws.vault.errors import MountMissingError
from vaultaws.vault.gateway import HvacVault

RULES = 'path "aws/creds/reader" { capabilities = ["read"] }'


def fresh(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


def powerless(engine: Engine) -> HvacVault:
    made = engine.vault.write("auth/token/create", {"policies": ["default"], "ttl": "5m"})
    assert made is not None
    return HvacVault(replace(engine.settings, token=Secret(made["auth"]["client_token"])))


def test_the_gateway_is_the_operators_door(engine: Engine) -> None:
    door: Administration = engine.vault
    assert door.health().enterprise is False


class TestTuning:
    def test_each_setting_is_read_back_and_the_others_stay(self, engine: Engine) -> None:
        vault, mount = engine.vault, engine.mount
        expected = vault.mounts()[mount]
        for settings, changed in (
            ({"description": "for people"}, {"description": "for people"}),
            ({"default_lease_ttl": 60}, {"default_lease_ttl_seconds": 60}),
            ({"max_lease_ttl": 7200}, {"max_lease_ttl_seconds": 7200}),
            (
                {"audit_non_hmac_response_keys": ["access_key", "arn"]},
                {"audit_non_hmac_response_keys": ("access_key", "arn")},
            ),
            (
                {"audit_non_hmac_request_keys": ["ttl"]},
                {"audit_non_hmac_request_keys": ("ttl",)},
            ),
            ({"listing_visibility": "unauth"}, {"listing_visibility": "unauth"}),
        ):
            vault.tune_mount(mount, settings)
            expected = replace(expected, **changed)
            assert vault.mounts()[mount] == expected

    def test_what_is_empty_clears(self, engine: Engine) -> None:
        vault, mount = engine.vault, engine.mount
        before = vault.mounts()[mount]
        full = {
            "description": "d",
            "audit_non_hmac_request_keys": ["ttl"],
            "audit_non_hmac_response_keys": ["arn"],
            "listing_visibility": "hidden",
        }
        vault.tune_mount(mount, full)
        assert vault.mounts()[mount] != before
        vault.tune_mount(mount, {key: value[:0] for key, value in full.items()})
        assert vault.mounts()[mount] == before

    def test_a_missing_mount_or_a_bad_value_is_refused(self, engine: Engine) -> None:
        with pytest.raises(VaultError):
            engine.vault.tune_mount("team/none", {"description": "d"})
        before = engine.vault.mounts()[engine.mount]
        with pytest.raises(VaultRefusedError):
            engine.vault.tune_mount(engine.mount, {"listing_visibility": "sometimes"})
        assert engine.vault.mounts()[engine.mount] == before


class TestStaticRoles:
    def test_a_life_of_one(self, wired: Wired) -> None:
        vault, mount = wired.vault, wired.mount
        iam, user = wired.client("iam"), fresh("vault-deploy")
        iam.create_user(UserName=user)
        role = StaticRole(fresh("static"), user, 3600)
        vault.write_static_role(mount, role)
        assert vault.read_static_roles(mount, ["none", role.name, "nor-this"]) == (role,)
        listed = vault.list_static_roles(mount)
        assert listed == ([role.name] if lists_static_roles(vault.health()) else [])
        key_id, ends = vault.static_key(mount, role.name)
        known = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        assert [key["AccessKeyId"] for key in known] == [key_id]
        assert ends is not None
        assert timedelta(minutes=50) < ends - datetime.now(UTC) <= timedelta(minutes=60)
        longer = replace(role, rotation_period_seconds=7200)
        vault.write_static_role(mount, longer)
        assert vault.read_static_roles(mount, [role.name]) == (longer,)
        assert vault.static_key(mount, role.name)[0] == key_id
        vault.delete_static_role(mount, role.name)
        assert vault.read_static_roles(mount, [role.name]) == ()
        assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"] == []
        assert iam.get_user(UserName=user)["User"]["UserName"] == user

    def test_what_is_refused_is_named(self, wired: Wired) -> None:
        vault, mount = wired.vault, wired.mount
        with pytest.raises(VaultError, match="static-roles/ghost"):
            vault.write_static_role(mount, StaticRole("ghost", "no-such-user", 3600))
        with pytest.raises(VaultError) as short:
            vault.write_static_role(mount, StaticRole("short", wired.root_user, 5))
        assert "rotation period" in short.value.why
        with pytest.raises(VaultNotFoundError, match='no static role "ghost"'):
            vault.static_key(mount, "ghost")
        for ask in (
            lambda: vault.list_static_roles("team/none"),
            lambda: vault.read_static_roles("team/none", ["r"]),
            lambda: vault.static_key("team/none", "r"),
        ):
            with pytest.raises(MountMissingError, match="team/none/"):
                ask()


class TestAuditDevices:
    def test_those_of_the_server_are_read(self, engine: Engine) -> None:
        devices = engine.vault.read_audit_devices()
        assert sorted(devices) == engine.vault.audit_devices()
        (device,) = (devices[path] for path in devices if devices[path].type == "file")
        assert dict(device.options)["file_path"].endswith("audit.log")

    def test_one_is_enabled_where_the_server_allows_it(
        self, own_server: RunningServer, tmp_path: Path
    ) -> None:
        """OpenBao takes audit devices from its configuration only, unless told otherwise."""
        options = (("file_path", str(tmp_path / "second.log")), ("mode", "0600"))
        device = AuditDevice("second", "file", options, "of the test")
        with HvacVault(settings_for(own_server)) as vault:
            if own_server.product is ServerProduct.OPENBAO:
                with pytest.raises(VaultRefusedError) as caught:
                    vault.enable_audit_device(device)
                assert "configuration" in caught.value.do
                assert "second" not in vault.read_audit_devices()
                return
            vault.enable_audit_device(device)
            assert vault.read_audit_devices()["second"] == device
            with pytest.raises(VaultRefusedError):
                vault.enable_audit_device(device)

    def test_reading_needs_the_right(self, engine: Engine) -> None:
        with powerless(engine) as person, pytest.raises(VaultDeniedError) as caught:
            person.read_audit_devices()
        assert "sudo" in caught.value.do


class TestAclPolicies:
    def test_a_life_of_one(self, engine: Engine) -> None:
        vault, name = engine.vault, fresh("Team.Reader")
        vault.write_acl_policy(name, RULES)
        assert name.lower() in vault.list_acl_policies()
        assert vault.read_acl_policies([name, "no-such-policy"]) == {name: RULES}
        vault.write_acl_policy(name, f"{RULES}\n# again\n")
        assert vault.read_acl_policies([name]) == {name: f"{RULES}\n# again\n"}
        vault.delete_acl_policy(name)
        assert vault.read_acl_policies([name]) == {}
        assert name.lower() not in vault.list_acl_policies()

    def test_a_text_that_is_none_is_refused(self, engine: Engine) -> None:
        name = fresh("bad")
        with pytest.raises(VaultRefusedError):
            engine.vault.write_acl_policy(name, 'path "a" {')
        assert engine.vault.read_acl_policies([name]) == {}


class TestAuthMethods:
    def test_they_are_read_by_path(self, engine: Engine) -> None:
        path = f"team/{fresh('ci')}"
        engine.vault.write(f"sys/auth/{path}", {"type": "approle"})
        found = engine.vault.auth_mounts()
        assert found[path].type == "approle"
        assert found[path].accessor.startswith("auth_approle_")
        assert found["token"].type == "token"

    def test_an_approles_id_is_its_name_as_an_alias(self, engine: Engine) -> None:
        vault, path = engine.vault, fresh("ci")
        vault.write(f"sys/auth/{path}", {"type": "approle"})
        vault.write(f"auth/{path}/role/build", {})
        role_id = vault.approle_role_id(path, "build")
        assert role_id
        made = vault.write(f"auth/{path}/role/build/secret-id", {})
        assert made is not None
        login = {"role_id": role_id, "secret_id": made["data"]["secret_id"]}
        answer = vault.write(f"auth/{path}/login", login)
        assert answer is not None
        found = vault.find_entity(alias=(vault.auth_mounts()[path].accessor, role_id))
        assert found is not None
        assert found.id == answer["auth"]["entity_id"]
        assert vault.approle_role_id(path, "none") is None
        with pytest.raises(MountMissingError):
            vault.approle_role_id(fresh("none"), "build")
