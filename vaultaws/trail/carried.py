"""What is carried to an engine apart: Vault's side of a match as small tables. Pure but for the
digests, which the server tells.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from vaultaws.errors import UsageError
from vaultaws.leases.inventory import HASHED
from vaultaws.trail import apart, tables
from vaultaws.trail.apart import Asked
from vaultaws.trail.audit import AuditLog, AuditStatic
from vaultaws.trail.check import Sources, known, question
from vaultaws.trail.evidence import CLOCK_SKEW, VaultIdentity, Window
from vaultaws.trail.expect import Sort
from vaultaws.trail.match import Question, given, roots
from vaultaws.trail.tables import RootKind


@dataclass(frozen=True)
class Seen:
    """The rows of `apart.seen`: the window and the root keys that were known in the first round,
    the keys that Vault's identity minted, and how they were used. `user` is Vault's in IAM, empty
    where it is not known."""

    window: Window
    keys: frozenset[str] = frozenset()
    roots: frozenset[str] = frozenset()
    user: str = ""
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)


def read(lines: Iterable[str]) -> Seen:
    """Read a result of Athena's. Raises UsageError for another file."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    try:
        for row in csv.DictReader(lines):
            found[row["kind"]].add(row["value"])
        starts, ends = (
            datetime.fromisoformat(min(found.pop(kind))) for kind in (Asked.SINCE, Asked.UNTIL)
        )
    except (KeyError, TypeError, ValueError, csv.Error):
        raise UsageError(
            "the file of --seen is not what the first round ended with",
            why="it has no rows of kind and value, or not the window",
            do="name the rows of `seen`, the first round's last query, as CSV",
        ) from None
    keys, known_roots = (frozenset(found.pop(kind, ())) for kind in (apart.SEEN_KEY, Asked.ROOT))
    user = min(found.pop(RootKind.USER, ()), default="")
    values = {kind: frozenset(some) for kind, some in found.items()}
    return Seen(Window(starts, ends), keys, known_roots, user, values)


def must_ask(sources: Sources) -> bool:
    """True where Vault's side cannot be told before CloudTrail's values are known."""
    log = sources.audit
    compares = sources.digests is not None and log is not None and _has_digests(log)
    return compares or sources.expected.sorts


def _has_digests(log: AuditLog) -> bool:
    written = (
        *(found.access_key for found in log.issuances),
        *(found.access_key for found in log.statics),
        *(found.lease for found in log.revocations),
    )
    return bool(log.rotations) or any(text.startswith(HASHED) for text in written)


@dataclass(frozen=True)
class Carried:
    """The small tables. `is_settled` is False where they name root keys whose own keys were not
    among those seen: then the first round has to be run again with them."""

    tables: Mapping[str, Any]
    is_settled: bool = True


def first(sources: Sources, window: Window) -> dict[str, Any]:
    """The tables of the first round."""
    return _first(sources.identity, window)


def _first(identity: VaultIdentity, window: Window) -> dict[str, Any]:
    rows = [{"kind": Asked.ROOT.value, "value": key} for key in sorted(identity.key_ids)]
    rows += [
        {"kind": kind.value, "value": moment.isoformat()}
        for kind, moment in ((Asked.SINCE, window.start), (Asked.UNTIL, window.end))
    ]
    return {"roots": roots(identity), "asked": tables.table(apart.ASKED, rows)}


def second(sources: Sources, seen: Seen) -> Carried:
    """The tables of both rounds. Raises VaultError."""
    window = seen.window
    user = sources.identity.user_name or seen.user
    sources = replace(sources, identity=replace(sources.identity, user_name=user))
    view, identity = known(sources, lambda _: set(seen.keys), window)
    if not identity.user_name and identity.key_ids > sources.identity.key_ids | seen.roots:
        return Carried(_first(identity, window), is_settled=False)
    asked = question(sources, window, view, identity)
    told = {
        "strange": tables.table(tables.STRANGE, _strange(asked, seen)),
        "leases": tables.table(apart.LEASES, _leases(asked)),
        "reads": tables.table(apart.READS, _reads(asked)),
        "periods": tables.table(apart.PERIODS, _periods(asked)),
    }
    return Carried(_first(identity, window) | given(asked) | told)


def _strange(asked: Question, seen: Seen) -> list[dict[str, str]]:
    return [
        {"kind": sort.value, "value": value}
        for sort in Sort
        for value in asked.expected.strange(sort, sorted(seen.values.get(sort.value, ())))
    ]


def _leases(asked: Question) -> list[dict[str, Any]]:
    """One row a lease, of several issuances the last, as in `match`."""
    issued = {found.lease_id: found for found in asked.audit.issuances}
    rows = tables.issuances(issued.values()).to_pylist()
    return [
        {
            **{name: row[name] for name in ("lease_id", "person", "role", "time")},
            "ends": issued[row["lease_id"]].token_ends,
            "is_expected": asked.must_show(issued[row["lease_id"]]),
        }
        for row in rows
    ]


def _reads(asked: Question) -> list[dict[str, Any]]:
    users = {(role.name, role.username) for role in asked.identity.static_roles}
    return [
        {
            "user_name": user,
            "access_key": one.access_key,
            "earliest": one.time - CLOCK_SKEW,
            "latest": one.time + CLOCK_SKEW,
            "refutes": _refutes(one, asked),
        }
        for one in asked.audit.statics
        for name, user in sorted(users)
        if name == one.role
    ]


def _refutes(one: AuditStatic, asked: Question) -> bool:
    view = asked.audit
    salted = view.salted is not None and one.time < view.salted + CLOCK_SKEW
    is_told = not (one.access_key.startswith(HASHED) and (view.undigested or salted))
    return bool(one.access_key) and is_told and one.time < asked.watermark - CLOCK_SKEW


def _periods(asked: Question) -> list[dict[str, Any]]:
    shortest: dict[str, int] = {}
    for role in asked.identity.static_roles:
        period = role.rotation_period_seconds
        shortest[role.username] = min(period, shortest.get(role.username, period))
    apart_by = int(2 * CLOCK_SKEW.total_seconds())
    return [{"user_name": user, "apart": some - apart_by} for user, some in shortest.items()]
