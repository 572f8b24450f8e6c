"""`vaultaws leases watch`: who holds what, as it changes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, holdings, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import ServerFlags, Span, mount_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault

if TYPE_CHECKING:
    from vaultaws.errors import VaultError
    from vaultaws.leases.inventory import Inventory
    from vaultaws.leases.watching import Change

CLEAR = "\x1b[H\x1b[2J"


@click.command("watch", epilog="\b\nExample:\n  vaultaws leases watch --every 5s --for 1m")
@click.option("--every", type=Span(), default="5s", show_default=True, help="How often to look.")
@click.option("--for", "span", type=Span(), help="How long to watch; else until stopped.")
@audit_log_option
@mount_option
@server_options
def watch_leases(
    *, every: int, span: int | None, audit_log: str | None, mount: str, server: ServerFlags
) -> None:
    """Watch who holds what: a listing that is redrawn, or a line of JSON a change into a pipe.

    A server that is sealed or down is waited for, and said.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.leases import watching

    vault = open_vault(server)
    path = evidence.audit_log_path(audit_log)

    def take() -> Inventory:
        with open_journal() as journal:
            log = evidence.read_audit_log(path, mount)
            found = holdings.take(vault, journal, mount, log)
        return holdings.without_dead(vault, mount, found)

    watching.watch(
        take,
        SystemClock(),
        every_seconds=max(every, 1),
        for_seconds=span,
        show=_redraw if sys.stdout.isatty() else _lines,
        lost=_lost,
        back=lambda: output.say("· the server answers again"),
    )


def _redraw(found: Inventory, _changes: tuple[Change, ...]) -> None:
    from vaultaws.leases.listing import render_table

    output.result(CLEAR + render_table(found))


def _lines(found: Inventory, changes: tuple[Change, ...]) -> None:
    from vaultaws.leases.watching import as_json

    for change in changes:
        output.result(json.dumps(as_json(change, found), ensure_ascii=True))


def _lost(fault: VaultError) -> None:
    from vaultaws.errors import visible

    output.say(f"· {visible(fault.what)}: {visible(fault.why)}; waiting for it")
