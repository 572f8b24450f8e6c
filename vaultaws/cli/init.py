"""`vaultaws init`: a first file and a first policy."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from vaultaws.cli import output
from vaultaws.errors import UsageError

FILE = """\
# vaultaws.toml: one mount, one AWS account. No secret is ever written here.
# vaultaws lint finds what would fail, plan shows what apply would change.

# How the engine is mounted, and how long leases live on it.
[mount]
path = "aws"
default_lease_ttl = "15m"
max_lease_ttl = "1h"

# Other bounds for IAM users alone; without this table they have the mount's.
# [lease]
# default_ttl = "10m"
# max_ttl = "30m"

# How the engine reaches AWS. At apply, Vault's own key comes from where credentials says.
[root]
region = {region}
{endpoints}credentials = "env"          # env | profile:NAME | prompt | server

# A role is what people issue. iam_user: a new IAM user for each lease, gone with it.
[roles.ec2readonly]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"

# federation_token: STS credentials with the rights that both this policy and Vault's user have.
# They outlive a revoked lease; max_ttl bounds for how long.
[roles.ec2readonly-sts]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
max_ttl = "1h"

# assumed_role: credentials of roles that Vault's user may assume.
# [roles.deploy]
# credential_type = "assumed_role"
# role_arns = ["arn:aws:iam::123456789012:role/vault-deploy"]
# default_ttl = "15m"
# max_ttl = "1h"

# An IAM user who stays; the engine replaces the key.
# [static_roles.legacy-app]
# username = "vault-legacy-app"
# rotation_period = "7d"

# Who may issue what: a Vault policy (vaultaws-aws-analysts), and a group of its members.
# vaultaws: allow access-without-members tokens and users may be given the policy by name
[access.analysts]
roles = ["ec2readonly", "ec2readonly-sts"]
# members = {{ userpass = ["ada"] }}
"""


@click.command(epilog="\b\nExample:\n  vaultaws init .")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False))
def command(*, folder: str) -> None:
    """Write a first vaultaws.toml and policies/ec2readonly.json into DIR.

    With AWS_ENDPOINT_URL set (the local stack sets it) the file names that endpoint.
    """
    from vaultaws.plan.adopt_write import write_all

    root = Path(folder)
    policy = ready_policy("ec2readonly")
    files = {root / "vaultaws.toml": first_file(), root / "policies" / "ec2readonly.json": policy}
    for path in files:
        if path.exists() or path.is_symlink():
            raise UsageError(
                f"{path} is already there",
                why="init does not overwrite; nothing was written",
                do="name another directory, or edit that file",
            )
    texts = {path: text.encode() for path, text in files.items()}
    write_all(texts, dict.fromkeys(texts))
    for path in files:
        output.result(str(path))
    output.hint("next: vaultaws lint, then vaultaws plan")


def first_file() -> str:
    """The file's text for this environment."""
    endpoint = _quoted(os.environ.get("AWS_ENDPOINT_URL", ""))
    endpoints = f"iam_endpoint = {endpoint}\nsts_endpoint = {endpoint}\n"
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    said = endpoints if os.environ.get("AWS_ENDPOINT_URL") else ""
    return FILE.format(region=_quoted(region), endpoints=said)


def _quoted(text: str) -> str:
    """A TOML string: what JSON escapes, TOML reads."""
    return json.dumps(text, ensure_ascii=False)


def ready_policy(name: str) -> str:
    """The text of a ready policy."""
    from vaultaws.policy.ready import directory

    return (directory() / f"{name}.json").read_text(encoding="utf-8")
