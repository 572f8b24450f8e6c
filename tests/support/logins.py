"""People who log in to a real server, and the roles they use."""

from __future__ import annotations

import json

from tests.support.connections import settings_for
from tests.support.wired import Wired, must
from vaultaws.model import Secret
from vaultaws.vault.gateway import HvacVault

READ_ONLY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
    }
)


def write_roles(wired: Wired) -> None:
    """Write reader (iam_user) and reader-sts (federation_token), both of them read-only."""
    for name, kind in (("reader", "iam_user"), ("reader-sts", "federation_token")):
        role = {"credential_type": kind, "policy_document": READ_ONLY}
        must(wired.ask(f"{wired.mount}/roles/{name}", role))


def log_in(wired: Wired, name: str) -> HvacVault:
    """Let a person log in by userpass who may issue at the mount, and nothing else."""
    return HvacVault(settings_for(wired.server, token_of(wired, name)))


def token_of(wired: Wired, name: str) -> Secret:
    """The token of such a person."""
    enabled = wired.ask("sys/auth/userpass", {"type": "userpass"})
    assert enabled.status == 204 or "already in use" in str(enabled.body), enabled.body
    policy = f"issue-{wired.mount}"
    rules = f'path "{wired.mount}/*" {{ capabilities = ["read", "update"] }}'
    must(wired.ask(f"sys/policies/acl/{policy}", {"policy": rules}))
    password = f"made-up-{wired.mount}"
    must(
        wired.ask(f"auth/userpass/users/{name}", {"password": password, "token_policies": [policy]})
    )
    answer = must(wired.ask(f"auth/userpass/login/{name}", {"password": password}))
    return Secret(answer.body["auth"]["client_token"])
