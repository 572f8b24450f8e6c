"""`vaultaws apply`: make the server match the file."""

from __future__ import annotations

from pathlib import Path

import click

from vaultaws.cli import output
from vaultaws.cli.options import (
    ServerFlags,
    file_option,
    json_option,
    server_options,
    yes_option,
)
from vaultaws.cli.root_secret import root_secret
from vaultaws.cli.wiring import confirm, demand_somebody, open_vault
from vaultaws.config.load import load
from vaultaws.plan.changes import Change


@click.command(epilog="\b\nExample:\n  vaultaws apply -c vaultaws.toml --yes")
@file_option
@yes_option
@json_option
@server_options
def command(*, file: str, yes: bool, as_json: bool, server: ServerFlags) -> None:
    """Make the server match the file. Root secrets come from where [root] says."""
    from vaultaws.plan import apply, show
    from vaultaws.plan.diff import diff
    from vaultaws.plan.observe import observe

    config = load(Path(file))
    vault = open_vault(server)
    plan = diff(config, observe(vault, config))
    if plan.to_write:
        if not yes:
            output.say(show.text(plan))
        demand_somebody(f"vaultaws apply -c {file}", yes=yes)
        confirm(f"Apply to {vault.address}?", yes=yes)
    source = config.root.credentials if config.root is not None else "server"
    with output.Progress("applying") as progress:

        def announce(change: Change) -> None:
            progress.update(f"{change.kind} {change.name}")

        apply.apply(plan, vault, root_secret=lambda: root_secret(source), announce=announce)
    if as_json:
        output.as_json(show.document(plan))
    else:
        output.result(show.text(plan, done=True))
