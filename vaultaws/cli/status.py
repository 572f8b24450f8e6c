"""`vaultaws status`: what of the local stack runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import json_option

if TYPE_CHECKING:
    from vaultaws.local.stack import Part, StackStatus

NOT_RUNNING = 3


@click.command(epilog="\b\nExample:\n  vaultaws status --json")
@json_option
def command(*, as_json: bool) -> int:
    """Show the local stack; exit 3 when it does not run."""
    from vaultaws.local.directories import Directories
    from vaultaws.local.stack import status

    found = status(Directories.of(os.environ))
    if as_json:
        output.as_json(document(found))
    elif not found.parts:
        output.result("no stack is up (vaultaws up)")
    else:
        output.result("\n".join(_line(part) for part in found.parts))
    return 0 if found.state is not None else NOT_RUNNING


def document(found: StackStatus) -> dict[str, Any]:
    """The stack for machines; keys are stable within `version`."""
    return {
        "version": 1,
        "running": found.state is not None,
        "parts": [
            {
                "name": part.name,
                "address": part.address,
                "where": part.where,
                "log": str(part.log),
                "alive": part.alive,
            }
            for part in found.parts
        ],
    }


def _line(part: Part) -> str:
    state = "up  " if part.alive else "gone"
    return f"{part.name:<18}{state}  {part.address:<26}{part.where:<14}{part.log}"
