"""Leases on real servers: issued, listed, looked up, renewed, revoked, and AWS agrees."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.connections import administrator
from tests.support.engine import Engine, a_role
from vaultaws.aws.identity import Directory
from vaultaws.clock import SystemClock
from vaultaws.errors import UsageError, VaultNotFoundError, VaultRefusedError
from vaultaws.local.awsprocess import LocalAws
from vaultaws.model import CredentialType

pytestmark = pytest.mark.integration

FEDERATION = CredentialType.FEDERATION_TOKEN


def test_an_iam_users_life(engine: Engine, local_aws: LocalAws) -> None:
    vault, mount = engine.vault, engine.mount
    vault.write_role(mount, a_role("r"))
    people = Directory(administrator(local_aws), "us-east-1")
    before = {user.name for user in people.users()}
    asked_at = SystemClock().now()
    issued = vault.issue(mount, "r", sts=False)
    (name,) = {user.name for user in people.users()} - before
    assert [key.id for key in people.access_keys(name)] == [issued.credentials.access_key_id]
    assert people.key_owner(issued.credentials.access_key_id) == name
    assert people.key_owner("AKIA" + "0" * 16) == ""
    (user,) = people.users(prefix=name)
    assert user.created_at >= asked_at - timedelta(seconds=1)
    assert list(people.users("/elsewhere/")) == []
    assert issued.credentials.expires_at is None
    assert issued.lease.parts == (mount, "creds", "r")
    assert issued.lease.expires_at is not None
    assert issued.lease.expires_at <= asked_at + timedelta(seconds=901)

    looked_up = vault.lookup_lease(issued.lease.id)
    assert looked_up.id == issued.lease.id
    assert looked_up.expires_at is not None
    assert issued.lease.expires_at <= looked_up.expires_at
    renewed = vault.renew_lease(issued.lease.id, increment_seconds=1800)
    assert renewed.ttl_seconds == 1800
    assert vault.list_leases(mount) == [issued.lease.id]

    vault.revoke_lease(issued.lease.id)
    assert not people.user_exists(name)
    assert people.access_keys(name) == ()
    assert vault.list_leases(mount) == []
    with pytest.raises(VaultNotFoundError, match="does not know the lease"):
        vault.lookup_lease(issued.lease.id)
    vault.revoke_lease(issued.lease.id)


def test_a_token_outlives_the_lease_the_mount_cuts_short(engine: Engine) -> None:
    vault, mount = engine.vault, engine.mount
    vault.tune_mount(mount, {"default_lease_ttl": 900, "max_lease_ttl": 1000})
    vault.write_role(mount, a_role("f", FEDERATION, max_sts_ttl_seconds=3600))
    asked_at = SystemClock().now()
    issued = vault.issue(mount, "f", sts=True, ttl_seconds=1800)
    token, lease = issued.credentials, issued.lease
    assert token.session_token is not None
    assert token.expires_at is not None
    assert lease.expires_at is not None
    assert lease.expires_at <= asked_at + timedelta(seconds=1001)
    assert asked_at + timedelta(seconds=1700) < token.expires_at
    assert token.expires_at <= asked_at + timedelta(seconds=1801)
    assert not lease.renewable
    assert lease.parts == (mount, "sts", "f")


def test_leases_are_listed_below_a_prefix_across_both_endpoints(engine: Engine) -> None:
    vault, mount = engine.vault, engine.mount
    vault.write_role(mount, a_role("u"))
    vault.write_role(mount, a_role("f", FEDERATION))
    made = [
        vault.issue(mount, role, sts=sts).lease.id
        for role, sts in (("u", False), ("u", False), ("f", True), ("f", False))
    ]
    assert sorted(vault.list_leases(mount)) == sorted(made)
    assert sorted(vault.list_leases(f"{mount}/creds/u/")) == sorted(made[:2])
    assert vault.list_leases(f"{mount}/sts") == [made[2]]
    assert vault.list_leases("none") == []
    for lease in made:
        vault.revoke_lease(lease)
    assert vault.list_leases(mount) == []


def test_what_aws_refuses_at_issuance_is_told(engine: Engine) -> None:
    vault, mount = engine.vault, engine.mount
    vault.write_role(mount, a_role("f", FEDERATION))
    with pytest.raises(VaultRefusedError) as caught:
        vault.issue(mount, "f", sts=True, ttl_seconds=10)
    assert "900" in caught.value.why
    with pytest.raises(UsageError):
        vault.issue(mount, "f", sts=True, ttl_seconds=0)
    assert vault.list_leases(mount) == []
