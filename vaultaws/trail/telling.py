"""What a watch knows and has still to tell, from round to round. Pure.

A finding waits from the round that found it until every output has taken it. The window of a round
begins an hour before what is settled, since CloudTrail sets no bound to how late it is, and earlier
where a credential minted before is still alive.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.leases.words import iso
from vaultaws.trail.report import Judged, Report
from vaultaws.trail.verdicts import VAULTS_OWN, Verdict

LINE_VERSION: Final = 1
OVERLAP: Final = timedelta(hours=1)
"""How long what is settled, or a credential that has ended, is looked at again."""


@dataclass(frozen=True)
class Waiting:
    """A finding that not every output has taken; `taken` names those that have."""

    uid: str
    line: Mapping[str, Any]
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class State:
    """What outlives a run.

    The next window begins at `start`; everything to `watermark` is settled, None before the first
    whole round. `known` tells when each finding was last seen, told or waiting.
    """

    start: datetime
    watermark: datetime | None = None
    known: Mapping[str, datetime] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()


def after(state: State, report: Report, reach: timedelta) -> State:
    """Return the state after a round. Where CloudTrail was read in part, nothing more is settled.

    A credential that lives on is looked back for as far as `reach` from the report's end.
    """
    whole = not (report.lost or report.unreadable_records)
    watermark = report.watermark if whole else state.watermark
    if state.watermark and watermark:
        watermark = max(state.watermark, watermark)
    start = _next_start(state, report, watermark, reach)
    judged = {one.finding.uid: one for one in report.judged}
    waiting = [
        Waiting(uid, line(one, report.end)) for uid, one in judged.items() if uid not in state.known
    ]
    unsaid = {found.uid for found in state.waiting}
    kept = {uid: at for uid, at in state.known.items() if at >= start or uid in unsaid}
    known = {**kept, **dict.fromkeys(judged, report.end)}
    return State(start, watermark, known, (*state.waiting, *waiting))


def _next_start(
    state: State, report: Report, watermark: datetime | None, reach: timedelta
) -> datetime:
    """Never before the last one: what has left the window was judged."""
    if watermark is None:
        wanted = state.start
    else:
        alive = [
            found.time
            for found in report.matching.verdicts
            if found.time is not None and _matters(found, watermark)
        ]
        wanted = min([watermark - OVERLAP, *alive])
    furthest = min(report.watermark - OVERLAP, report.end - reach)
    return max(state.start, wanted, furthest)


def _matters(found: Verdict, settled: datetime) -> bool:
    """True for a credential of somebody's that is alive, or has not been over for long."""
    if found.standing in VAULTS_OWN or not found.access_key_id:
        return False
    ends = found.ends or found.alive_until or found.revoked
    return ends is None or ends > settled - OVERLAP


def taken(state: State, uid: str, output: str) -> State:
    """Note that an output took a finding."""
    return replace(
        state,
        waiting=tuple(
            replace(found, taken=found.taken | {output}) if found.uid == uid else found
            for found in state.waiting
        ),
    )


def told(state: State, outputs: Collection[str]) -> tuple[State, tuple[Waiting, ...]]:
    """Take out what each of the outputs has taken; return that too."""
    done = tuple(found for found in state.waiting if found.taken.issuperset(outputs))
    left = tuple(found for found in state.waiting if not found.taken.issuperset(outputs))
    return replace(state, waiting=left), done


def line(judged: Judged, at: datetime) -> dict[str, Any]:
    """Return a finding for machines, whole in itself."""
    finding, verdict, why = judged.finding, judged.verdict, judged.grounds
    return {
        "version": LINE_VERSION,
        "at": iso(at),
        "uid": finding.uid,
        "severity": finding.severity.value,
        "kind": str(finding.kind),
        "what": finding.what,
        "access_key_id": finding.access_key_id or None,
        "event_id": finding.event_id or None,
        "lease_id": finding.lease_id or None,
        "iam_user": finding.user or None,
        "person": (verdict.person or None) if verdict else None,
        "role": (verdict.role or None) if verdict else None,
        "issued_at": iso(verdict.time) if verdict else None,
        "rests_on": why.rests_on if why else None,
        "could_be_wrong": why.could_be_wrong if why else None,
    }
