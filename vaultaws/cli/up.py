"""`vaultaws up`: the local stack."""

from __future__ import annotations

import os

import click

from vaultaws.cli import output
from vaultaws.cli.options import Span, json_option
from vaultaws.handoff.formats import quote_posix

SERVERS = ("auto", "openbao", "vault", "docker")


@click.command(epilog='\b\nExample:\n  eval "$(vaultaws up)"')
@click.option("--server", type=click.Choice(SERVERS), default="auto", show_default=True)
@click.option("--iam-delay", type=Span(), default=0, help="IAM's propagation delay, e.g. 8s.")
@click.option("--trail-delay", type=Span(), default=0, help="CloudTrail's delay, e.g. 20s.")
@click.option(
    "--fault-rate", type=click.FloatRange(0, 1), default=0.0, help="Share of calls that fail."
)
@json_option
def command(
    *, server: str, iam_delay: int, trail_delay: int, fault_rate: float, as_json: bool
) -> None:
    """Start a real dev server and a local AWS, on 127.0.0.1; return when both answer.

    Prints the shell's exports: VAULT_ADDR, VAULT_TOKEN, AWS_ENDPOINT_URL, region, and the local
    AWS's administrator keys. A second `up` finds the first one's stack.
    """
    from vaultaws.local.directories import Directories
    from vaultaws.local.stack import StackOptions, up

    options = StackOptions(
        server=server,
        iam_delay_seconds=float(iam_delay),
        trail_delay_seconds=float(trail_delay),
        fault_rate=fault_rate,
    )
    with output.Progress("starting the local stack") as progress:
        state = up(
            options, Directories.of(os.environ), progress=lambda what, _: progress.update(what)
        )
    environment = state.environment()
    if as_json:
        output.as_json({"version": 1, **state.summary(), "environment": environment})
        return
    for name, value in environment.items():
        output.result(f"export {name}={quote_posix(value)}")
    output.result("unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE")
    found = state.summary()
    output.say(f"· {found['product']} {found['version']} at {found['address']}")
    output.say(f"· local AWS at {found['aws_endpoint']}, account {found['account_id']}")
    output.hint('to use it in this shell: eval "$(vaultaws up)"')
