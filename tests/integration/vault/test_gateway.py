"""The door to Vault against real servers: what is written is read, what goes wrong is named."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from tests.support.connections import settings_for
from tests.support.engine import Engine, a_role
from tests.support.sealing import unseal_key
from vaultaws.errors import (
    UsageError,
    VaultDeniedError,
    VaultNotFoundError,
    VaultRefusedError,
    VaultSealedError,
)
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import CredentialType, Role, Secret
from vaultaws.vault import login
from vaultaws.vault.errors import MountMissingError
from vaultaws.vault.gateway import HvacVault

pytestmark = pytest.mark.integration

FEDERATION = CredentialType.FEDERATION_TOKEN
READ_ROLES = 'path "{mount}/roles/*" {{ capabilities = ["read"] }}'


class TestServer:
    def test_health_names_the_product(self, server: RunningServer) -> None:
        with HvacVault(settings_for(server)) as vault:
            health = vault.health()
        assert health.product is server.product
        assert health.version.split("+")[0] == server.version.split("+")[0].strip(" ,")
        assert health.initialized
        assert not health.sealed
        assert not health.standby

    def test_a_sealed_server_says_so(self, server: RunningServer) -> None:
        with HvacVault(settings_for(server)) as vault:
            key = unseal_key(server)
            vault.write("sys/seal", {})
            try:
                assert vault.health().sealed
                with pytest.raises(VaultSealedError, match="is sealed"):
                    vault.mounts()
                with pytest.raises(VaultSealedError, match="is sealed"):
                    vault.issue("aws", "r", sts=False)
            finally:
                vault.write("sys/unseal", {"key": key})
            assert not vault.health().sealed

    def test_the_root_token_knows_itself(self, server: RunningServer) -> None:
        with HvacVault(settings_for(server)) as vault:
            info = vault.whoami()
        assert info.policies == ("root",)
        assert info.expires_at is None

    def test_the_audit_device_hashes(self, server: RunningServer) -> None:
        with HvacVault(settings_for(server)) as vault:
            (device,) = vault.audit_devices()
            digest = vault.audit_hash(device, "a value")
            assert digest.startswith("hmac-sha256:")
            assert digest == vault.audit_hash(device, "a value")
            with pytest.raises(VaultRefusedError):
                vault.audit_hash("none", "a value")


class TestMount:
    def test_it_is_listed_with_its_bounds(self, engine: Engine) -> None:
        found = engine.vault.mounts()[engine.mount]
        assert found.type == "aws"
        assert (found.default_lease_ttl_seconds, found.max_lease_ttl_seconds) == (900, 3600)

    def test_it_cannot_be_enabled_twice(self, engine: Engine) -> None:
        with pytest.raises(VaultRefusedError) as caught:
            engine.vault.enable_aws(engine.mount)
        assert "already in use" in caught.value.why

    def test_what_was_never_written_is_none(self, engine: Engine) -> None:
        fresh = f"aws-{secrets.token_hex(4)}"
        engine.vault.enable_aws(fresh)
        assert engine.vault.read_root(fresh) is None
        assert engine.vault.read_lease_config(fresh) is None
        assert engine.vault.list_roles(fresh) == []

    def test_lease_bounds_are_read_back(self, engine: Engine) -> None:
        engine.vault.write_lease_config(engine.mount, lease_seconds=600, max_seconds=1200)
        assert engine.vault.read_lease_config(engine.mount) == (600, 1200)

    def test_a_missing_mount_is_named_everywhere(self, engine: Engine) -> None:
        vault = engine.vault
        for ask in (
            lambda: vault.list_roles("team/none"),
            lambda: vault.read_role("team/none", "r"),
            lambda: vault.read_root("team/none"),
            lambda: vault.issue("team/none", "r", sts=True),
        ):
            with pytest.raises(MountMissingError, match="team/none/"):
                ask()


class TestRoles:
    @pytest.mark.parametrize(
        "role",
        [
            a_role("user", user_path="/vault/"),
            a_role("managed", policy_document=None, policy_arns=("arn:aws:iam::aws:policy/A",)),
            a_role("token", FEDERATION, default_sts_ttl_seconds=900, max_sts_ttl_seconds=3600),
            a_role(
                "role",
                CredentialType.ASSUMED_ROLE,
                role_arns=("arn:aws:iam::123456789012:role/vault-x",),
            ),
            a_role("session", CredentialType.SESSION_TOKEN, policy_document=None),
        ],
        ids=lambda role: role.name,
    )
    def test_each_type_is_read_back_as_written(self, engine: Engine, role: Role) -> None:
        engine.vault.write_role(engine.mount, role)
        assert engine.vault.read_role(engine.mount, role.name) == role

    def test_a_write_is_whole(self, engine: Engine) -> None:
        vault, mount = engine.vault, engine.mount
        vault.write_role(mount, a_role("r", policy_arns=("arn:aws:iam::aws:policy/A",)))
        vault.write_role(mount, a_role("r"))
        assert vault.read_role(mount, "r") == a_role("r")

    def test_an_unknown_role_names_the_nearest(self, engine: Engine) -> None:
        vault, mount = engine.vault, engine.mount
        for name in ("ec2readonly", "ec2readonly-sts", "deploy"):
            vault.write_role(mount, a_role(name))
        assert vault.list_roles(mount) == ["deploy", "ec2readonly", "ec2readonly-sts"]
        for ask in (
            lambda: vault.read_role(mount, "ec2readnly"),
            lambda: vault.issue(mount, "ec2readnly", sts=False),
        ):
            with pytest.raises(VaultNotFoundError, match="ec2readnly") as caught:
                ask()
            assert "nearest are ec2readonly, ec2readonly-sts" in caught.value.why
        vault.delete_role(mount, "deploy")
        assert "deploy" not in vault.list_roles(mount)

    def test_the_servers_own_words_reach_the_error(self, engine: Engine) -> None:
        path = f"{engine.mount}/roles/bad"
        with pytest.raises(VaultRefusedError) as caught:
            engine.vault.write(path, {"credential_type": "nope"})
        assert "unrecognized credential type: nope" in caught.value.why
        assert engine.vault.read(path) is None


class TestDenial:
    def test_a_wrong_token(self, server: RunningServer) -> None:
        with (
            HvacVault(settings_for(server, Secret("wrong"))) as vault,
            pytest.raises(VaultDeniedError, match="does not know the token"),
        ):
            vault.list_roles("aws")

    def test_no_token(self, server: RunningServer) -> None:
        settings = replace(settings_for(server), token=None)
        with HvacVault(settings) as vault, pytest.raises(VaultDeniedError, match="no token"):
            vault.list_roles("aws")

    def test_a_missing_capability_is_named(self, engine: Engine) -> None:
        engine.vault.write_role(engine.mount, a_role("r"))
        reader = self.person(engine)
        assert reader.read_role(engine.mount, "r") == a_role("r")
        assert reader.capabilities(f"{engine.mount}/roles/r", f"{engine.mount}/creds/r") == {
            f"{engine.mount}/roles/r": ("read",),
            f"{engine.mount}/creds/r": ("deny",),
        }
        with pytest.raises(VaultDeniedError, match=f"{engine.mount}/creds/r") as caught:
            reader.issue(engine.mount, "r", sts=False)
        assert "do not grant read" in caught.value.why
        with pytest.raises(VaultNotFoundError) as missing:
            reader.read_role(engine.mount, "other")
        assert "may not list" in missing.value.why
        reader.close()

    def person(self, engine: Engine) -> HvacVault:
        name = f"p-{secrets.token_hex(4)}"
        rules = READ_ROLES.format(mount=engine.mount)
        engine.vault.write(f"sys/policies/acl/{name}", {"policy": rules})
        made = engine.vault.write("auth/token/create", {"policies": [name], "ttl": "10m"})
        assert made is not None
        token = Secret(made["auth"]["client_token"])
        return HvacVault(replace(engine.settings, token=token))


class TestLogin:
    def test_userpass(self, engine: Engine) -> None:
        auth, password = f"up-{secrets.token_hex(4)}", secrets.token_urlsafe(12)
        engine.vault.write(f"sys/auth/{auth}", {"type": "userpass"})
        engine.vault.write(f"auth/{auth}/users/ada", {"password": password, "ttl": "10m"})
        settings = replace(engine.settings, token=None)
        done = login.with_userpass(settings, "ada", Secret(password), mount=auth)
        assert done.info.display_name == f"{auth}-ada"
        assert done.info.entity_id
        assert done.info.expires_at is not None
        assert login.with_token(settings, done.token).info == done.info
        with pytest.raises(VaultDeniedError, match="refused the login") as caught:
            login.with_userpass(settings, "ada", Secret("wrong password"), mount=auth)
        assert "wrong password" not in caught.value.describe()
        with pytest.raises(VaultDeniedError):
            login.with_userpass(settings, "ada", Secret(password), mount="none")
        with pytest.raises(UsageError):
            login.with_userpass(settings, "", Secret(password))

    def test_approle(self, engine: Engine) -> None:
        vault, auth = engine.vault, f"ar-{secrets.token_hex(4)}"
        vault.write(f"sys/auth/{auth}", {"type": "approle"})
        vault.write(f"auth/{auth}/role/ci", {"token_ttl": "10m"})
        role_id = (vault.read(f"auth/{auth}/role/ci/role-id") or {})["data"]["role_id"]
        made = vault.write(f"auth/{auth}/role/ci/secret-id", {})
        assert made is not None
        settings = replace(engine.settings, token=None)
        secret_id = Secret(made["data"]["secret_id"])
        assert login.with_approle(settings, role_id, secret_id, mount=auth).info.accessor
        with pytest.raises(VaultDeniedError, match="refused the login"):
            login.with_approle(settings, role_id, None, mount=auth)
