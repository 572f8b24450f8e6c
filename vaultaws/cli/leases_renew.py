"""`vaultaws leases renew`: a later end for one lease."""

from __future__ import annotations

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, Span, json_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.errors import UsageError


@click.command(
    "renew",
    epilog="\b\nExample:\n  vaultaws leases renew aws/creds/ec2readonly/t1Qz… --increment 1h",
)
@click.argument("lease")
@click.option("--increment", type=Span(), help="How long from now, e.g. 1h; else as Vault has it.")
@json_option
@server_options
def renew_lease(*, lease: str, increment: int | None, as_json: bool, server: ServerFlags) -> None:
    """Ask Vault for a later end of one lease, and say what kept it from being later still.

    Only leases of IAM users can be renewed: the life of an STS token is AWS's.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.leases import renew

    if increment is not None and increment <= 0:
        raise UsageError(
            "the increment must be longer than nothing",
            why="it is 0 s",
            do="say 1h, or leave it out",
        )
    vault = open_vault(server)
    with open_journal() as journal:
        record = journal.ledger().by_lease().get(lease)
    accessor = record.intent.token_accessor if record is not None else ""
    done = renew.renew(vault, SystemClock(), lease, increment or 0, accessor)
    if as_json:
        output.as_json(renew.as_json(done))
    else:
        output.result(renew.render(done))
