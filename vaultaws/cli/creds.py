"""`vaultaws creds ROLE`: credentials, in the words of a shell, an SDK or a script."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from vaultaws.cli import evidence, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.issuing import Given, Wish, issuing_options, obtain
from vaultaws.cli.options import ServerFlags, mount_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.config import durations
from vaultaws.handoff.formats import FORMATS, render


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
    if form in {"env", "fish", "powershell"}:
        output.hint(f'to use it in this shell: eval "$(vaultaws creds {wish.role})"')


def _sentence(given: Given) -> str:
    """One line of what was issued: for whom, how, until when, under which lease."""
    issued, report = given.handed.issued, given.report
    parts = [f"{issued.role} for {given.handed.person or 'you'}"]
    if issued.credentials.session_token is None:
        good = f", good after {report.seconds:.1f} s" if report is not None else ", not waited for"
        parts.append(f"new IAM user{good}")
    if issued.ends_at is not None:
        left = (issued.ends_at - datetime.now(UTC)).total_seconds()
        parts.append(f"expires in {durations.words(left)} ({issued.ends_at.astimezone():%H:%M})")
    parts.append(f"lease {issued.lease.id}")
    return " · ".join(parts)
