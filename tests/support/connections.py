"""How tests reach a server and the local AWS: settings, keys, clients, users of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from vaultaws.local.awsprocess import LocalAws
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import Credentials, Secret
from vaultaws.vault.connection import ConnectionSettings

POLICIES = Path(__file__).parents[2] / "policies"
REGION = "eu-west-2"


@dataclass(frozen=True)
class User:
    """An IAM user with one key."""

    name: str
    key: Credentials


def policy(name: str) -> dict[str, Any]:
    """A ready policy, as it is shipped."""
    document: dict[str, Any] = json.loads((POLICIES / f"{name}.json").read_text("utf-8"))
    return document


def settings_for(server: RunningServer, token: Secret | None = None) -> ConnectionSettings:
    """The server with a token, its root token when none is given."""
    return ConnectionSettings(address=server.address, token=token or server.root_token)


def administrator(aws: LocalAws) -> Credentials:
    """The local AWS's administrator."""
    return Credentials(aws.access_key_id, aws.secret_access_key)


def aws_client(
    aws: LocalAws, service: str, *, region: str = REGION, credentials: Credentials | None = None
) -> Any:
    """A client of the local AWS that fails at once instead of retrying; the administrator's."""
    used = credentials or administrator(aws)
    make: Callable[..., Any] = boto3.client
    return make(
        service,
        endpoint_url=aws.endpoint,
        region_name=region,
        aws_access_key_id=used.access_key_id,
        aws_secret_access_key=used.secret_access_key.reveal(),
        aws_session_token=used.session_token.reveal() if used.session_token else None,
        config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
    )


def make_user(aws: LocalAws, name: str, document: Mapping[str, Any]) -> User:
    """A new IAM user with one inline policy and one key, which AWS may not honour yet."""
    iam = aws_client(aws, "iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(document))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return User(name, Credentials(made["AccessKeyId"], Secret(made["SecretAccessKey"])))
