"""A real server wired to a local AWS: the engine mounted, root written for a vault-root user."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.connections import aws_client, make_user, policy, settings_for
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.stack import StackState
from vaultaws.local.wire import Answer, ask
from vaultaws.model import Credentials
from vaultaws.vault.gateway import HvacVault


@dataclass(frozen=True)
class Wired:
    """A mount of its own on a shared server, and the AWS account behind it."""

    server: RunningServer
    aws: LocalAws
    options: AwsOptions
    mount: str
    root_user: str
    root_credentials: Credentials

    @property
    def vault(self) -> HvacVault:
        """The server through our gateway, with the root token."""
        return HvacVault(settings_for(self.server))

    @property
    def server_aws_endpoint(self) -> str:
        return self.server.aws_endpoint(self.aws.endpoint)

    def ask(self, path: str, data: Mapping[str, Any] | None = None, *, method: str = "") -> Answer:
        """One plain request with the root token: a GET, or a POST when there is data."""
        verb = method or ("GET" if data is None else "POST")
        token = self.server.root_token
        return ask(self.server.address, f"/v1/{path}", token=token, method=verb, data=data)

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A boto3 client of the local AWS, as its administrator or with other credentials."""
        return aws_client(self.aws, service, region=self.options.region, credentials=credentials)

    def user_names(self, part: str) -> list[str]:
        """The account's IAM users whose names hold `part`, from every page."""
        pages = self.client("iam").get_paginator("list_users").paginate()
        names = [user["UserName"] for page in pages for user in page["Users"]]
        return [name for name in names if part in name]

    def keys_of(self, user: str) -> list[str]:
        """The ids of a user's access keys."""
        listed = self.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
        return [key["AccessKeyId"] for key in listed]

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment of a `vaultaws` command that works on this mount."""
        state = StackState(self.server, self.aws, self.options)
        return {**state.environ_for_child(environ), "VAULTAWS_MOUNT": self.mount}


def wire_up(server: RunningServer, aws: LocalAws, options: AwsOptions) -> Wired:
    """Make a vault-root user with the shipped policy, mount the engine, write its root."""
    mark = secrets.token_hex(4)
    root_user, mount = f"vault-root-{mark}", f"aws-{mark}"
    user = make_user(aws, root_user, policy("vault-root"))
    wired = Wired(server, aws, options, mount, user.name, user.key)
    must(wired.ask(f"sys/mounts/{mount}", {"type": "aws"}))
    must(wired.ask(f"{mount}/config/root", root_config(wired)))
    return wired


def root_config(wired: Wired) -> dict[str, str]:
    """The engine's root, with the local AWS's address as the server sees it."""
    return {
        "access_key": wired.root_credentials.access_key_id,
        "secret_key": wired.root_credentials.secret_access_key.reveal(),
        "region": wired.options.region,
        "iam_endpoint": wired.server_aws_endpoint,
        "sts_endpoint": wired.server_aws_endpoint,
        "sts_region": wired.options.region,
    }


def unwire(wired: Wired) -> None:
    """Forget the mount's leases and unmount; the AWS account ends with the session."""
    for path in (f"sys/leases/revoke-force/{wired.mount}", f"sys/mounts/{wired.mount}"):
        method = "PUT" if "leases" in path else "DELETE"
        must(wired.ask(path, method=method))


def must(answer: Answer) -> Answer:
    """Fail the test on any refusal."""
    assert answer.status in (200, 204), answer.body
    return answer
