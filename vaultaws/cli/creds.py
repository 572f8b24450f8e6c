"""`vaultaws creds ROLE`: credentials, in the words of a shell, an SDK or a script."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.issuing import Given, Wish, issuing_options, obtain
from vaultaws.cli.options import ServerFlags, mount_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.config import durations
from vaultaws.handoff.formats import FORMATS, how_to_use, render

if TYPE_CHECKING:
    from vaultaws.aws.wait import WaitReport


@click.command(epilog='\b\nExample:\n  eval "$(vaultaws creds ec2readonly)"')
@issuing_options
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="env",
    show_default=True,
    help="Whose words to print them in.",
)
@audit_log_option
@mount_option
@server_options
def command(
    *, wish: Wish, form: str, audit_log: str | None, mount: str, server: ServerFlags
) -> None:
    """Issue credentials for ROLE and print them.

    A new IAM user's key is handed over only when AWS accepts it; when that takes too long the
    lease is revoked (exit 124). Nothing is printed on stdout unless all went well.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.leases.issue import handing_over

    vault, clock = open_vault(server), SystemClock()
    with open_journal() as journal:
        evidence.put_right(vault, journal, audit_log, mount)
        given = obtain(vault, journal, clock, wish, mount)
        with handing_over(vault, journal, given.handed):
            output.result(render(given.handed.issued, form, given.waited()))
    given.say_notes()
    output.hint(_sentence(given))
    typed = how_to_use(shlex.join(("vaultaws", "creds", wish.role)), form)
    if typed:
        output.hint(f"to use it in this shell: {typed}")


def _sentence(given: Given) -> str:
    """One line of what was issued: for whom, how, until when, under which lease."""
    issued, report = given.handed.issued, given.report
    parts = [f"{issued.role} for {given.handed.person or 'you'}"]
    if issued.credentials.session_token is None:
        parts.append(f"new IAM user, {_goodness(report)}")
    if issued.ends_at is not None:
        left = (issued.ends_at - datetime.now(UTC)).total_seconds()
        parts.append(f"expires in {durations.words(left)} ({issued.ends_at.astimezone():%H:%M})")
    parts.append(f"lease {issued.lease.id}")
    return " · ".join(parts)


def _goodness(report: WaitReport | None) -> str:
    if report is None:
        return "not waited for"
    read = f"{report.read} allowed" if report.read else "no action known to try it with"
    return f"good after {report.seconds:.1f} s ({read})"
