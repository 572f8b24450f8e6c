"""Keys that Vault's identity made for the users of static roles: rotations', or a thief's. Pure.

Vault rotates them by itself, and its audit log has no line of it. It has one when somebody reads a
static role's credentials, with the key that was current then. A key that was read is Vault's. Where
an older key was still current minutes after another was made, that other is none of Vault's. Of two
keys made within one period of rotation at most one is of the schedule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vaultaws.leases.inventory import HASHED
from vaultaws.model import StaticRole
from vaultaws.trail import tables
from vaultaws.trail.audit import AuditStatic
from vaultaws.trail.evidence import CLOCK_SKEW, AuditView, Span
from vaultaws.trail.verdicts import Standing, Verdict, Why


@dataclass(frozen=True)
class Bounds:
    """How far CloudTrail can be believed to have every key: to `watermark` but for `gaps`."""

    watermark: datetime
    gaps: Sequence[Span] = ()

    def are_whole(self, begins: datetime, ends: datetime) -> bool:
        """True when no key made in that time can be missing."""
        overlap = (gap for gap in self.gaps if gap.starts <= ends and begins <= gap.ends)
        return ends < self.watermark - CLOCK_SKEW and not any(overlap)


def judged(
    verdicts: Mapping[str, Verdict], view: AuditView, roles: Sequence[StaticRole], bounds: Bounds
) -> dict[str, Verdict]:
    """Return the verdicts, those of static roles' keys as the evidence allows."""
    made: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts.values():
        if verdict.standing is Standing.STATIC and verdict.minted:
            made[verdict.minted.target].append(verdict)
    found = dict(verdicts)
    for user, keys in made.items():
        names = {role.name for role in roles if role.username == user}
        periods = [role.rotation_period_seconds for role in roles if role.username == user]
        known = _User(keys, [one for one in view.statics if one.role in names], view, bounds)
        period = timedelta(seconds=min(periods, default=0))
        found |= {verdict.access_key_id: known.judged(verdict, period) for verdict in keys}
    return found


@dataclass(frozen=True)
class _User:
    """The keys made for one user, and what the audit log has of its static role."""

    keys: Sequence[Verdict]
    told: Sequence[AuditStatic]
    view: AuditView
    bounds: Bounds

    def judged(self, verdict: Verdict, period: timedelta) -> Verdict:
        made = _time(verdict)
        mine = self._written(verdict)
        if any(one.access_key in mine for one in self.told):
            return verdict
        since = {
            text for other in self.keys if _time(other) >= made for text in self._written(other)
        }
        if any(one.access_key not in since for one in self._later_reads(made)):
            return replace(verdict, standing=Standing.UNEXPLAINED)
        if self._is_crowded(verdict, made, period):
            return replace(verdict, standing=Standing.UNCOVERED, why=Why.CROWDED.value)
        return verdict

    def _written(self, verdict: Verdict) -> set[str]:
        """The key as a log may write it."""
        key = verdict.access_key_id
        return {key, self.view.digests.get(key, key)}

    def _later_reads(self, made: datetime) -> list[AuditStatic]:
        """Reads that would have answered with a key made then, or with a later one that is
        known."""
        return [
            one
            for one in self.told
            if one.access_key
            and one.time > made + CLOCK_SKEW
            and self.bounds.are_whole(made, one.time)
            and self._is_comparable(one)
        ]

    def _is_comparable(self, one: AuditStatic) -> bool:
        if not one.access_key.startswith(HASHED):
            return True
        view = self.view
        told = all(key.access_key_id in view.digests for key in self.keys)
        return told and (view.salted is None or one.time >= view.salted + CLOCK_SKEW)

    def _is_crowded(self, verdict: Verdict, made: datetime, period: timedelta) -> bool:
        """True when another key was made within the period, and nobody wrote the role then, which
        makes a key at once."""
        written = any(
            not one.access_key and abs(one.time - made) <= CLOCK_SKEW for one in self.told
        )
        near = (
            abs(_time(other) - made) < period - 2 * CLOCK_SKEW
            for other in self.keys
            if other is not verdict
        )
        return not written and any(near)


def _time(verdict: Verdict) -> datetime:
    return verdict.time or tables.EARLIEST
