"""What the journal's lines come to: one record an intent. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vaultaws.leases.entries import Intent, Outcome, Step

KEEP_AFTER_END: Final = timedelta(days=1)
# Vault's default maximal lease (32 days, `max_lease_ttl`): what a forgotten intent can have left.
FORGET_AFTER: Final = timedelta(hours=768)


@dataclass(frozen=True)
class Record:
    """One intent and all that is known to have come of it."""

    intent: Intent
    issued: Outcome | None = None
    handed_over: bool = False
    closed: Outcome | None = None

    @property
    def is_open(self) -> bool:
        """True while a lease may exist that nobody was given."""
        return not self.handed_over and self.closed is None

    def ends(self) -> datetime | None:
        """When the last of lease and token ends; None when that is not known."""
        if self.issued is None:
            return None
        known = [end for end in (self.issued.lease_ends, self.issued.token_ends) if end]
        if self.closed and self.closed.step is Step.REVOKED:
            return max(self.closed.time, self.issued.token_ends or self.closed.time)
        return max(known) if known else None

    def is_worth_keeping(self, now: datetime) -> bool:
        """True while the record can still matter: open, alive, or ended less than a day ago."""
        if self.closed and self.closed.step in {Step.REFUSED, Step.LAPSED}:
            return now - self.closed.time < KEEP_AFTER_END
        end = self.ends()
        if self.is_open or end is None:
            return now - self.intent.time < FORGET_AFTER
        return now - end < KEEP_AFTER_END


@dataclass(frozen=True)
class Ledger:
    """All records in the order of their intents; `unreadable` counts lines that made no sense."""

    records: tuple[Record, ...] = ()
    unreadable: int = 0

    def by_lease(self) -> dict[str, Record]:
        """Records that have a lease, by its id."""
        return {found.issued.lease_id: found for found in self.records if found.issued}


def fold(entries: Iterable[Intent | Outcome | None]) -> Ledger:
    """Return the ledger; an outcome without its intent counts as unreadable."""
    records: dict[str, Record] = {}
    unreadable = 0
    for entry in entries:
        if isinstance(entry, Intent):
            records.setdefault(entry.id, Record(entry))
        elif entry is not None and entry.intent_id in records:
            records[entry.intent_id] = _after(records[entry.intent_id], entry)
        else:
            unreadable += 1
    return Ledger(tuple(records.values()), unreadable)


def _after(record: Record, outcome: Outcome) -> Record:
    if outcome.step is Step.ISSUED:
        return replace(record, issued=outcome)
    if outcome.step is Step.HANDED_OVER:
        return replace(record, handed_over=True)
    return replace(record, closed=record.closed or outcome)


def entries_of(record: Record, handed_over_at: datetime) -> list[Intent | Outcome]:
    """Return the fewest entries that fold to `record` again."""
    entries: list[Intent | Outcome] = [record.intent]
    if record.issued:
        entries.append(record.issued)
    if record.handed_over:
        entries.append(Outcome(record.intent.id, Step.HANDED_OVER, handed_over_at))
    if record.closed:
        entries.append(record.closed)
    return entries
