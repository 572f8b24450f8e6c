"""CloudTrail against Vault's audit log: who holds each credential that Vault's identity minted.

`relations` says what is matched and how; here it is run, and its rows become verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from vaultaws.leases import person
from vaultaws.model import AuditIssuance, Event
from vaultaws.trail import statics, tables
from vaultaws.trail.acts import acts_of
from vaultaws.trail.cuts import Cuts
from vaultaws.trail.engines import Engine
from vaultaws.trail.evidence import CLOCK_SKEW, ROLLBACK, AuditView, Span, VaultIdentity
from vaultaws.trail.expect import ANYTHING, Expected, Sort
from vaultaws.trail.tables import RootKind, SpanKind
from vaultaws.trail.verdicts import (
    OF_PEOPLE,
    SOUND,
    Cut,
    Mark,
    MarkKind,
    Matching,
    Standing,
    Use,
    Verdict,
    Why,
)


@dataclass(frozen=True)
class Question:
    """What is matched besides the events.

    Events begin at `since`; CloudTrail is complete to `watermark` but for `trail_gaps`.
    `alive_beyond` maps the leases that are over while their token lives to the token's end;
    `denied` are those of them that a deny in IAM covers now.
    `mounts` are those whose issuances CloudTrail must show, none for all, in `namespace`, None for
    any: another's may be of another root, but where it is of the same it explains.
    """

    audit: AuditView
    identity: VaultIdentity
    since: datetime
    watermark: datetime
    expected: Expected = ANYTHING
    alive_beyond: Mapping[str, datetime] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()
    trail_gaps: Sequence[Span] = ()
    mounts: frozenset[str] = frozenset()
    namespace: str | None = None

    def must_show(self, issuance: AuditIssuance) -> bool:
        """Whether CloudTrail must show an issuance."""
        return issuance.is_of(self.mounts, self.namespace)


def match(engine: Engine, asked: Question) -> Matching:
    """Judge every credential. The engine has a table `events` with the columns of
    `tables.EVENTS`; the audit log may reach further back than it."""
    return _Run(engine, asked).matching()


class _Run:
    def __init__(self, engine: Engine, asked: Question) -> None:
        self._engine = engine
        self._asked = asked
        self._issued = {found.lease_id: found for found in asked.audit.issuances}

    def matching(self) -> Matching:
        engine = self._engine
        for name, rows in given(self._asked).items():
            engine.table(name, rows)
        engine.keep("mine")
        engine.keep("own")
        engine.keep("judged")
        verdicts = self._with_statics(
            {row["issued_key"]: self._judged(row) for row in engine.kept("judged")}
        )
        self._add_descendants(verdicts)
        unseen = [
            self._unseen(row)
            for row in engine.rows("unseen")
            if self._asked.must_show(self._issued[row["lease_id"]])
        ]
        revoked = {row["lease_id"]: row["revoked"] for row in engine.rows("ended")}
        ended = [
            self._with_end(found, revoked.get(found.lease_id))
            for found in [*verdicts.values(), *unseen]
        ]
        finished = self._with_use(self._with_cuts(ended))
        watermark = self._asked.watermark
        ordered = sorted(finished, key=lambda found: (found.time or watermark, found.access_key_id))
        acts = acts_of(
            self._noted(),
            verdicts,
            watermark,
            failed=self._failures(),
            lost=[_wider(gap) for gap in self._asked.trail_gaps],
        )
        return Matching(tuple(ordered), tuple(acts))

    def _with_statics(self, verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
        asked = self._asked
        gaps = [_wider(gap) for gap in asked.trail_gaps]
        bounds = statics.Bounds(asked.watermark, gaps)
        return statics.judged(verdicts, asked.audit, asked.identity.static_roles, bounds)

    def _judged(self, row: Mapping[str, Any]) -> Verdict:
        event = event_of(row)
        issuance = self._issued.get(row["lease_id"] or "")
        standing = Standing(row["standing"])
        if issuance is None:
            why = row["why"] if standing is Standing.UNCOVERED else ""
            return Verdict(standing, event.issued_access_key_id, event, why=why)
        return replace(
            _of_issuance(standing, issuance),
            access_key_id=event.issued_access_key_id,
            minted=event,
        )

    def _unseen(self, row: Mapping[str, Any]) -> Verdict:
        standing = Standing(row["standing"])
        why = row["why"] if standing is Standing.UNCOVERED else ""
        return replace(_of_issuance(standing, self._issued[row["lease_id"]]), why=why)

    def _add_descendants(self, verdicts: dict[str, Verdict]) -> None:
        """Follow what credentials minted: AssumeRole, GetSessionToken, CreateAccessKey … and on."""
        engine = self._engine
        parents = list(verdicts)
        while parents:
            rows = [{"key_id": parent} for parent in parents]
            engine.table("parents", tables.table(tables.KEYS, rows))
            parents = []
            for row in engine.rows("children"):
                event = event_of(row)
                if event.issued_access_key_id not in verdicts:
                    verdicts[event.issued_access_key_id] = _descendant(
                        verdicts[event.access_key_id], event
                    )
                    parents.append(event.issued_access_key_id)

    def _with_end(self, found: Verdict, revoked: datetime | None) -> Verdict:
        ends = found.minted.issued_until if found.minted else None
        issuance = found.issuance
        if ends is None and issuance and issuance.token_ends:
            ends = issuance.token_ends
        alive = self._asked.alive_beyond.get(found.lease_id)
        return replace(found, ends=ends, revoked=revoked, alive_until=alive)

    def _with_cuts(self, verdicts: list[Verdict]) -> list[Verdict]:
        if not verdicts:
            return []
        self._engine.keep("denying")
        cuts = Cuts(event_of(row) for row in self._engine.rows("cuts"))
        asked = [found.access_key_id for found in verdicts if cuts.names_sessions(found)]
        sessions = self._sessions(asked)
        judged = [cuts.judged(found, sessions[found.access_key_id]) for found in verdicts]
        denied = self._asked.denied
        return [
            replace(found, cut=Cut(), lifted=None)
            if found.lease_id in denied and not found.cut
            else found
            for found in judged
        ]

    def _sessions(self, keys: list[str]) -> defaultdict[str, set[str]]:
        """What the calls of each key show as its aws:userid."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        if keys:
            rows = [{"key_id": key} for key in keys]
            self._engine.table("parents", tables.table(tables.KEYS, rows))
            for row in self._engine.rows("principals"):
                found[row["access_key_id"]].add(row["principal_id"])
        return found

    def _with_use(self, verdicts: list[Verdict]) -> list[Verdict]:
        held = [
            {
                "key_id": found.access_key_id,
                "ends": _too_late(found),
                "cut": _later(found.cut.at) if found.cut and found.cut.at else None,
            }
            for found in verdicts
            if found.access_key_id
        ]
        if not held:
            return verdicts
        self._engine.table("held", tables.table(tables.HELD, held))
        self._engine.keep("calls")
        uses, marks = self._uses(), self._marks()
        return [
            replace(
                found,
                use=uses.get(found.access_key_id, Use()),
                marks=_fitting(found.standing, marks.get(found.access_key_id, [])),
            )
            for found in verdicts
        ]

    def _uses(self) -> dict[str, Use]:
        actions: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for row in self._engine.rows("actions"):
            words = f"{row['service']} {row['name']}"
            actions[row["access_key_id"]].append((row["place"], words))
        return {
            row["access_key_id"]: Use(
                calls=row["calls"],
                denied=int(row["denied"]),  # a sum is a decimal in some engines
                actions=tuple(words for _, words in sorted(actions[row["access_key_id"]])),
                first=row["first"],
                last=row["last"],
                last_service=row["last_service"],
            )
            for row in self._engine.rows("uses")
        }

    def _marks(self) -> dict[str, list[Mark]]:
        """What stands out, by key, in the order of `MarkKind`."""
        self._engine.table("strange", tables.table(tables.STRANGE, self._strange()))
        found: defaultdict[str, list[Mark]] = defaultdict(list)
        for row in self._engine.rows("marks"):
            mark = Mark(
                MarkKind(row["kind"]),
                row["calls"],
                row["first"],
                row["last"],
                row["detail"],
                row["event_id"],
            )
            often = mark.calls >= self._asked.expected.refusals
            if often or mark.kind is not MarkKind.REFUSED:
                found[row["access_key_id"]].append(mark)
        order = list(MarkKind)
        return {
            key: sorted(some, key=lambda mark: order.index(mark.kind))
            for key, some in found.items()
        }

    def _strange(self) -> list[dict[str, str]]:
        expected = self._asked.expected
        if not expected.sorts:
            return []
        seen: defaultdict[str, list[str]] = defaultdict(list)
        for row in self._engine.rows("sorts"):
            seen[row["kind"]].append(row["value"])
        return [
            {"kind": sort.value, "value": value}
            for sort in Sort
            for value in expected.strange(sort, seen[sort.value])
        ]

    def _failures(self) -> list[Span]:
        """When Vault failed to issue, or may have: beyond the end of its log."""
        audit = self._asked.audit
        told = [_wider(Span(moment, moment)) for moment in audit.failures]
        return [*told, *([Span(audit.ends, tables.LATEST)] if audit.ends else [])]

    def _noted(self) -> list[Event]:
        return [event_of(row) for row in self._engine.rows("opened")]


def given(asked: Question) -> dict[str, Any]:
    """The tables of a question, by name, all but the events."""
    audit, identity = asked.audit, asked.identity
    users = [{"user_name": name} for name in sorted(identity.static_users)]
    return {
        "issuances": tables.issuances(audit.issuances),
        "digests": tables.digests(audit.digests),
        "statics": tables.table(tables.STATICS, users),
        "spans": tables.table(tables.SPANS, _spans(asked)),
        "revocations": tables.revocations(audit.revocations),
        "roots": roots(identity, audit.rotated()),
        "bounds": tables.table(tables.BOUNDS, [_bounds(asked)]),
    }


def roots(identity: VaultIdentity, rotated: Iterable[str] = ()) -> Any:
    """Vault's identity as a table, with the keys that rotations made it."""
    rows = [{"kind": RootKind.KEY.value, "value": key} for key in sorted(identity.key_ids)]
    if identity.user_name:
        rows.append({"kind": RootKind.USER.value, "value": identity.user_name})
    if identity.role_name:
        rows.append({"kind": RootKind.ROLE.value, "value": identity.role_name})
    if identity.account:
        rows.append({"kind": RootKind.ACCOUNT.value, "value": identity.account})
    rows += [{"kind": RootKind.ROTATED.value, "value": key} for key in sorted(rotated)]
    return tables.table(tables.ROOTS, rows)


def _bounds(asked: Question) -> dict[str, Any]:
    audit = asked.audit
    return {
        "events_begin": asked.since + CLOCK_SKEW,
        "watermark": asked.watermark,
        "complete": asked.watermark - CLOCK_SKEW,
        "rollback": asked.watermark - ROLLBACK,
        "trail_gaps": max((_later(gap.ends) for gap in asked.trail_gaps), default=None),
        "log_begins": audit.begins - CLOCK_SKEW if audit.begins else None,
        "log_ends": audit.ends,
        "salted": audit.salted + CLOCK_SKEW if audit.salted else None,
        "no_log": audit.begins is None,
        "undigested": audit.undigested,
    }


def _spans(asked: Question) -> list[dict[str, Any]]:
    """The spans that count, widened by what two clocks may differ."""
    audit = asked.audit
    named = [
        *((SpanKind.ROTATION, Span(moment, moment)) for moment in audit.vague_rotations()),
        *((SpanKind.FAILED, Span(moment, moment)) for moment in audit.failures),
        *((SpanKind.WRAPPED, Span(moment, moment)) for moment in audit.wrapped),
        *((SpanKind.AUDIT_GAP, gap) for gap in audit.gaps),
        *((SpanKind.TRAIL_GAP, gap) for gap in asked.trail_gaps),
    ]
    wider = [(kind, _wider(span)) for kind, span in named]
    return [{"kind": kind.value, "starts": span.starts, "ends": span.ends} for kind, span in wider]


def _wider(span: Span) -> Span:
    return Span(_sooner(span.starts), _later(span.ends))


def _sooner(moment: datetime) -> datetime:
    return moment - CLOCK_SKEW if moment > tables.EARLIEST + CLOCK_SKEW else tables.EARLIEST


def _later(moment: datetime) -> datetime:
    return moment + CLOCK_SKEW if moment < tables.LATEST - CLOCK_SKEW else tables.LATEST


def event_of(row: Mapping[str, Any]) -> Event:
    """Return a row of `tables.EVENTS` as the event it was made of, but for its whole request."""
    return Event(
        event_id=row["event_id"],
        time=row["time"],
        service=row["service"],
        name=row["name"],
        region=row["region"],
        access_key_id=row["access_key_id"],
        identity_type=row["identity_type"],
        principal_arn=row["principal_arn"],
        principal_id=row["principal_id"],
        issued_access_key_id=row["issued_key"],
        error_code=row["error_code"],
        source_ip=row["source_ip"],
        user_agent=row["user_agent"],
        user_name=row["user_name"],
        account=row["account"],
        issued_until=row["issued_until"],
        target=row["target"],
        part=row["part"],
        policy_document=row["policy_document"],
    )


def _of_issuance(standing: Standing, issuance: AuditIssuance) -> Verdict:
    name = person.readable(
        issuance.display_name, username=issuance.username, entity_id=issuance.entity_id
    )
    role = issuance.path.rsplit("/", 1)[-1]
    return Verdict(standing, issuance=issuance, person=name, role=role)


def _descendant(parent: Verdict, event: Event) -> Verdict:
    standing, why = parent.standing, parent.why
    if standing in SOUND:
        standing = Standing.DESCENDANT
    elif standing is Standing.ROTATION:
        standing, why = Standing.UNCOVERED, Why.NEW_ROOT.value
    return Verdict(
        standing,
        event.issued_access_key_id,
        event,
        person=parent.person,
        role=parent.role,
        parent_key=parent.access_key_id,
        why=why,
    )


def _fitting(standing: Standing, marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """The marks that count: from where people are expected says nothing of Vault's own key."""
    if standing is not Standing.ROTATION:
        return tuple(marks)
    return tuple(mark for mark in marks if mark.kind not in OF_PEOPLE)


def _too_late(found: Verdict) -> datetime | None:
    """The moment after which no call with it should succeed."""
    known = [moment for moment in (found.ends, found.revoked) if moment is not None]
    return _later(min(known)) if known else None
