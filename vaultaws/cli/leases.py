"""`vaultaws leases`: who holds what, and the end of it. One file a sub-verb."""

from __future__ import annotations

import click

from vaultaws.cli.leases_list import list_leases
from vaultaws.cli.leases_renew import renew_lease
from vaultaws.cli.leases_revoke import revoke_leases
from vaultaws.cli.leases_show import show_lease
from vaultaws.cli.leases_watch import watch_leases


@click.group(epilog="\b\nExample:\n  vaultaws leases list")
def command() -> None:
    """List, show, watch, renew and revoke leases, with the STS tokens that outlive theirs."""


command.add_command(list_leases)
command.add_command(show_lease)
command.add_command(watch_leases)
command.add_command(renew_lease)
command.add_command(revoke_leases)
