"""`vaultaws mfa`: MFA sessions and one's own device, without Vault."""

from __future__ import annotations

import click

from vaultaws.cli.mfa_device import device
from vaultaws.cli.mfa_listing import roles, status
from vaultaws.cli.mfa_session import assume, login


@click.group(epilog="\b\nExample:\n  vaultaws mfa login")
def command() -> None:
    """MFA sessions of your own AWS key, roles that want MFA, and your own device; no Vault."""


for each in (login, assume, roles, device, status):
    command.add_command(each)
