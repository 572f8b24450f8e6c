"""`vaultaws up`: the local stack."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from vaultaws.cli import output
from vaultaws.cli.options import Delay, json_option
from vaultaws.handoff.shells import quote_posix

if TYPE_CHECKING:
    from vaultaws.local.stack import StackState

SERVERS = ("auto", "openbao", "vault", "docker")


@click.command(epilog='\b\nExample:\n  eval "$(vaultaws up)"')
@click.option("--server", type=click.Choice(SERVERS), help="Which server (auto when not said).")
@click.option("--iam-delay", type=Delay(), help="IAM's propagation delay, e.g. 8s.")
@click.option("--trail-delay", type=Delay(), help="CloudTrail's delay, e.g. 20s.")
@click.option(
    "--fault-rate", type=click.FloatRange(0, 1), help="Share of AWS calls that fail, 0 to 1."
)
@json_option
def command(
    *,
    server: str | None,
    iam_delay: float | None,
    trail_delay: float | None,
    fault_rate: float | None,
    as_json: bool,
) -> None:
    """Start a real dev server and a local AWS, on 127.0.0.1; return when both answer.

    Prints the shell's exports: VAULT_ADDR, VAULT_TOKEN, AWS_ENDPOINT_URL, region, and the local
    AWS's administrator keys. A second `up` finds the first one's stack.
    """
    from vaultaws.local.directories import Directories
    from vaultaws.local.stack import STALE_VARIABLES, StackOptions, up

    options = StackOptions(
        server=server,
        iam_delay_seconds=iam_delay,
        trail_delay_seconds=trail_delay,
        fault_rate=fault_rate,
    )
    with output.Progress("starting the local stack") as progress:
        state = up(options, Directories.of(os.environ), lambda what, _: progress.update(what))
    environment = state.environ_for_child({})
    if as_json:
        output.as_json({**summary(state), "environment": environment})
        return
    for name, value in environment.items():
        output.result(f"export {name}={quote_posix(value)}")
    output.result(f"unset {' '.join(STALE_VARIABLES)}")
    verb = "already up" if state.reused else "up"
    product = state.server.product.label
    output.say(f"· {verb}: {product} {state.server.version} at {state.server.address}")
    output.say(f"· local AWS at {state.aws.endpoint}, account {state.options.account_id}")
    output.hint('to use it in this shell: eval "$(vaultaws up)"')


def summary(state: StackState) -> dict[str, Any]:
    """The stack for machines, without its secrets; keys are stable within `version`."""
    return {
        "version": 1,
        "reused": state.reused,
        "product": state.server.product.label,
        "server_version": state.server.version,
        "address": state.server.address,
        "audit_log": str(state.server.audit),
        "aws_endpoint": state.aws.endpoint,
        "aws_endpoint_for_server": state.server_aws_endpoint,
        "account_id": state.options.account_id,
        "region": state.options.region,
        "trail": str(state.aws.trail),
    }
