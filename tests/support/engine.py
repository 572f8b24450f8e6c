"""A mount of one's own on a running server, wired to the local AWS."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaultaws.aws.sessions import client
from vaultaws.aws.wait import wait_until_good
from vaultaws.clock import SystemClock
from vaultaws.local.awsprocess import LocalAws
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import Credentials, CredentialType, Role, RootConfig, Secret
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

POLICIES = Path(__file__).parents[2] / "policies"


@dataclass(frozen=True)
class Engine:
    """An AWS engine, the root token's gateway to it, and Vault's own IAM user."""

    vault: HvacVault
    mount: str
    root_user: str
    settings: ConnectionSettings


def policy(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((POLICIES / f"{name}.json").read_text())
    return document


def administrator(aws: LocalAws) -> Credentials:
    return Credentials(aws.access_key_id, aws.secret_access_key)


def settings_for(server: RunningServer, token: Secret | None = None) -> ConnectionSettings:
    return ConnectionSettings(address=server.address, token=token or server.root_token)


@dataclass(frozen=True)
class User:
    """An IAM user with one key, already good."""

    name: str
    key: Credentials


def open_engine(server: RunningServer, aws: LocalAws, root: User) -> Engine:
    """Enable the engine at a path of its own and write its root."""
    name = f"aws-{secrets.token_hex(4)}"
    settings = settings_for(server)
    vault = HvacVault(settings)
    vault.enable_aws(name)
    vault.tune(name, default_ttl_seconds=900, max_ttl_seconds=3600)
    endpoint = server.aws_endpoint(aws.endpoint)
    config = RootConfig(
        access_key_id=root.key.access_key_id,
        region="eu-west-2",
        iam_endpoint=endpoint,
        sts_endpoint=endpoint,
    )
    vault.write_root(name, config, root.key.secret_access_key)
    return Engine(vault, name, root.name, settings)


def make_user(aws: LocalAws, document: dict[str, Any]) -> User:
    """A new IAM user with one inline policy and one key."""
    name = f"vault-{secrets.token_hex(4)}"
    iam = client("iam", credentials=administrator(aws))
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(document))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    key = Credentials(made["AccessKeyId"], Secret(made["SecretAccessKey"]))
    wait_until_good(key, clock=SystemClock(), regions=["eu-west-2"])
    return User(name, key)


def a_role(name: str, kind: CredentialType = CredentialType.IAM_USER, **fields: Any) -> Role:
    """A role that may describe EC2, and no more."""
    wanted: dict[str, Any] = {"policy_document": policy("ec2readonly")} | fields
    return Role(name, kind, **wanted)
