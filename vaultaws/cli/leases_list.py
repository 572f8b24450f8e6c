"""`vaultaws leases list`: who holds what."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import evidence, holdings, output, unleased
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import (
    Command,
    Filters,
    ServerFlags,
    filter_options,
    gathered,
    json_option,
    mounts_option,
    server_options,
)
from vaultaws.cli.wiring import open_administration, open_journal
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.leases.inventory import Inventory


@dataclass(frozen=True)
class Wish:
    """What the listing shall hold besides."""

    last_used: bool = False
    leases_only: bool = False
    as_csv: bool = False


_WISHES = (
    click.option("--last-used", is_flag=True, help="Ask IAM when users' keys were last used."),
    click.option(
        "--leases-only", is_flag=True, help="Do not ask IAM for users that have no lease."
    ),
    click.option("--csv", "as_csv", is_flag=True, help="Print CSV for a spreadsheet."),
)


def _wish_options(command: Command) -> Command:
    return gathered(command, "wish", Wish, _WISHES)


@click.command("list", epilog="\b\nExample:\n  vaultaws leases list --role ec2readonly")
@filter_options
@audit_log_option
@mounts_option
@json_option
@_wish_options
@server_options
def list_leases(
    *,
    filters: Filters,
    audit_log: str | None,
    mounts: tuple[str, ...],
    as_json: bool,
    wish: Wish,
    server: ServerFlags,
) -> None:
    """List who holds what: lease end and token end, side by side.

    The person comes from Vault's audit log, or from this machine's own journal. With AWS keys IAM
    is asked too, for users that look like the engine's and have no lease, and for leases whose user
    is gone: a call a thousand users, and two for each that no lease explains.
    """
    from vaultaws.leases import listing
    from vaultaws.leases.inventory import joined
    from vaultaws.leases.words import printable

    if as_json and wish.as_csv:
        raise UsageError(
            "--json and --csv exclude each other", why="one output has one form", do="give one"
        )
    found = joined(_taken(server, mounts, audit_log, filters, leases_only=wish.leases_only))
    if wish.last_used:
        found = _with_last_uses(found)
    if wish.as_csv:
        output.result(listing.as_csv(found))
        for note in found.notes:
            output.say(f"note: {printable(note)}")
    elif as_json:
        output.as_json(listing.as_json(found))
    else:
        output.result(listing.render_table(found))


def _taken(
    server: ServerFlags,
    mounts: tuple[str, ...],
    audit_log: str | None,
    filters: Filters,
    *,
    leases_only: bool,
) -> list[Inventory]:
    """The inventory of each mount, narrowed to what is wanted."""
    vault, _ = open_administration(server)
    with open_journal() as journal:
        log = evidence.settled_log(vault, journal, audit_log, *mounts)
        ledger = journal.ledger()
        found = [holdings.take(vault, journal, mount, log) for mount in mounts]
    hashes = holdings.hashes(vault, filters)
    narrowed = []
    for mount, taken in zip(mounts, found, strict=True):
        seen = holdings.without_dead(vault, mount, taken)
        if not (leases_only or filters.accessor):
            sources = unleased.Sources(vault, mount, log, ledger)
            seen = unleased.with_users(sources, seen, filters.role)
        narrowed.append(_narrowed(seen, filters, hashes))
    return narrowed


def _narrowed(found: Inventory, filters: Filters, hashes: dict[str, Any]) -> Inventory:
    from vaultaws.leases.revoke import fitting, of_nobody

    said, users = asdict(filters), found.leaseless
    if users is not None:
        users = tuple(user for user in users if user.fits(found.taken_at, **said))
    note = of_nobody(found, **said, **hashes)
    notes = (*found.notes, note) if note else found.notes
    chosen = fitting(found, **said, **hashes)
    return replace(found, holdings=chosen, leaseless=users, notes=notes)


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
