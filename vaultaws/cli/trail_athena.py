"""`vaultaws trail athena`: the match for a trail that is too large for one machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, server_options
from vaultaws.cli.trail_wiring import (
    TrailFlags,
    demand_identity,
    trail_options,
    vaults_side,
    window_of,
)
from vaultaws.cli.wiring import open_vault
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.trail.athenarun import Run

DATABASE = "vaultaws_trail"


@click.command(
    "athena",
    epilog="\b\nExample:\n  vaultaws trail athena --trail s3://trail --tables s3://work/match"
    " --account 123456789012 --region eu-west-2 --since 30d --out match",
)
@click.option("--trail", required=True, help="s3://BUCKET/PREFIX of the trail, before AWSLogs.")
@click.option(
    "--tables", "tables_at", required=True, help="s3://BUCKET/PREFIX for the match's small tables."
)
@click.option("--account", required=True, help="The account of the trail.")
@click.option("--region", "regions", multiple=True, required=True, help="A region; repeatable.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the statements, the small tables and a script that runs them into this directory.",
)
@click.option(
    "--seen",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The rows that the first round ended with, as CSV: go on with the second.",
)
@click.option(
    "--database", default=DATABASE, show_default=True, help="Athena's database, for this alone."
)
@trail_options(since="24h", orphans=False, events=False)
@server_options
def athena(
    *,
    flags: TrailFlags,
    server: ServerFlags,
    trail: str,
    tables_at: str,
    account: str,
    regions: tuple[str, ...],
    out: Path | None,
    seen: Path | None,
    database: str,
) -> None:
    """Print the match for Athena: table definitions and queries, ready to run in that order.

    There are two rounds. The rows that the first ends with are what Vault's side must be asked
    about: give them as --seen, and the second is printed; its window is that of the first. Where
    nothing must be asked, both are printed at once. The small tables are part of what is printed;
    --out writes them as files, which may be larger.
    """
    from vaultaws.trail import packages

    packages.require()
    from vaultaws.trail import athenarun
    from vaultaws.trail.athena import Place

    place, window = Place(trail, tables_at, account, regions), window_of(flags)
    lines = _lines(seen)
    with output.Progress("reading"):
        sources = vaults_side(open_vault(server), flags, server)
        demand_identity(sources.identity, flags.mount)
        made = athenarun.run(sources, window, lines)
    if out is None:
        output.result(athenarun.printed(made, place))
        _say_next(made, "run these statements")
    else:
        rounds = athenarun.write(made, place, out, database)
        _say_next(made, shlex.join(["sh", str(out / "run.sh"), *map(str, rounds)]))


def _lines(seen: Path | None) -> list[str] | None:
    if seen is None:
        return None
    try:
        with seen.open(encoding="utf-8", newline="") as file:
            return list(file)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{seen} cannot be read", why=str(error), do="name the CSV of the first round"
        ) from error


def _say_next(made: Run, how: str) -> None:
    if not made.is_settled:
        output.say("· the audit log names root keys that were not known in the first round")
    what = "the verdicts are in findings" if made.second else "then come back with --seen"
    output.say(f"· next: {how}; {what}")
