"""`vaultaws init`: a first file and a first policy."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import click

from vaultaws.cli import output
from vaultaws.errors import UsageError

FILE = """\
# vaultaws.toml: one mount, one AWS account. No secret is ever written here.
[mount]
path = "aws"
default_lease_ttl = "15m"
max_lease_ttl = "1h"

[root]
region = "{region}"
{endpoints}credentials = "env"          # env | profile:NAME | prompt | server

[roles.ec2readonly]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"

[roles.ec2readonly-sts]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
max_ttl = "1h"

[access.analysts]            # who may issue what
roles = ["ec2readonly", "ec2readonly-sts"]
"""


@click.command(epilog="\b\nExample:\n  vaultaws init .")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False))
def command(*, folder: str) -> None:
    """Write a first vaultaws.toml and policies/ec2readonly.json into DIR.

    With AWS_ENDPOINT_URL set (the local stack sets it) the file names that endpoint.
    """
    root = Path(folder)
    policy = ready_policy("ec2readonly")
    files = {root / "vaultaws.toml": first_file(), root / "policies" / "ec2readonly.json": policy}
    for path in files:
        if path.exists():
            raise UsageError(
                f"{path} is already there",
                why="init does not overwrite; nothing was written",
                do="name another directory, or edit that file",
            )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        output.result(str(path))
    output.hint("next: vaultaws plan")


def first_file() -> str:
    """The file's text for this environment."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    endpoints = f'iam_endpoint = "{endpoint}"\nsts_endpoint = "{endpoint}"\n' if endpoint else ""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return FILE.format(region=region, endpoints=endpoints)


def ready_policy(name: str) -> str:
    """The text of a ready policy."""
    return (policies_directory() / f"{name}.json").read_text(encoding="utf-8")


def policies_directory() -> Path:
    """Where the ready policies are: in the package, or at the top of a checkout."""
    package = Path(str(resources.files("vaultaws")))
    packaged = package / "policies"
    return packaged if packaged.is_dir() else package.parent / "policies"
