"""`vaultaws plan`: what apply would change. Reads only."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import handler, output
from vaultaws.cli.options import ServerFlags, files_options, json_option, server_options
from vaultaws.cli.wiring import open_vault
from vaultaws.config.load import load_all
from vaultaws.config.schema import Config
from vaultaws.errors import VaultawsError

if TYPE_CHECKING:
    from vaultaws.plan.changes import Plan

FOUND_CHANGES = 3
SIDE_BY_SIDE = 4
WORST_FIRST = (2, 1, FOUND_CHANGES, 0)

Outcome = "Plan | VaultawsError"


@click.command(epilog="\b\nExample:\n  vaultaws plan accounts/*.toml --detailed-exitcode")
@files_options
@click.option("--prune", is_flag=True, help="Remove roles that the file does not declare.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 when there are changes.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the plan for apply: what was seen, no secret.",
)
@json_option
@server_options
def command(
    *,
    files: tuple[Path, ...],
    prune: bool,
    detailed_exitcode: bool,
    out: Path | None,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Show what apply would change on the server. Nothing is written.

    Several files are planned side by side; one that fails does not hide the others.
    """
    configs = load_all(files)
    with output.Progress("planning"), ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        outcomes = list(pool.map(lambda config: _outcome(config, server, prune=prune), configs))
    return _report(list(zip(configs, outcomes, strict=True)), detailed_exitcode, out, as_json)
