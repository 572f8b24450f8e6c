"""`vaultaws plan`: what apply would change. Reads only."""

from __future__ import annotations

from pathlib import Path

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, file_option, json_option, server_options
from vaultaws.cli.wiring import open_vault
from vaultaws.config.load import load

FOUND_CHANGES = 3


@click.command(epilog="\b\nExample:\n  vaultaws plan -c vaultaws.toml")
@file_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 when there are changes.")
@json_option
@server_options
def command(*, file: str, detailed_exitcode: bool, as_json: bool, server: ServerFlags) -> int:
    """Show what apply would change on the server. Nothing is written."""
    from vaultaws.plan import show
    from vaultaws.plan.diff import diff
    from vaultaws.plan.observe import observe

    config = load(Path(file))
    plan = diff(config, observe(open_vault(server), config))
    if as_json:
        output.as_json(show.document(plan))
    else:
        output.result(show.text(plan))
    return FOUND_CHANGES if detailed_exitcode and plan.to_write else 0
