"""`vaultaws creds ROLE`: credentials, in the words of a shell, an SDK or a script."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from vaultaws.cli import cached, evidence, output
from vaultaws.cli.evidence import audit_log_option
from vaultaws.cli.issuing import Given, Wish, issuing_options, obtain
from vaultaws.cli.options import ServerFlags, mount_option, server_options
from vaultaws.cli.wiring import open_journal, settings
from vaultaws.config import durations
from vaultaws.handoff.formats import FORMATS, how_to_use, render
from vaultaws.leases.words import at

if TYPE_CHECKING:
    from vaultaws.aws.wait import WaitReport
    from vaultaws.cache.entry import Entry
    from vaultaws.vault.connection import ConnectionSettings


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
@click.option("--no-cache", is_flag=True, help="Ask for a new set, and keep none.")
@audit_log_option
@mount_option
@server_options
def command(
    *,
    wish: Wish,
    form: str,
    no_cache: bool,
    audit_log: str | None,
    mount: str,
    server: ServerFlags,
) -> None:
    """Print credentials for ROLE: those of an earlier run while they are good, else new ones.

    A new IAM user's key is handed over only when AWS accepts it; when that takes too long the
    lease is revoked (exit 124). Nothing is printed on stdout unless all went well.
    """
    settled = settings(server)
    issuance = Issuance(settled, wish, mount, form, audit_log)
    name = "" if no_cache else cached.name_of(settled, wish, mount)
    if not name:
        issuance()
    else:
        waiting = output.Progress(f"another process is asking for {wish.role}; waiting for its set")
        entry, hit = cached.cache().obtain(name, issuance, waiting)
        if hit:
            _print_kept(entry, form)
    typed = how_to_use(shlex.join(("vaultaws", "creds", wish.role)), form)
    if typed:
        output.hint(f"to use it in this shell: {typed}")


@dataclass(frozen=True)
class Issuance:
    """One issuance, printed and handed over; the cache may have what was printed, never before."""

    settings: ConnectionSettings
    wish: Wish
    mount: str
    form: str
    audit_log: str | None

    def __call__(self) -> Entry:
        from vaultaws.clock import SystemClock
        from vaultaws.leases.issue import handing_over
        from vaultaws.vault.gateway import HvacVault

        vault, clock = HvacVault(self.settings), SystemClock()
        with open_journal() as journal:
            evidence.put_right(vault, journal, self.audit_log, self.mount)
            given = obtain(vault, journal, clock, self.wish, self.mount)
            with handing_over(vault, journal, given.handed):
                output.result(render(given.handed.issued, self.form, given.waited()))
        given.say_notes()
        output.hint(_sentence(given))
        return cached.entry_of(given)


def _print_kept(entry: Entry, form: str) -> None:
    output.result(render(cached.issued_of(entry), form, cached=True))
    for note in entry.notes:
        output.say(f"· {note}")
    output.hint(cached.sentence(entry))


def _sentence(given: Given) -> str:
    """One line of what was issued: for whom, how, until when, under which lease."""
    issued, report = given.handed.issued, given.report
    parts = [f"{issued.role} for {given.handed.person or 'you'}"]
    if issued.credentials.session_token is None:
        parts.append(f"new IAM user, {_goodness(report)}")
    if issued.ends_at is not None:
        now = datetime.now(UTC)
        left = durations.words((issued.ends_at - now).total_seconds())
        parts.append(f"expires in {left} ({at(issued.ends_at, now)})")
    parts.append(f"lease {issued.lease.id}")
    return " · ".join(parts)


def _goodness(report: WaitReport | None) -> str:
    if report is None:
        return "not waited for"
    read = f"{report.read} allowed" if report.read else "no action known to try it with"
    return f"good after {report.seconds:.1f} s ({read})"
