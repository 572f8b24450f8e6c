"""`vaultaws trail`: CloudTrail against Vault's audit log."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.holdings import take
from vaultaws.cli.options import (
    Moment,
    ServerFlags,
    Span,
    json_option,
    mount_option,
    server_options,
)
from vaultaws.cli.trail_report import report as report_trail
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.errors import FindingsError, UsageError
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from vaultaws.trail.check import Sources


@click.group(epilog="\b\nExample:\n  vaultaws trail check --since 24h")
def command() -> None:
    """Check what AWS saw against what Vault was asked for."""


command.add_command(report_trail)


@command.command("check", epilog="\b\nExample:\n  vaultaws trail check --since 24h --json")
@click.option(
    "--since", type=Moment(), default="1h", show_default=True, help="From: 24h or a time."
)
@click.option("--until", type=Moment(), default="0s", help="To: now when not said.")
@click.option(
    "--lag", type=Span(), default="15m", show_default=True, help="How late CloudTrail may be."
)
@click.option(
    "--root-key", multiple=True, help="A key id that Vault's root had before; repeatable."
)
@click.option("--audit-device", help="The audit device that wrote the log, when there are several.")
@audit_log_option
@mount_option
@json_option
@server_options
def check_trail(
    *,
    since: datetime,
    until: datetime,
    lag: int,
    root_key: tuple[str, ...],
    audit_device: str | None,
    audit_log: str | None,
    mount: str,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Explain every credential that Vault's identity minted, by the person who asked for it.

    Exit 3 when something is unexplained, missing, or alive beyond its lease.
    """
    from vaultaws.trail import report
    from vaultaws.trail.check import Window, check

    if since >= until:
        raise UsageError(
            "the window of time is empty",
            why="--since is not before --until",
            do="mend one of them",
        )
    vault = open_vault(server)
    with output.Progress("reading") as progress:
        sources = replace(
            sources_for(vault, mount, audit_log, audit_device, root_key),
            delivery=timedelta(seconds=lag),
        )
        found = check(sources, Window(since, until), watch=progress.update)
    if as_json:
        output.as_json(report.as_json(found))
    else:
        output.result(report.render(found))
    return FindingsError.exit_code if found.findings else 0


def sources_for(
    vault: Vault,
    mount: str,
    audit_log: str | None,
    device: str | None,
    root_keys: tuple[str, ...],
) -> Sources:
    """Where the evidence comes from: CloudTrail, the audit log, the inventory, Vault's identity."""
    from vaultaws.aws.sessions import default_region
    from vaultaws.trail.check import Sources
    from vaultaws.trail.evidence import VaultIdentity

    key, user = evidence.root_user(vault, mount)
    with open_journal() as journal:
        log = evidence.settled_log(vault, journal, audit_log, mount)
        inventory = take(vault, journal, mount, log)
    region = default_region()
    return Sources(
        lookup=evidence.paced_lookup(),
        identity=VaultIdentity(frozenset(filter(None, (key, *root_keys))), user),
        audit=log,
        digest=evidence.digest_with(vault, device),
        regions=(region,) if region else (),
        inventory=inventory,
    )
