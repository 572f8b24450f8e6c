"""The check's outcome, as people and machines read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from vaultaws.config.durations import words
from vaultaws.leases.inventory import Holding
from vaultaws.leases.words import count, iso, printable, short_key
from vaultaws.trail import findings, orphans, overdue
from vaultaws.trail.findings import OVERDUE, Finding, critical, critical_act, warning
from vaultaws.trail.grounds import Grounds, grounds
from vaultaws.trail.orphans import NOT_ASKED, Orphans
from vaultaws.trail.verdicts import Act, Cut, MarkKind, Matching, Standing, Use, Verdict

JSON_VERSION: Final = 1
_INDENT: Final = " " * 6
_SHOWN: Final = 3


@dataclass(frozen=True)
class Judged:
    """A finding, the credential it is about (None for one about none), and on what it rests."""

    finding: Finding
    verdict: Verdict | None = None
    grounds: Grounds | None = None


@dataclass(frozen=True)
class Report:
    """What the check found between `start` and `end`; CloudTrail is complete to `watermark`.

    `unreadable_records` and `unreadable_lines` count what could not be read and so not judged;
    `lost` are sentences on files that could not be read, `unsought` on what was not looked for.
    `orphans` are IAM users without a lease, `overdue` leases that should be over.
    """

    start: datetime
    end: datetime
    watermark: datetime
    matching: Matching
    unreadable_records: int = 0
    unreadable_lines: int = 0
    lost: tuple[str, ...] = ()
    unsought: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    orphans: Orphans = NOT_ASKED
    overdue: tuple[Holding, ...] = ()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Everything a person must look at, the worst first."""
        return findings.of(self.matching, self.orphans.users, self.overdue)

    @cached_property
    def judged(self) -> tuple[Judged, ...]:
        """Each finding with the credential it is about, and on what it rests."""
        by_key = {found.access_key_id: found for found in self.matching.verdicts}
        by_lease = {found.lease_id: found for found in self.matching.verdicts}
        by_name = {user.name: user for user in self.orphans.users}
        late = {held.lease_id: held for held in self.overdue}
        told = []
        for finding in self.findings:
            verdict = by_key.get(finding.access_key_id or "-")
            verdict = verdict or by_lease.get(finding.lease_id or "-")
            user = by_name.get(finding.user or "-")
            why = orphans.grounds(user) if user else grounds(verdict) if verdict else None
            if finding.kind == OVERDUE:
                why = overdue.grounds(late[finding.lease_id])
            told.append(Judged(finding, verdict, why))
        return tuple(told)

    @property
    def unread(self) -> tuple[str, ...]:
        """What could not be read, in sentences; a check over a part of the evidence."""
        counted = (
            (self.unreadable_records, "CloudTrail record", "CloudTrail records"),
            (self.unreadable_lines, "line of the audit log", "lines of the audit log"),
        )
        told = [
            f"{count(number, one, many)} could not be read"
            for number, one, many in counted
            if number
        ]
        unsought = (*self.unsought, *filter(None, (self.orphans.unsought,)))
        return (*told, *self.lost, *unsought)

    @property
    def is_clean(self) -> bool:
        """True when nothing was found, and everything was read."""
        return not self.findings and not self.unread

    @property
    def calls(self) -> int:
        """Calls made with the credentials that Vault issued."""
        return sum(
            verdict.use.calls
            for verdict in self.matching.of(Standing.EXPLAINED, Standing.DESCENDANT)
        )


def render(report: Report) -> str:
    """Return the report as text."""
    found = report.matching
    issued = found.of(Standing.EXPLAINED, Standing.PENDING, Standing.MISSING)
    span = words((report.end - report.start).total_seconds())
    lag = (report.end - report.watermark).total_seconds()
    late = f" (the last {words(lag)} may not yet be in CloudTrail)" if lag > 0 else ""
    lines = [
        ", ".join(
            (
                f"{count(len(issued), 'credential', 'credentials')} issued by Vault",
                f"{count(report.calls, 'call', 'calls')} made with them",
                f"{span} to {report.end:%H:%M}{late}",
            )
        )
    ]
    lines += _explained(found)
    lines += _simple(found, Standing.PENDING, "not yet in CloudTrail")
    lines += _simple(found, Standing.ROTATION, "rotated by Vault: its own root key")
    lines += _simple(found, Standing.STATIC, "rotated by Vault: keys of static roles")
    lines += _simple(found, Standing.ROLLED_BACK, "taken back by Vault: the issuance had failed")
    for verdict in found.of(Standing.UNEXPLAINED):
        lines += _unexplained(verdict)
    lines += [_line(1, f"opened behind Vault  !!  {critical_act(act).what}") for act in found.acts]
    lines += [
        _line(1, f"{verdict.standing.value}  !  {warning(verdict).what}")
        for verdict in found.of(Standing.UNCOVERED, Standing.MISSING)
    ]
    lines += _cut(found)
    beyond = sum(1 for verdict in found.verdicts if verdict.lives_beyond)
    if beyond:
        lines.append(
            _line(beyond, "alive beyond their lease" if beyond > 1 else "alive beyond its lease")
        )
    lines += _marks(found)
    lines += _orphans(report.orphans)
    lines += _overdue(report.overdue)
    lines += [f"not read: {printable(what)}" for what in report.unread]
    return "\n".join([*lines, *(f"note: {printable(note)}" for note in report.notes)])


def as_json(report: Report) -> dict[str, Any]:
    """Return the report for machines."""
    return {
        "version": JSON_VERSION,
        "start": iso(report.start),
        "end": iso(report.end),
        "complete_to": iso(report.watermark),
        "counts": {standing.value: len(report.matching.of(standing)) for standing in Standing},
        "calls": report.calls,
        "unreadable": {
            "cloudtrail_records": report.unreadable_records,
            "audit_lines": report.unreadable_lines,
            "lost": list(report.lost),
        },
        "not_read": list(report.unread),
        "credentials": [_verdict_json(verdict) for verdict in report.matching.verdicts],
        "acts": [_act_json(act) for act in report.matching.acts],
        "orphan_users": orphans.as_json(report.orphans),
        "overdue_leases": overdue.as_json(report.overdue),
        "findings": [
            {
                "severity": finding.severity.value,
                "kind": finding.kind,
                "what": finding.what,
                "access_key_id": finding.access_key_id or None,
                "event_id": finding.event_id or None,
                "lease_id": finding.lease_id or None,
                "iam_user": finding.user or None,
            }
            for finding in report.findings
        ],
        "notes": list(report.notes),
    }


def _explained(found: Matching) -> list[str]:
    explained = found.of(Standing.EXPLAINED)
    people = {verdict.person for verdict in explained}
    roles = {verdict.role for verdict in explained}
    people_words, roles_words = (
        count(len(people), "person", "people"),
        count(len(roles), "role", "roles"),
    )
    lines = [_line(len(explained), f"explained        {people_words}, {roles_words}")]
    descendants = found.of(Standing.DESCENDANT)
    if descendants:
        lines.append(_line(len(descendants), "minted with one of these"))
    return lines


def _simple(found: Matching, standing: Standing, text: str) -> list[str]:
    verdicts = found.of(standing)
    return [_line(len(verdicts), text)] if verdicts else []


def _unexplained(verdict: Verdict) -> list[str]:
    finding = critical(verdict)
    key = short_key(verdict.access_key_id)
    used = _used(verdict.use)
    next_step = f"vaultaws trail explain {key} · vaultaws incident contain --key {key}"
    return [
        _line(1, f"unexplained  !!  {key}  {finding.what}"),
        f"{_INDENT}                 {used}. → {next_step}",
    ]


def _used(use: Use) -> str:
    if not use.calls:
        return "never used"
    denied = f" ({use.denied} denied)" if use.denied else ""
    times = "once" if use.calls == 1 else f"{use.calls:,} times"
    return f"used {times}{denied}: {printable(', '.join(use.actions))}"


def _line(number: int, text: str) -> str:
    return f"{number:>5,} {text}"


def _cut(found: Matching) -> list[str]:
    """Tokens without a lease that AWS denies everything."""
    denied = [verdict for verdict in found.verdicts if verdict.cut and verdict.alive_until]
    shown = [f"{short_key(one.access_key_id)} {_denied(one)}" for one in denied[:_SHOWN]]
    more = f" and {len(denied) - _SHOWN:,} more" if len(denied) > _SHOWN else ""
    their = "their leases" if len(denied) > 1 else "its lease"
    told = f"denied in AWS, {their} over: {printable(', '.join(shown))}{more}"
    return [_line(len(denied), told)] if denied else []


def _denied(verdict: Verdict) -> str:
    """Return since 09:40 (by the policy …; event …), its token ends at 10:00."""
    cut, ends = verdict.cut or Cut(), verdict.alive_until
    since = f"since {cut.at:%H:%M} " if cut.at else ""
    event = f"; event {cut.event_id}" if cut.event_id else ""
    return f"{since}(by {cut.by}{event})" + (f", its token ends at {ends:%H:%M}" if ends else "")


def _marks(found: Matching) -> list[str]:
    """A line for each kind of mark, with the first credentials that bear it."""
    lines = []
    for kind in MarkKind:
        bearers = [
            (verdict, mark)
            for verdict in found.verdicts
            for mark in verdict.marks
            if mark.kind is kind
        ]
        if bearers:
            sign = "!!" if kind is MarkKind.AFTER_END else "!"
            shown = [
                f"{short_key(verdict.access_key_id)} {printable(mark.detail)}"
                for verdict, mark in bearers[:_SHOWN]
            ]
            more = f" and {len(bearers) - _SHOWN:,} more" if len(bearers) > _SHOWN else ""
            lines.append(_line(len(bearers), f"{kind}  {sign}  {', '.join(shown)}{more}"))
    return lines


def _orphans(found: Orphans) -> list[str]:
    """Users without a lease, the first of them by name."""
    users = found.users
    if not users:
        return []
    shown = [f"{printable(user.name)} ({orphans.state_of(user)})" for user in users[:_SHOWN]]
    more = f" and {len(users) - _SHOWN:,} more" if len(users) > _SHOWN else ""
    name = "orphan users" if len(users) > 1 else "orphan user"
    next_step = orphans.command(users[0])
    return [
        _line(len(users), f"{name}  !  no lease is theirs: {', '.join(shown)}{more}"),
        *([f"{_INDENT}                 → {next_step}"] if next_step else []),
    ]


def _overdue(found: tuple[Holding, ...]) -> list[str]:
    """Leases that should be over, the first of them by name."""
    if not found:
        return []
    shown = [overdue.words(held) for held in found[:_SHOWN]]
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return [_line(len(found), f"past its lease  !  {'; '.join(shown)}{more}")]


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    issuance, minted, use = verdict.issuance, verdict.minted, verdict.use
    why = grounds(verdict)
    return {
        "standing": verdict.standing.value,
        "access_key_id": verdict.access_key_id or None,
        "person": verdict.person or None,
        "entity_id": issuance.entity_id if issuance else None,
        "role": verdict.role or None,
        "lease_id": verdict.lease_id or None,
        "parent_access_key_id": verdict.parent_key or None,
        "at": iso(verdict.time),
        "evidence": {
            "event_id": minted.event_id if minted else None,
            "event_name": minted.name if minted else None,
            "source_ip": minted.source_ip if minted else None,
            "audit_request_id": issuance.request_id if issuance else None,
            "namespace": issuance.namespace if issuance else None,
            "remote_address": issuance.remote_address if issuance else None,
        },
        "use": {
            "calls": use.calls,
            "denied": use.denied,
            "actions": list(use.actions),
            "first_at": iso(use.first),
            "last_at": iso(use.last),
        },
        "marks": [
            {
                "kind": mark.kind.value,
                "calls": mark.calls,
                "first_at": iso(mark.first),
                "last_at": iso(mark.last),
                "detail": mark.detail or None,
                "event_id": mark.event_id or None,
            }
            for mark in verdict.marks
        ],
        "token_ends_at": iso(verdict.ends),
        "lease_revoked_at": iso(verdict.revoked),
        "unknown_because": verdict.why or None,
        "rests_on": why.rests_on,
        "could_be_wrong": why.could_be_wrong,
        "alive_beyond_lease_until": iso(verdict.lives_beyond),
        "denied_since": iso(verdict.cut.at) if verdict.cut else None,
        "denied_by": verdict.cut.by if verdict.cut else None,
        "denied_event_id": (verdict.cut.event_id or None) if verdict.cut else None,
        "deny_lifted_at": iso(verdict.lifted),
    }


def _act_json(act: Act) -> dict[str, Any]:
    event = act.event
    return {
        "event_id": event.event_id,
        "event_name": event.name,
        "target": act.target or None,
        "at": iso(event.time),
        "source_ip": event.source_ip or None,
        "access_key_id": event.access_key_id or None,
    }
