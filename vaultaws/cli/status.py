"""`vaultaws status`: what of the local stack runs."""

from __future__ import annotations

import os

import click

from vaultaws.cli import output
from vaultaws.cli.options import json_option

NOT_RUNNING = 3


@click.command(epilog="\b\nExample:\n  vaultaws status --json")
@json_option
def command(*, as_json: bool) -> int:
    """Show the local stack; exit 3 when it does not run."""
    from vaultaws.local.directories import Directories
    from vaultaws.local.stack import status

    found = status(Directories.of(os.environ))
    if as_json:
        output.as_json({"version": 1, **found.document()})
    else:
        output.result(found.text())
    return 0 if found.running else NOT_RUNNING
