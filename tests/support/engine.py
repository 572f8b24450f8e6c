"""A mount of one's own on a running server, wired to the local AWS."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.connections import REGION, User, make_user, policy, settings_for
from vaultaws.aws.wait import wait_until_good
from vaultaws.clock import SystemClock
from vaultaws.local.awsprocess import LocalAws
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import CredentialType, Role, RootConfig
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault


@dataclass(frozen=True)
class Engine:
    """An AWS engine, the root token's gateway to it, and Vault's own IAM user."""

    vault: HvacVault
    mount: str
    root_user: str
    settings: ConnectionSettings


def open_engine(server: RunningServer, aws: LocalAws, root: User) -> Engine:
    """Enable the engine at a path of its own and write its root."""
    name = f"aws-{secrets.token_hex(4)}"
    settings = settings_for(server)
    vault = HvacVault(settings)
    vault.enable_aws(name)
    vault.tune_mount(name, {"default_lease_ttl": 900, "max_lease_ttl": 3600})
    endpoint = server.aws_endpoint(aws.endpoint)
    config = RootConfig(
        access_key_id=root.key.access_key_id,
        region=REGION,
        iam_endpoint=endpoint,
        sts_endpoint=endpoint,
    )
    vault.write_root(name, config, root.key.secret_access_key)
    return Engine(vault, name, root.name, settings)


def good_user(aws: LocalAws, document: Mapping[str, Any]) -> User:
    """A new IAM user whose key AWS honours by now."""
    user = make_user(aws, f"vault-{secrets.token_hex(4)}", document)
    wait_until_good(user.key, clock=SystemClock(), regions=[REGION])
    return user


def a_role(name: str, kind: CredentialType = CredentialType.IAM_USER, **fields: Any) -> Role:
    """A role that may describe EC2, and no more."""
    wanted: dict[str, Any] = {"policy_document": policy("ec2readonly")} | fields
    return Role(name, kind, **wanted)
