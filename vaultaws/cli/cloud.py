"""`vaultaws cloud`: the AWS side, by CloudFormation."""

from __future__ import annotations

import click

from vaultaws.cli.cloud_deploy import deploy
from vaultaws.cli.cloud_show import show


@click.group(epilog="\b\nExample:\n  vaultaws cloud show")
def command() -> None:
    """The AWS side as ready CloudFormation templates: Vault's own user, MFA, the trail."""


for each in (deploy, show):
    command.add_command(each)
