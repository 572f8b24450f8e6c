"""`vaultaws leases list`: who holds what."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, holdings, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import (
    Filters,
    ServerFlags,
    filter_options,
    json_option,
    mount_option,
    server_options,
)
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.leases.inventory import Inventory


@click.command("list", epilog="\b\nExample:\n  vaultaws leases list --role ec2readonly")
@filter_options
@audit_log_option
@mount_option
@json_option
@click.option("--last-used", is_flag=True, help="Ask IAM when users' keys were last used.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV for a spreadsheet.")
@server_options
def list_leases(
    *,
    filters: Filters,
    audit_log: str | None,
    mount: str,
    as_json: bool,
    last_used: bool,
    as_csv: bool,
    server: ServerFlags,
) -> None:
    """List who holds what: lease end and token end, side by side.

    The person comes from Vault's audit log, or from this machine's own journal.
    """
    from vaultaws.leases import listing
    from vaultaws.leases.revoke import fitting
    from vaultaws.leases.words import printable

    if as_json and as_csv:
        raise UsageError(
            "--json and --csv exclude each other", why="one output has one form", do="give one"
        )
    vault = open_vault(server)
    with open_journal() as journal:
        log = evidence.settled_log(vault, journal, audit_log, mount)
        found = holdings.take(vault, journal, mount, log)
    found = holdings.without_dead(vault, mount, found)
    shown = fitting(found, **asdict(filters), **holdings.hashes(vault, filters))
    found = replace(found, holdings=shown)
    if last_used:
        found = _with_last_uses(found)
    if as_csv:
        output.result(listing.as_csv(found))
        for note in found.notes:
            output.say(f"note: {printable(note)}")
    elif as_json:
        output.as_json(listing.as_json(found))
    else:
        output.result(listing.render_table(found))


def _with_last_uses(found: Inventory) -> Inventory:
    from vaultaws.aws.identity import Directory
    from vaultaws.errors import AwsError
    from vaultaws.leases.uses import with_last_uses

    try:
        look = Directory().key
    except AwsError as error:
        return replace(found, notes=(*found.notes, f"last uses were not seen: {error.why}"))
    with output.Progress("asking IAM when keys were last used"):
        return with_last_uses(found, look)
