"""A report as the page's own value: compact columns, text once, nothing that hides. Pure.

Credentials are columns of equal length. `texts` holds every text that repeats, and a column of
texts holds places in it (0 is the empty text). Times are whole seconds after `start`, null where
none is known. Text from logs has escapes for characters that a reader cannot see, and an end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from vaultaws.errors import visible
from vaultaws.leases.words import count, iso
from vaultaws.trail.findings import BEYOND, LIFTED, Severity
from vaultaws.trail.page.reasons import Told
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import VAULTS_OWN, MarkKind, Standing, Verdict

DATA_VERSION: Final = 1
LONGEST_TEXT: Final = 1_024
_STANDINGS: Final = tuple(Standing)
_KINDS: Final = tuple(MarkKind)
_TEXTS: Final = (
    "person role actions made by address region agent account entity remote path parent stopped"
)
_TIMES: Final = "at ends revoked alive cut first last"


def shown(text: str) -> str:
    """Text from a log, safe to look at: no character that is obeyed or hidden, and not endless."""
    rest = len(text) - LONGEST_TEXT
    if rest <= 0:
        return visible(text)
    cut = visible(text[:LONGEST_TEXT])
    return f"{cut}… ({count(rest, 'more character', 'more characters')})"


@dataclass(frozen=True)
class Holder:
    """What one person holds, or held, of one role in the window."""

    person: str
    role: str
    issued: int
    alive: int
    calls: int
    denied: int
    findings: int
    last: datetime | None


def value(report: Report, told: Sequence[Told], *, written: datetime) -> dict[str, Any]:
    """Return the page's value. Text in it is printable, so nothing of a log can act."""
    start = report.start.replace(microsecond=0)
    texts = _Texts()
    verdicts = report.matching.verdicts
    return {
        "version": DATA_VERSION,
        "start": iso(start),
        "end": _seconds(report.end, start),
        "watermark": _seconds(report.watermark, start),
        "written": iso(written.replace(microsecond=0)),
        "standings": list(_STANDINGS),
        "marks": list(_KINDS),
        "rows": _rows(verdicts, texts, start),
        "marked": [
            [
                row,
                _KINDS.index(mark.kind),
                mark.calls,
                _seconds(mark.first, start),
                _seconds(mark.last, start),
                shown(mark.detail),
                shown(mark.event_id),
            ]
            for row, verdict in enumerate(verdicts)
            for mark in verdict.marks
        ],
        "findings": _findings(told, start),
        "texts": list(texts.places),
    }


def _findings(told: Sequence[Told], start: datetime) -> dict[str, Any]:
    reasons = {found.reason.kind: found.reason for found in told}
    places = {kind: place for place, kind in enumerate(reasons)}
    return {
        "reasons": [
            {"doubt": reason.doubt, "then": reason.then, "first": reason.kind in {BEYOND, LIFTED}}
            for reason in reasons.values()
        ],
        "reason": [places[found.reason.kind] for found in told],
        "critical": [int(found.finding.severity is Severity.CRITICAL) for found in told],
        "what": [shown(found.finding.what) for found in told],
        "row": [found.row for found in told],
        "at": [_seconds(found.act.event.time, start) if found.act else None for found in told],
    }


def _rows(verdicts: Sequence[Verdict], texts: _Texts, start: datetime) -> dict[str, list[Any]]:
    flat = [_row(verdict) for verdict in verdicts]
    rows: dict[str, list[Any]] = {
        "standing": [_STANDINGS.index(verdict.standing) for verdict in verdicts]
    }
    for name in ["key", "lease", "event", "request"]:
        rows[name] = [shown(one[name]) for one in flat]
    for name in _TEXTS.split():
        rows[name] = [texts.place(one[name]) for one in flat]
    for name in _TIMES.split():
        rows[name] = [_seconds(one[name], start) for one in flat]
    for name in ["calls", "denied"]:
        rows[name] = [one[name] for one in flat]
    return rows


def _row(verdict: Verdict) -> dict[str, Any]:
    minted, issuance, use = verdict.minted, verdict.issuance, verdict.use
    return {
        "person": verdict.person,
        "role": verdict.role,
        "key": verdict.access_key_id,
        "lease": verdict.lease_id,
        "parent": verdict.parent_key,
        "event": minted.event_id if minted else "",
        "made": minted.name if minted else "",
        "by": (minted.user_name or minted.access_key_id) if minted else "",
        "address": minted.source_ip if minted else "",
        "region": minted.region if minted else "",
        "agent": minted.user_agent if minted else "",
        "account": minted.account if minted else "",
        "request": issuance.request_id if issuance else "",
        "entity": issuance.entity_id if issuance else "",
        "remote": issuance.remote_address if issuance else "",
        "path": issuance.whole_path if issuance else "",
        "stopped": verdict.cut.by if verdict.cut else "",
        "actions": ", ".join(use.actions),
        "at": verdict.time,
        "ends": verdict.ends or (verdict.alive_until if verdict.cut else None),
        "revoked": verdict.revoked,
        "alive": verdict.lives_beyond,
        "cut": verdict.cut.at if verdict.cut else None,
        "first": use.first,
        "last": use.last,
        "calls": use.calls,
        "denied": use.denied,
    }


@dataclass
class _Texts:
    """Every text once; a place is its number. Text that is not shown alike is not one."""

    places: dict[str, int] = field(default_factory=lambda: {"": 0})
    known: dict[str, int] = field(default_factory=dict)

    def place(self, text: str) -> int:
        found = self.known.get(text)
        if found is None:
            found = self.places.setdefault(shown(text), len(self.places))
            self.known[text] = found
        return found


def _seconds(moment: datetime | None, start: datetime) -> int | None:
    return None if moment is None else int((moment - start).total_seconds() // 1)


def is_alive(verdict: Verdict, moment: datetime) -> bool:
    """True when nothing says that the credential was over at `moment`."""
    if verdict.standing in VAULTS_OWN:
        return False
    if verdict.lives_beyond and verdict.lives_beyond > moment:
        return True
    return verdict.over is None or verdict.over > moment


def holders(report: Report, told: Sequence[Told]) -> tuple[Holder, ...]:
    """Who holds what, the most findings first, then the most calls."""
    findings = Counter(found.row for found in told)
    groups: dict[tuple[str, str], list[int]] = {}
    verdicts = report.matching.verdicts
    for row, verdict in enumerate(verdicts):
        if verdict.standing not in VAULTS_OWN:
            groups.setdefault((verdict.person, verdict.role), []).append(row)
    found = [
        Holder(
            person=shown(person),
            role=shown(role),
            issued=len(rows),
            alive=sum(is_alive(verdicts[row], report.end) for row in rows),
            calls=sum(verdicts[row].use.calls for row in rows),
            denied=sum(verdicts[row].use.denied for row in rows),
            findings=sum(findings[row] for row in rows),
            last=_latest(verdicts[row].use.last for row in rows),
        )
        for (person, role), rows in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.findings, -one.calls, one.person, one.role)))


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def minute(moment: datetime) -> str:
    """Return 2026-11-21 09:30."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
