"""What a person must look at, each with its words and a name that stays. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vaultaws.leases.inventory import Holding
from vaultaws.leases.leaseless import Leaseless
from vaultaws.leases.words import printable, short_key
from vaultaws.trail import overdue
from vaultaws.trail.orphans import best_key, state_of
from vaultaws.trail.verdicts import Act, Mark, MarkKind, Matching, Standing, Verdict

ACT: Final = "opened behind Vault"
BEYOND: Final = "alive beyond its lease"
LIFTED: Final = "denied no more"
ORPHAN: Final = "orphan user"
OVERDUE: Final = "past its lease"


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """Something that should not be, and where it was seen. `kind` is a standing, a kind of mark,
    or one of `ACT`, `BEYOND`, `LIFTED`, `ORPHAN` and `OVERDUE`; `user` is an orphan's IAM user."""

    severity: Severity
    kind: str
    what: str
    access_key_id: str = ""
    event_id: str = ""
    lease_id: str = ""
    user: str = ""

    @property
    def uid(self) -> str:
        """A name that the same finding has in every run.

        The first of several calls is not a part of it where a key is: calls come late, and many
        are of the same second. A user stays the same when its key is switched off.
        """
        about = self.user or self.access_key_id or self.lease_id or self.event_id
        named = f"{self.kind}\0{about}"
        return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def of(
    found: Matching, orphans: Iterable[Leaseless] = (), late: Iterable[Holding] = ()
) -> tuple[Finding, ...]:
    """Return everything that a person must look at, the worst first."""
    return (
        *(critical(verdict) for verdict in found.of(Standing.UNEXPLAINED)),
        *(critical_act(act) for act in found.acts),
        *(warning(verdict) for verdict in found.of(Standing.UNCOVERED, Standing.MISSING)),
        *(_marked(verdict, mark) for verdict in found.verdicts for mark in verdict.marks),
        *(_beyond(verdict) for verdict in found.verdicts if verdict.lives_beyond),
        *(orphan(user) for user in orphans),
        *(_overdue(held) for held in late),
    )


def critical(verdict: Verdict) -> Finding:
    """A credential that Vault knows nothing of."""
    event = verdict.minted
    if event is None:
        return Finding(
            Severity.CRITICAL, verdict.standing, "minted, no record", verdict.access_key_id
        )
    if verdict.parent_key:
        by = f"{short_key(verdict.parent_key)}, itself unexplained"
    else:
        by = event.user_name or short_key(event.access_key_id)
    where = event.source_ip or "an unknown address"
    what = (
        f"{event.name} by {by} at {event.time:%H:%M} from {where}, no request in Vault's audit log"
    )
    return Finding(
        Severity.CRITICAL, verdict.standing, printable(what), verdict.access_key_id, event.event_id
    )


def critical_act(act: Act) -> Finding:
    """A door that was opened behind Vault."""
    event = act.event
    what = (
        f"{event.name}{f' on {act.target}' if act.target else ''} by"
        f" {event.user_name or short_key(event.access_key_id)} at {event.time:%H:%M} from"
        f" {event.source_ip or 'an unknown address'}, which no issuance explains"
    )
    return Finding(Severity.CRITICAL, ACT, printable(what), "", event.event_id)


def warning(verdict: Verdict) -> Finding:
    """A credential that is missing, or cannot be judged."""
    when = f" at {verdict.time:%H:%M}" if verdict.time else ""
    event_id = verdict.minted.event_id if verdict.minted else ""
    if verdict.standing is Standing.MISSING:
        what = f"{verdict.role} issued to {verdict.person}{when} is not in CloudTrail"
    elif verdict.minted:
        key = short_key(verdict.access_key_id)
        what = f"{key} was minted{when} and cannot be judged: {verdict.why}"
    else:
        what = f"{verdict.role} issued to {verdict.person}{when} cannot be judged: {verdict.why}"
    return Finding(
        Severity.WARNING,
        verdict.standing,
        printable(what),
        verdict.access_key_id,
        event_id,
        verdict.lease_id,
    )


def _marked(verdict: Verdict, mark: Mark) -> Finding:
    severity = Severity.CRITICAL if mark.kind is MarkKind.AFTER_END else Severity.WARNING
    times = "once" if mark.calls == 1 else f"{mark.calls:,} times"
    holder = f" of {verdict.person}" if verdict.person else ""
    what = (
        f"{short_key(verdict.access_key_id)}{holder} {mark.kind}: {mark.detail}, {times},"
        f" last at {mark.last:%H:%M}"
    )
    return Finding(
        severity,
        mark.kind,
        printable(what),
        verdict.access_key_id,
        mark.event_id,
        verdict.lease_id,
    )


def _beyond(verdict: Verdict) -> Finding:
    """A token without a lease. One whose deny was taken away is another finding than it was before
    the deny."""
    what = f"the token of {verdict.role} for {verdict.person} lives on after its lease"
    if verdict.lifted:
        what += f": its deny in AWS was taken away at {verdict.lifted:%H:%M}"
    kind = LIFTED if verdict.lifted else BEYOND
    return Finding(
        Severity.WARNING, kind, printable(what), verdict.access_key_id, "", verdict.lease_id
    )


def orphan(user: Leaseless) -> Finding:
    """A user of Vault's making that no lease explains."""
    when = f"{user.created_at:%Y-%m-%d %H:%M}"
    what = f"{user.name}, made at {when}, has no lease and lives on: {state_of(user)}"
    return Finding(Severity.WARNING, ORPHAN, printable(what), best_key(user), user=user.name)


def _overdue(held: Holding) -> Finding:
    """A lease that should be over, whose key works on."""
    about = (held.access_key_id, "", held.lease_id)
    return Finding(Severity.WARNING, OVERDUE, overdue.words(held), *about)
