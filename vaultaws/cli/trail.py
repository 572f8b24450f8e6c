"""`vaultaws trail`: CloudTrail against Vault's audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import ServerFlags, json_option, server_options
from vaultaws.cli.trail_athena import athena
from vaultaws.cli.trail_explain import explain
from vaultaws.cli.trail_report import report
from vaultaws.cli.trail_watch import watch
from vaultaws.cli.trail_wiring import TrailFlags, run, trail_options
from vaultaws.errors import FindingsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultaws.trail.report import Report


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
@click.option("--sarif", is_flag=True, help="Print the findings as SARIF 2.1.0.")
@json_option
@server_options
def check_trail(
    *,
    flags: TrailFlags,
    wait: bool,
    ocsf: bool,
    sarif: bool,
    as_json: bool,
    server: ServerFlags,
) -> int:
    """Explain every credential that Vault's identity minted, by the person who asked for it.

    Exit 3 when something is unexplained, missing, used as it should not be, alive beyond its lease,
    or a user without one, and when something could not be read.
    """
    form = _one_form({"--json": as_json, "--ocsf": ocsf, "--sarif": sarif})
    found = run(flags, server, wait=wait).report
    _print(found, form)
    return 0 if found.is_clean else FindingsError.exit_code


def _one_form(said: Mapping[str, bool]) -> str:
    """The form that was asked for, empty for text. Raises UsageError for two."""
    forms = [name for name, is_said in said.items() if is_said]
    if len(forms) > 1:
        raise UsageError(
            f"{' and '.join(forms)} exclude each other",
            why="one output has one form",
            do="give one",
        )
    return next(iter(forms), "")


def _print(found: Report, form: str) -> None:
    from vaultaws.leases.words import printable
    from vaultaws.trail import ocsf, report, sarif

    if form == "--json":
        output.as_json(report.as_json(found))
    elif form == "--sarif":
        output.as_json(sarif.document(found))
    elif form == "--ocsf":
        for line in ocsf.lines(found):
            output.result(line)
        for what in found.unread:
            output.say(printable(f"· not read: {what}"))
    else:
        output.result(report.render(found))
