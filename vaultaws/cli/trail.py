"""`vaultaws trail`: CloudTrail against Vault's audit log."""

from __future__ import annotations

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, server_options
from vaultaws.cli.trail_athena import athena
from vaultaws.cli.trail_explain import explain
from vaultaws.cli.trail_report import report
from vaultaws.cli.trail_watch import watch
from vaultaws.cli.trail_wiring import TrailFlags, run, trail_options
from vaultaws.errors import FindingsError


@click.group(epilog="\b\nExample:\n  vaultaws trail check --since 24h")
def command() -> None:
    """Check what AWS saw against what Vault was asked for."""


command.add_command(report)
command.add_command(explain)
command.add_command(athena)
command.add_command(watch)


@command.command("check", epilog="\b\nExample:\n  vaultaws trail check --since 24h --json")
@trail_options(since="1h")
@click.option(
    "--wait", is_flag=True, help="Wait until CloudTrail must have all of the window, then check."
)
@click.option("--ocsf", is_flag=True, help="Print the findings as OCSF, one a line, for a SIEM.")
@json_option
@server_options
def check_trail(
    *, flags: TrailFlags, wait: bool, ocsf: bool, as_json: bool, server: ServerFlags
) -> int:
    """Explain every credential that Vault's identity minted, by the person who asked for it.

    Exit 3 when something is unexplained, missing, used as it should not be, or alive beyond its
    lease, and when something could not be read.
    """
    from vaultaws.leases.words import printable
    from vaultaws.trail import ocsf as siem
    from vaultaws.trail import report as reports

    found = run(flags, server, wait=wait).report
    if ocsf:
        for line in siem.lines(found):
            output.result(line)
        for what in found.unread:
            output.say(printable(f"· not read: {what}"))
    elif as_json:
        output.as_json(reports.as_json(found))
    else:
        output.result(reports.render(found))
    return 0 if found.is_clean else FindingsError.exit_code
