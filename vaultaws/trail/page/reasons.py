"""Why a finding is one: its kind, on what evidence it rests, what could make it wrong, what to do
next. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vaultaws.leases.leaseless import Leaseless
from vaultaws.leases.words import count, iso
from vaultaws.model import AuditIssuance, Event
from vaultaws.trail import orphans
from vaultaws.trail.findings import ACT, BEYOND, LIFTED, ORPHAN, OVERDUE, Finding
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Act, Mark, MarkKind, Standing, Use, Verdict

OTHER: Final = "other"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./@+=,:-]*")
_EXPLAIN: Final = "vaultaws trail explain {key}"
_CONTAIN: Final = "vaultaws incident contain --key {key} --dry-run"


@dataclass(frozen=True)
class Reason:
    """What all findings of one kind share. `then` are commands; {key}, {lease} and {since} are
    filled in, and a command whose names are not known is not offered."""

    kind: str
    title: str
    doubt: str
    then: tuple[str, ...]


REASONS: Final[tuple[Reason, ...]] = (
    Reason(
        Standing.UNEXPLAINED,
        "Minted with Vault's identity, unknown to Vault",
        "Another mount or server may use the same root key; a rotated part of the audit log may not"
        " have been read; an audit device that was made anew digests keys in another way.",
        (_EXPLAIN, _CONTAIN),
    ),
    Reason(
        ACT,
        "Access opened behind Vault",
        "An administrator or another program may use Vault's own key or user on purpose.",
        ("vaultaws root show", "vaultaws incident contain --everything --root --dry-run"),
    ),
    Reason(
        MarkKind.AFTER_END,
        "Used after its end",
        "Clocks differ by seconds, CloudTrail's times are whole seconds, and AWS takes some"
        " seconds to honour a revocation everywhere.",
        (_EXPLAIN, _CONTAIN),
    ),
    Reason(
        MarkKind.NETWORK,
        "Used from an unexpected network",
        "[trail] may not name that network yet; a service of AWS that calls on a person's behalf"
        " shows an address of its own.",
        (_EXPLAIN, _CONTAIN),
    ),
    Reason(
        MarkKind.REGION,
        "Used in an unexpected region",
        "[trail] may not name that region yet; global services are recorded in us-east-1.",
        (_EXPLAIN, _CONTAIN),
    ),
    Reason(
        MarkKind.AGENT,
        "Used by an unexpected program",
        "A program tells its own name: an update changes it, and anyone may claim any.",
        (_EXPLAIN, _CONTAIN),
    ),
    Reason(
        MarkKind.REFUSED,
        "Refused often",
        "A policy that is too narrow is refused often too, and so is a program that tries again.",
        (_EXPLAIN, _CONTAIN),
    ),
    Reason(
        Standing.MISSING,
        "Issued by Vault, never seen in CloudTrail",
        "CloudTrail may be later than was allowed for (--lag), may not record that region, or may"
        " be that of another account.",
        ("vaultaws trail explain {lease}", "vaultaws trail check --since {since} --lag 2h"),
    ),
    Reason(
        Standing.UNCOVERED,
        "Cannot be judged",
        "Nothing is known against them: an older or whole part of the audit log may explain them.",
        (_EXPLAIN, "vaultaws trail check --since {since} --audit-log FILE"),
    ),
    Reason(
        BEYOND,
        "Alive beyond its lease",
        "A deny in AWS that was not seen may have killed the token already; where its own end is"
        " not known, the role's longest life stands for it.",
        ("vaultaws leases revoke --key {key} --cut", "vaultaws leases revoke {lease} --cut"),
    ),
    Reason(
        LIFTED,
        "Denied no more, and alive beyond its lease",
        "Somebody may have lifted the deny on purpose, and another, in a managed policy or a"
        " boundary, may still stand.",
        ("vaultaws leases revoke --key {key} --cut", "vaultaws leases revoke {lease} --cut"),
    ),
    Reason(
        ORPHAN,
        "Made by Vault, without a lease, and alive",
        "Another server with a mount of the same root, or a person, can have made a user of such a"
        " name; a lease that is being revoked takes its user with it some seconds late.",
        (
            "vaultaws leases show {key}",
            "vaultaws incident contain --key {key} --dry-run",
            "vaultaws leases list",
        ),
    ),
    Reason(
        OVERDUE,
        "Past its lease, and not ended",
        "Its user may be gone from IAM already; a server that was sealed ends what is due when it"
        " is opened.",
        ("vaultaws leases revoke {lease} --dry-run", "vaultaws leases list"),
    ),
    Reason(
        OTHER,
        "Other findings",
        "What it rests on is in the machine's report.",
        ("vaultaws trail check --since {since} --json",),
    ),
)
BY_KIND: Final[Mapping[str, Reason]] = {reason.kind: reason for reason in REASONS}


@dataclass(frozen=True)
class Told:
    """A finding of the report with the credential (`row` of the verdicts, -1 for none), the act or
    the user that it is about."""

    finding: Finding
    reason: Reason
    row: int = -1
    act: Act | None = None
    user: Leaseless | None = None


def told(report: Report) -> tuple[Told, ...]:
    """Return the report's findings, in its order, each with its reason."""
    return tuple(_told(report))


def _told(report: Report) -> Iterator[Told]:
    verdicts = report.matching.verdicts
    by_key = {found.access_key_id: row for row, found in enumerate(verdicts) if found.access_key_id}
    by_lease = {found.lease_id: row for row, found in enumerate(verdicts) if found.lease_id}
    acts = {act.event.event_id: act for act in report.matching.acts}
    users = {user.name: user for user in report.orphans.users}
    for finding in report.findings:
        row = by_key.get(finding.access_key_id, by_lease.get(finding.lease_id, -1))
        if finding.user:
            yield Told(finding, BY_KIND[ORPHAN], row, user=users.get(finding.user))
            continue
        if row < 0:
            act = acts.get(finding.event_id)
            kind = ACT if act else finding.kind
            yield Told(finding, BY_KIND.get(kind, BY_KIND[OTHER]), act=act)
            continue
        yield Told(finding, BY_KIND.get(finding.kind, BY_KIND[OTHER]), row)


def commands(reason: Reason, *, key: str, lease: str, since: datetime) -> tuple[str, ...]:
    """The commands that come next, with names that a shell takes as they are."""
    names = {"key": key, "lease": lease, "since": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
    known = {name: value for name, value in names.items() if _NAME.fullmatch(value)}
    filled = [
        line.format(**{name: shlex.quote(value) for name, value in known.items()})
        for line in reason.then
        if all(name in known for name in re.findall(r"\{(\w+)\}", line))
    ]
    if reason.kind in {BEYOND, LIFTED}:
        filled = filled[:1]
    return tuple(filled) or (f"vaultaws trail check --since {names['since']} --json",)


Evidence = tuple[tuple[str, str], ...]
"""Each source with what it says."""


def evidence(found: Told, verdict: Verdict | None) -> Evidence:
    """On what a finding rests, source by source."""
    if found.user is not None:
        credential = evidence(replace(found, user=None), verdict) if verdict else ()
        return (*_from_user(found.user), *credential)
    if verdict is None:
        event = found.act.event if found.act else None
        return _from_event(event) if event else _ids(found.finding)
    return (
        *(_from_event(verdict.minted) if verdict.minted else ()),
        ("Vault's audit log", _issued(verdict.issuance)),
        ("Use", used(verdict.use)),
        *((str(mark.kind).capitalize(), marked(mark)) for mark in verdict.marks),
        *_end(verdict),
    )


def _from_event(event: Event) -> Evidence:
    words = (
        f"{event.service} {event.name}".strip(),
        f"in {event.region}" if event.region else "",
        f"at {second(event.time)}",
        f"by {event.user_name or event.access_key_id or 'an unknown user'}",
        f"from {event.source_ip or 'an unknown address'}",
        f"with {event.user_agent}" if event.user_agent else "",
    )
    return (("CloudTrail", f"{' '.join(filter(None, words))} · event {event.event_id}"),)


def _from_user(user: Leaseless) -> Evidence:
    words = f"user {user.name}, made at {second(user.created_at)} for {user.role}"
    last = [key.last_used_at for key in user.keys if key.last_used_at is not None]
    used_at = f"last used at {second(max(last))}" if last else "never used, as far as IAM tells"
    return (
        ("IAM", f"{words} · {orphans.state_of(user)}{f' · {used_at}' if user.keys else ''}"),
        ("Vault's leases", f"none on {user.mount}/ is of that name, time or key"),
    )


def _issued(issuance: AuditIssuance | None) -> str:
    if issuance is None:
        return "no request that explains it"
    where = f" from {issuance.remote_address}" if issuance.remote_address else ""
    return (
        f"{issuance.whole_path} at {second(issuance.time)} by {issuance.display_name}{where}"
        f" · request {issuance.request_id} · lease {issuance.lease_id}"
    )


def used(use: Use) -> str:
    """Return 41 calls, 2 denied, from … to …: s3 GetObject."""
    if not use.calls:
        return "never used"
    denied = f", {use.denied:,} denied" if use.denied else ""
    span = f", from {second(use.first)} to {second(use.last)}" if use.first and use.last else ""
    actions = f": {', '.join(use.actions)}" if use.actions else ""
    return f"{count(use.calls, 'call', 'calls')}{denied}{span}{actions}"


def marked(mark: Mark) -> str:
    """Return what a mark rests on."""
    detail = f"{mark.detail} · " if mark.detail else ""
    event = f" · event {mark.event_id}" if mark.event_id else ""
    times = f"from {second(mark.first)} to {second(mark.last)}"
    return f"{detail}{count(mark.calls, 'call', 'calls')} {times}{event}"


def _end(verdict: Verdict) -> Iterator[tuple[str, str]]:
    if verdict.revoked:
        yield "Lease", f"revoked at {second(verdict.revoked)}"
    if verdict.cut:
        since = f"since {second(verdict.cut.at)}, " if verdict.cut.at else ""
        yield "Denied in AWS", f"{since}by {verdict.cut.by}"
    if verdict.lives_beyond:
        yield "Token", f"lives to {second(verdict.lives_beyond)}, its lease is over"
    elif ends := verdict.ends or verdict.alive_until:
        yield "Token", f"ends at {second(ends)}"


def _ids(finding: Finding) -> Evidence:
    ids = (("Key", finding.access_key_id), ("Lease", finding.lease_id), ("Event", finding.event_id))
    return tuple((name, value) for name, value in ids if value)


def second(moment: datetime) -> str:
    """Return 2026-11-21 09:30:07Z."""
    return (iso(moment.replace(microsecond=0)) or "").replace("T", " ")
