"""`vaultaws trail athena`: the match for a trail that is too large for one machine."""

from __future__ import annotations

import click

from vaultaws.cli import output


@click.command(
    "athena",
    epilog="\b\nExample:\n  vaultaws trail athena --trail s3://trail --tables s3://work/match"
    " --account 123456789012 --region eu-west-2",
)
@click.option("--trail", required=True, help="s3://BUCKET/PREFIX of the trail, before AWSLogs.")
@click.option(
    "--tables", "tables_at", required=True, help="s3://BUCKET/PREFIX for the match's small tables."
)
@click.option("--account", required=True, help="The account of the trail.")
@click.option("--region", "regions", multiple=True, required=True, help="A region; repeatable.")
def athena(*, trail: str, tables_at: str, account: str, regions: tuple[str, ...]) -> None:
    """Print table definitions and the match's queries for Athena, ready to run in that order."""
    from vaultaws.trail import packages

    packages.require()
    from vaultaws.trail.athena import script

    output.result(
        script(trail=trail, tables_at=tables_at, account=account, regions=regions).rstrip("\n")
    )
