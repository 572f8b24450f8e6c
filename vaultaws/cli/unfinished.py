"""Applies that have not come to their end, as plan and apply mention them."""

from __future__ import annotations

import os

from vaultaws.cli import output
from vaultaws.clock import SystemClock
from vaultaws.errors import LocalStateError, visible
from vaultaws.leases.target import Target
from vaultaws.plan import outcome
from vaultaws.plan.journal import ApplyJournal, default_directory


def journal_of(address: str, namespace: str, mount: str) -> ApplyJournal:
    """The journal of applies to one mount, in the person's state directory."""
    target = Target(address, namespace, mount)
    return ApplyJournal(default_directory(os.environ), target, SystemClock())


def say_unfinished(journal: ApplyJournal) -> None:
    """Say that an apply ended early, or still runs. Raises LocalStateError."""
    found = journal.unfinished()
    if found is not None:
        output.say(f"· {visible(outcome.mention(found, SystemClock().now()))}")


def mention_unfinished(address: str, namespace: str, mount: str) -> None:
    """The same for those who only look: a journal that cannot be read is said, and no error."""
    try:
        say_unfinished(journal_of(address, namespace, mount))
    except LocalStateError as error:
        output.say(f"· {visible(f'{error.what}: {error.why}')}")
