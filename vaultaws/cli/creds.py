"""`vaultaws creds ROLE`: credentials, in the words of a shell, an SDK or a script."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from vaultaws.cli import evidence, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.options import ServerFlags, Span, mount_option, server_options
from vaultaws.cli.wiring import open_journal, open_vault
from vaultaws.config import durations
from vaultaws.handoff.formats import FORMATS, render
from vaultaws.model import Credentials

if TYPE_CHECKING:
    from vaultaws.aws.wait import WaitProgress, WaitReport
    from vaultaws.leases.issue import Handed


@click.command(epilog='\b\nExample:\n  eval "$(vaultaws creds ec2readonly)"')
@click.argument("role")
@click.option("--ttl", type=Span(), help="How long, e.g. 15m (STS types; an IAM user ignores it).")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="env",
    show_default=True,
    help="Whose words to print them in.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait until AWS accepts a new IAM key.")
@audit_log_option
@mount_option
@server_options
def command(
    *,
    role: str,
    ttl: int | None,
    form: str,
    no_wait: bool,
    audit_log: str | None,
    mount: str,
    server: ServerFlags,
) -> None:
    """Issue credentials for ROLE and print them.

    A new IAM user's key is handed over only when AWS accepts it; when that takes too long the
    lease is revoked (exit 124). Nothing is printed on stdout unless all went well.
    """
    from vaultaws.clock import SystemClock
    from vaultaws.leases.issue import IssueRequest, handing_over, issue

    vault, clock = open_vault(server), SystemClock()
    request = IssueRequest(mount=mount, role=role, ttl_seconds=ttl)
    with open_journal() as journal:
        evidence.put_right(vault, journal, audit_log, mount)
        with output.Progress(f"asking for {role}") as progress:
            wait = Wait(progress)
            handed = issue(vault, journal, clock, request, None if no_wait else wait)
        with handing_over(vault, journal, handed):
            output.result(render(handed.issued, form, wait.document()))
    for note in handed.notes:
        output.say(f"· {note}")
    output.hint(_sentence(handed, wait.report))
    if form in {"env", "fish", "powershell"}:
        output.hint(f'to use it in this shell: eval "$(vaultaws creds {role})"')


class Wait:
    """The consistency wait as `issue` wants it, with progress shown and the report kept."""

    def __init__(self, progress: output.Progress) -> None:
        self._progress = progress
        self.report: WaitReport | None = None

    def __call__(self, credentials: Credentials) -> None:
        from vaultaws.aws.wait import wait_until_good
        from vaultaws.clock import SystemClock

        self.report = wait_until_good(credentials, clock=SystemClock(), watch=self._watch)

    def _watch(self, now: WaitProgress) -> None:
        self._progress.update(
            f"new IAM key: {now.in_a_row} of {now.needed} good in a row, {now.refusals} refused"
        )

    def document(self) -> dict[str, float | int] | None:
        """What was waited, for the JSON format."""
        if self.report is None:
            return None
        return {"seconds": round(self.report.seconds, 1), "refusals": self.report.refusals}


def _sentence(handed: Handed, report: WaitReport | None) -> str:
    """One line of what was issued: for whom, how, until when, under which lease."""
    parts = [f"{handed.issued.role} for {handed.person or 'you'}"]
    if handed.issued.credentials.session_token is None:
        good = f", good after {report.seconds:.1f} s" if report is not None else ", not waited for"
        parts.append(f"new IAM user{good}")
    end = handed.issued.ends_at
    if end is not None:
        left = (end - datetime.now(UTC)).total_seconds()
        parts.append(f"expires in {durations.words(left)} ({end.astimezone():%H:%M})")
    parts.append(f"lease {handed.issued.lease.id}")
    return " · ".join(parts)
