"""The match for an engine that no program waits for: what `match` works out between two queries is
a relation here. Pure.

Two rounds lead to the verdicts. The first ends with `seen`: the values that Vault's side must be
asked about. The second has the answers in tables. CloudTrail itself is read twice, both times in
the first round, by `telling` and `used`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, partial
from itertools import pairwise
from typing import Final

import ibis
import pyarrow as pa

from vaultaws.trail import queries, relations, tables
from vaultaws.trail.callers import Table
from vaultaws.trail.evidence import CLOCK_SKEW
from vaultaws.trail.relations import Sides
from vaultaws.trail.tables import TIME, RootKind
from vaultaws.trail.verdicts import OF_PEOPLE, SOUND, MarkKind, Standing, Why

LEASES: Final = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("lease_id", "person", "role")),
        pa.field("time", TIME),
        pa.field("ends", TIME),
        pa.field("is_expected", pa.bool_()),
    ]
)
"""One issued lease a row: whose it is, when its token ends, and whether CloudTrail must have it."""
READS: Final = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("user_name", "access_key")),
        pa.field("earliest", TIME),
        pa.field("latest", TIME),
        pa.field("refutes", pa.bool_()),
    ]
)
"""Reads of a static role, with the key as the log writes it, and writes, without one. Where it
`refutes`, a key made before `earliest` would have been answered."""
PERIODS: Final = pa.schema([pa.field("user_name", pa.string()), pa.field("apart", pa.int64())])
"""The seconds that two keys of a static role's user are apart at least."""

ASKED: Final = pa.schema([pa.field(name, pa.string()) for name in ("kind", "value")])
"""What was known when the first round began, by `Asked`."""

LINES: Final = pa.schema([*tables.EVENTS, pa.field("origin", pa.string())])
_TEXTS: Final = (
    "access_key_id", "standing", "why", "person", "role", "lease_id", "parent_key", "event_id",
)  # fmt: skip
VERDICTS: Final = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in _TEXTS),
        *(pa.field(name, TIME) for name in ("time", "ends", "revoked")),
    ]
)
"""What is thought of each credential; a lease whose key CloudTrail does not show has none."""

SMALL: Final = {
    name: schema
    for name, schema in queries.GIVEN.items()
    if name not in {"events", "parents", "held"}
} | {"leases": LEASES, "reads": READS, "periods": PERIODS, "asked": ASKED}
"""The tables that Vault's side fills."""
SMALL_FIRST: Final = ("roots", "asked")
"""Those of them that the first round reads."""
WAY: Final = pa.schema([pa.field(name, pa.string()) for name in ("key", "origin")])
_WAYS: Final = ("ways", "ways_2", "ways_4", "ways_8", "ways_16")
"""Keys with the one that they came of, by the most generations between the two."""
GENERATIONS: Final = 16
"""So many generations of keys are followed."""
KEPT: Final = {
    "telling": tables.EVENTS,
    "minted": tables.EVENTS,
    "vaults": tables.ROOTS,
    "mine": tables.EVENTS,
    **dict.fromkeys(_WAYS, WAY),
    "lines": LINES,
    "used": tables.EVENTS,
    "own": tables.OWN,
    "judged": tables.JUDGED,
    "verdicts": VERDICTS,
    "calls": tables.CALLS,
}
"""The queries whose rows others read."""
FIRST: Final = ("telling", "minted", "vaults", "mine", *_WAYS, "lines", "used", "seen")
SECOND: Final = (
    "own", "judged", "verdicts", "calls", "findings", "uses", "actions", "marks", "opened", "cuts",
)  # fmt: skip

SEEN_KEY: Final = "key"
"""A row of `seen` is of this kind for a key that Vault's identity minted, else of a kind of
`expect.Sort`, `Asked`, or `tables.RootKind.USER`."""
_SECONDS: Final = int(CLOCK_SKEW.total_seconds())


class Asked(StrEnum):
    """What a row of ASKED tells."""

    ROOT = "root"  # a key of Vault's root
    SINCE = "since"
    UNTIL = "until"


@dataclass(frozen=True)
class Apart:
    """The tables by name. `sides` are those of the match, `refusals` is as in `expect.Expected`."""

    sides: Sides
    telling: Table
    minted: Table
    vaults: Table
    ways: Mapping[str, Table]
    lines: Table
    used: Table
    leases: Table
    reads: Table
    periods: Table
    asked: Table
    verdicts: Table
    refusals: int


@cache
def sql(name: str, dialect: str, refusals: int) -> str:
    """Compile one relation to a query in a dialect that ibis knows."""
    known = queries.named(queries.GIVEN | queries.KEPT | SMALL | KEPT, dialect)
    theirs = {name: known.pop(name) for name in Sides.__dataclass_fields__}
    steps = {name: known.pop(name) for name in _WAYS}
    apart = Apart(sides=Sides(**theirs), ways=steps, refusals=refusals, **known)
    return str(ibis.to_sql(RELATIONS[name](apart), dialect=dialect))


def telling(apart: Apart) -> Table:
    """The events that tell something, whosever they are."""
    return apart.sides.events.filter(apart.sides.events.tells)


def minted(apart: Apart) -> Table:
    """The calls that made a key with a key: of each made key the first."""
    return relations.minted(apart.telling.filter(apart.telling.access_key_id != ""))


def vaults(apart: Apart) -> Table:
    """Vault's identity, with the IAM user whose key it has where only its calls tell it."""
    roots, user = apart.sides.roots, RootKind.USER.value
    owners = relations.owners(replace(apart.sides, events=apart.telling))
    named = owners.agg(value=owners.user_name.min(), names=owners.count())
    named = named.filter(named.names == 1).select(kind=ibis.literal(user), value="value")
    known = roots.filter(roots.kind == user).select(known=roots.kind)
    return roots.union(named.anti_join(known, named.kind == known.known))


def mine(apart: Apart) -> Table:
    """As `relations.mine`."""
    return relations.mine(replace(apart.sides, events=apart.telling, roots=apart.vaults))


def ways(apart: Apart) -> Table:
    """The keys that Vault's identity did not mint, with the one that made each: there is one."""
    first = apart.minted
    others = first.filter(first.issued_key.notin(_own_keys(apart).key))
    return others.select(key=others.issued_key, origin=others.access_key_id)


def doubled(apart: Apart, before: str) -> Table:
    """Ways that are up to twice as long."""
    steps = apart.ways[before]
    joined = steps.left_join(steps.view(), [("origin", "key")], rname="{name}_above")
    return joined.select("key", origin=ibis.coalesce(joined.origin_above, joined.origin))


def lines(apart: Apart) -> Table:
    """The keys that came of those that Vault's identity minted, with the one that they came of."""
    longest, first = apart.ways[_WAYS[-1]], apart.minted
    known = longest.filter(longest.origin.isin(_own_keys(apart).key))
    joined = first.inner_join(known, first.issued_key == known.key)
    return joined.select(*LINES.names)


def _own_keys(apart: Apart) -> Table:
    mine = apart.sides.mine
    return mine.filter(mine.issued_key != "").select(key=mine.issued_key).distinct()


def used(apart: Apart) -> Table:
    """The calls with the keys that Vault's identity minted, and with those that came of them."""
    keys = _own_keys(apart).union(apart.lines.select(key=apart.lines.issued_key))
    events = apart.sides.events
    return events.semi_join(keys, events.access_key_id == keys.key)


def seen(apart: Apart) -> Table:
    """The values that Vault's side is asked about, by kind."""
    return ibis.union(
        apart.asked,
        apart.vaults.filter(apart.vaults.kind == RootKind.USER.value),
        _own_keys(apart).select(kind=ibis.literal(SEEN_KEY), value="key"),
        relations.sorts(replace(apart.sides, calls=apart.used)),
    )


def judged(apart: Apart) -> Table:
    """As `relations.judged`, with the keys of static roles' users as in `statics.judged`."""
    found = relations.judged(replace(apart.sides, events=apart.used))
    standing = _static(found, apart)
    told = found.left_join(standing, found.issued_key == standing.key)
    return told.mutate(
        standing=ibis.coalesce(told.found, told.standing),
        why=ibis.ifelse(told.found == Standing.UNCOVERED.value, Why.CROWDED.value, told.why),
    ).select(*tables.JUDGED.names)


def _static(found: Table, apart: Apart) -> Table:
    """The keys of static roles' users that are not Vault's, or may not be."""
    made = found.filter(found.standing == Standing.STATIC.value)
    made = made.left_join(apart.sides.digests, made.issued_key == apart.sides.digests.value)
    made = made.select(
        "time",
        key=made.issued_key,
        user=made.target,
        text=ibis.coalesce(made.digest, made.issued_key),
    )
    pairs = made.inner_join(apart.reads, made.user == apart.reads.user_name)
    is_it = (pairs.access_key == pairs.key) | (pairs.access_key == pairs.text)
    confirmed = pairs.filter(is_it).select("key").distinct()
    written = pairs.filter(
        pairs.access_key == "", pairs.earliest <= pairs.time, pairs.time <= pairs.latest
    )
    refuted, crowded = _refuted(made, pairs), _crowded(made, apart.periods)
    crowded = crowded.anti_join(written, crowded.key == written.key)
    crowded = crowded.anti_join(refuted, crowded.key == refuted.key)
    both = refuted.mutate(found=ibis.literal(Standing.UNEXPLAINED.value)).union(
        crowded.mutate(found=ibis.literal(Standing.UNCOVERED.value))
    )
    return both.anti_join(confirmed, both.key == confirmed.key)


def _refuted(made: Table, pairs: Table) -> Table:
    """The keys after which an older one was still answered."""
    others = made.select(other_user=made.user, other_time=made.time, own=made.key, said=made.text)
    since = made.inner_join(
        others, [made.user == others.other_user, others.other_time >= made.time]
    ).select("key", "own", "said")
    later = pairs.filter(pairs.refutes, pairs.time < pairs.earliest)
    texts = since.select(since_key=since.key, text_since=since.own).union(
        since.select(since_key=since.key, text_since=since.said)
    )
    older = later.anti_join(
        texts, [later.key == texts.since_key, later.access_key == texts.text_since]
    )
    return older.select("key").distinct()


def _crowded(made: Table, periods: Table) -> Table:
    """The keys that have another within their user's period."""
    timed = made.inner_join(periods, made.user == periods.user_name)
    timed = timed.select("key", "user", "time", "apart")
    others = made.select(other=made.key, other_user=made.user, other_time=made.time)
    near = timed.inner_join(others, [timed.user == others.other_user, timed.key != others.other])
    seconds = near.time.delta(near.other_time, unit="second").abs()
    return near.filter(seconds < near.apart).select("key").distinct()


def verdicts(apart: Apart) -> Table:
    """Every key that Vault's identity minted, what came of it, and each lease without a key."""
    told = _with_leases(apart)
    return ibis.union(_own(told, apart), _descendants(told, apart.lines), _unseen(apart))


def _with_leases(apart: Apart) -> Table:
    made, leases = apart.sides.judged, apart.leases
    leases = leases.select(
        lease=leases.lease_id, person=leases.person, role=leases.role, over=leases.ends
    )
    told = made.left_join(leases, made.lease_id == leases.lease)
    return told.mutate(
        person=ibis.coalesce(told.person, ""),
        role=ibis.coalesce(told.role, ""),
        why=ibis.ifelse(told.standing == Standing.UNCOVERED.value, told.why, ""),
    )


def _own(told: Table, apart: Apart) -> Table:
    ended = relations.ended(apart.sides)
    ended = ended.select(ended_lease=ended.lease_id, revoked=ended.revoked)
    told = told.left_join(ended, told.lease_id == ended.ended_lease)
    return told.select(
        "standing", "why", "person", "role", "event_id", "time", "revoked",
        access_key_id=told.issued_key,
        lease_id=ibis.coalesce(told.lease_id, ""),
        parent_key=ibis.literal(""),
        ends=ibis.coalesce(told.issued_until, told.over),
    ).select(*VERDICTS.names)  # fmt: skip


def _descendants(told: Table, made: Table) -> Table:
    """What came of a key is as good as it."""
    told = told.select("standing", "why", "person", "role", origin_key=told.issued_key)
    both = made.inner_join(told, made.origin == told.origin_key)
    is_new_root = both.standing == Standing.ROTATION.value
    standing = ibis.cases(
        (both.standing.isin(sorted(found.value for found in SOUND)), Standing.DESCENDANT.value),
        (is_new_root, Standing.UNCOVERED.value),
        else_=both.standing,
    )
    return both.select(
        "person", "role", "event_id", "time",
        standing=standing,
        why=ibis.ifelse(is_new_root, Why.NEW_ROOT.value, both.why),
        access_key_id=both.issued_key,
        lease_id=ibis.literal(""),
        parent_key=both.access_key_id,
        ends=both.issued_until,
        revoked=ibis.null(both.time.type()),
    ).select(*VERDICTS.names)  # fmt: skip


def _unseen(apart: Apart) -> Table:
    found, leases = relations.unseen(apart.sides), apart.leases
    found = found.select("standing", "why", lease=found.lease_id)
    left = found.inner_join(leases.filter(leases.is_expected), found.lease == leases.lease_id)
    is_sure = left.standing != Standing.UNCOVERED.value
    return left.select(
        "standing", "person", "role", "lease_id", "time", "ends",
        why=ibis.ifelse(is_sure, "", left.why),
        access_key_id=ibis.literal(""),
        parent_key=ibis.literal(""),
        event_id=ibis.literal(""),
        revoked=ibis.null(left.time.type()),
    ).select(*VERDICTS.names).distinct()  # fmt: skip


def calls(apart: Apart) -> Table:
    """The calls with each key, and when it was over. What denies did to it is not known here."""
    found = apart.verdicts.filter(apart.verdicts.access_key_id != "")
    over = ibis.least(
        ibis.coalesce(found.ends, found.revoked), ibis.coalesce(found.revoked, found.ends)
    )
    held = found.select(
        key_id=found.access_key_id,
        ends=over + ibis.interval(seconds=_SECONDS),
        cut=ibis.null(found.time.type()),
    )
    return relations.calls(replace(apart.sides, events=apart.used, held=held))


def findings(apart: Apart) -> Table:
    """The verdicts, in the order of time."""
    return apart.verdicts.order_by("time", "access_key_id", "lease_id")


def marks(apart: Apart) -> Table:
    """As `relations.marks`, without refusals that are few, and what says nothing of Vault's own
    keys."""
    found, judged = relations.marks(apart.sides), apart.verdicts
    own = judged.filter(judged.standing == Standing.ROTATION.value).access_key_id
    of_people = found.kind.isin(sorted(kind.value for kind in OF_PEOPLE))
    often = found.calls >= apart.refusals
    return found.filter(
        often | (found.kind != MarkKind.REFUSED.value), ~(of_people & found.access_key_id.isin(own))
    )


def cuts(apart: Apart) -> Table:
    """As `relations.cuts`: the calls that put denies up, and took them away."""
    events = replace(apart.sides, events=apart.telling)
    return relations.cuts(replace(events, denying=relations.denying(events)))


RELATIONS: Final[dict[str, Callable[[Apart], Table]]] = {
    "telling": telling,
    "minted": minted,
    "vaults": vaults,
    "mine": mine,
    "ways": ways,
    **{name: partial(doubled, before=before) for before, name in pairwise(_WAYS)},
    "lines": lines,
    "used": used,
    "seen": seen,
    "own": lambda apart: relations.own(apart.sides),
    "judged": judged,
    "verdicts": verdicts,
    "calls": calls,
    "findings": findings,
    "uses": lambda apart: relations.uses(apart.sides),
    "actions": lambda apart: relations.actions(apart.sides),
    "marks": marks,
    "opened": lambda apart: relations.opened(apart.sides),
    "cuts": cuts,
}
