"""`vaultaws incident`: what is suspect is cut off everywhere, and proved dead."""

from __future__ import annotations

import click

from vaultaws.cli.incident_contain import contain
from vaultaws.cli.incident_lift import lift
from vaultaws.cli.incident_report import report
from vaultaws.cli.incident_status import status
from vaultaws.cli.incident_verify import verify


@click.group(epilog="\b\nExample:\n  vaultaws incident contain --person ben --dry-run")
def command() -> None:
    """Cut off what is suspect, in AWS and in Vault, and prove it."""


command.add_command(contain)
command.add_command(verify)
command.add_command(lift)
command.add_command(report)
command.add_command(status)
