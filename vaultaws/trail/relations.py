"""The match as relational expressions: pure functions from tables to tables, for any engine.

The tables are those of `tables.py`. The join of CloudTrail with Vault's audit log is by the key id:
the log writes it as a digest, and `digests` says which key id has which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import ibis

from vaultaws.trail import cuts as denies
from vaultaws.trail.acts import NOTED
from vaultaws.trail.callers import Table, is_vaults
from vaultaws.trail.expect import GLOBAL_REGION, GLOBAL_SERVICES, Sort
from vaultaws.trail.tables import CALLS, JUDGED, RootKind, SpanKind
from vaultaws.trail.verdicts import MarkKind, Standing, Why

_COMMONEST: Final = 3
_SPAN_FLAGS: Final = {
    "at_rotation": SpanKind.ROTATION,
    "at_failure": SpanKind.FAILED,
    "at_wrapped": SpanKind.WRAPPED,
    "in_gap": SpanKind.AUDIT_GAP,
}


@dataclass(frozen=True)
class Sides:
    """The tables that are matched, and what earlier steps left (`own` and on)."""

    events: Table
    issuances: Table
    digests: Table
    statics: Table
    spans: Table
    revocations: Table
    roots: Table
    bounds: Table
    strange: Table
    mine: Table
    own: Table
    judged: Table
    parents: Table
    denying: Table
    held: Table
    calls: Table


def minted(events: Table) -> Table:
    """The calls that answered with a key, the first for each key."""
    made = events.filter(events.issued_key != "", events.error_code == "")
    return _first(made, "issued_key")


def _first(rows: Table, key: str) -> Table:
    window = ibis.window(group_by=key, order_by=["time", "event_id"])
    ranked = rows.mutate(place=ibis.row_number().over(window))
    return ranked.filter(ranked.place == 0).drop("place")


def named(issuances: Table, digests: Table) -> Table:
    """The issuances with the key id that each answered with, where it is known.

    A log that writes keys in clear needs no digest.
    """
    told = issuances.left_join(digests, issuances.access_key == digests.digest)
    told = told.mutate(key_id=ibis.coalesce(told.value, told.access_key))
    window = ibis.window(group_by="key_id", order_by=["time", "request_id"])
    ranked = told.mutate(place=ibis.row_number().over(window))
    return ranked.filter(ranked.place == 0).select("key_id", "lease_id", issuance_time=ranked.time)


def owners(sides: Sides) -> Table:
    """The IAM users that called with Vault's own keys."""
    events, roots = sides.events, sides.roots
    keys = roots.filter(roots.kind == RootKind.KEY.value).value
    theirs = events.filter(events.access_key_id.isin(keys), events.identity_type == "IAMUser")
    return theirs.filter(theirs.user_name != "").select("user_name").distinct()


def root_keys(sides: Sides) -> Table:
    """The ids of the keys that Vault's identity minted."""
    events = sides.events
    made = events.filter(events.tells, events.issued_key != "", events.error_code == "")
    return made.filter(is_vaults(made, sides.roots)).select(key_id=made.issued_key).distinct()


def mine(sides: Sides) -> Table:
    """The calls of Vault's identity that succeeded and tell something: those that made a key, may
    open access, or took a user away."""
    events = sides.events
    return events.filter(events.tells, events.error_code == "", is_vaults(events, sides.roots))


def own(sides: Sides) -> Table:
    """Every key that Vault's identity minted, with its lease where the audit log has it."""
    made = minted(sides.mine)
    names = named(sides.issuances, sides.digests)
    return made.left_join(names, made.issued_key == names.key_id).drop("key_id")


def judged(sides: Sides) -> Table:
    """Every key of `own` with its standing, and why where nothing can be said."""
    made = _with_spans(sides.own, sides.spans)
    undone = _undone(sides).select(undone_event="event_id")
    made = made.left_join(undone, made.event_id == undone.undone_event)
    created = made.name == "CreateAccessKey"
    unused = made.issued_key.notin(_used(sides).access_key_id)
    failed = made.at_failure & created & unused
    made = made.mutate(why=_unsure(made, sides.bounds, failed))
    created = made.name == "CreateAccessKey"
    rotated = sides.roots.filter(sides.roots.kind == RootKind.ROTATED.value).value
    users = sides.roots.filter(sides.roots.kind == RootKind.USER.value).value
    vaults_own = (made.target == "") | made.target.isin(users)
    standing = ibis.cases(
        (made.lease_id.notnull(), Standing.EXPLAINED.value),
        (created & made.issued_key.isin(rotated), Standing.ROTATION.value),
        (made.at_rotation & created & vaults_own, Standing.ROTATION.value),
        (created & made.target.isin(sides.statics.user_name), Standing.STATIC.value),
        (made.at_failure & made.undone_event.notnull(), Standing.ROLLED_BACK.value),
        (made.why != "", Standing.UNCOVERED.value),
        else_=Standing.UNEXPLAINED.value,
    )
    return made.mutate(standing=standing).select(*JUDGED.names)


def _with_spans(made: Table, spans: Table) -> Table:
    """Say of each event in which kinds of span its time lies."""
    within = made.inner_join(spans, [made.time >= spans.starts, made.time <= spans.ends])
    flags = within.group_by(span_event=within.event_id).agg(
        **{name: (within.kind == kind.value).any() for name, kind in _SPAN_FLAGS.items()}
    )
    joined = made.left_join(flags, made.event_id == flags.span_event).drop("span_event")
    return joined.mutate(
        **{name: ibis.coalesce(joined[name], ibis.literal(value=False)) for name in _SPAN_FLAGS}
    )


def _undone(sides: Sides) -> Table:
    """Keys whose user Vault took away later, and with which no call succeeded.

    The engine notes in its write-ahead log what it makes in IAM; when the issuance fails it takes
    that away again, five minutes later or more.
    """
    keys, removed = sides.own, sides.mine.filter(sides.mine.name == "DeleteUser")
    used = _used(sides)
    made = keys.filter(keys.name == "CreateAccessKey", keys.target != "")
    gone = made.semi_join(removed, [made.target == removed.target, removed.time >= made.time])
    return gone.anti_join(used, gone.issued_key == used.access_key_id)


def _used(sides: Sides) -> Table:
    """The keys of `own` with which a call succeeded."""
    events, keys = sides.events, sides.own
    good = events.filter(events.error_code == "", events.access_key_id != "")
    used = good.semi_join(keys, good.access_key_id == keys.issued_key)
    return used.select("access_key_id").distinct()


def _unsure(made: Table, bounds: Table, failed: Any) -> Any:
    """Why an absent audit record proves nothing; empty where it does."""
    return ibis.cases(
        (bounds.no_log.as_scalar(), Why.NO_LOG.value),
        (bounds.undigested.as_scalar(), Why.UNDIGESTED.value),
        (made.time < bounds.log_begins.as_scalar(), Why.BEFORE_LOG.value),
        (made.time > bounds.log_ends.as_scalar(), Why.AFTER_LOG.value),
        (made.in_gap, Why.AUDIT_GAP.value),
        (made.time < bounds.salted.as_scalar(), Why.SALT.value),
        (made.at_wrapped, Why.WRAPPED.value),
        (failed & (made.time >= bounds.rollback.as_scalar()), Why.ROLLBACK.value),
        (failed & (made.time <= bounds.trail_gaps.as_scalar()), Why.ROLLBACK.value),
        else_="",
    )


def unseen(sides: Sides) -> Table:
    """The issuances whose key CloudTrail has not shown: pending, missing, or not to be known."""
    issued, bounds, seen = sides.issuances, sides.bounds, sides.judged
    young = issued.filter(issued.time >= bounds.events_begin.as_scalar())
    left = young.anti_join(seen, young.lease_id == seen.lease_id)
    gaps = sides.spans.filter(sides.spans.kind == SpanKind.TRAIL_GAP.value)
    lost = left.inner_join(gaps, [left.time >= gaps.starts, left.time <= gaps.ends])
    lost = lost.select(lost_lease=lost.lease_id).distinct()
    left = left.left_join(lost, left.lease_id == lost.lost_lease)
    why = ibis.cases(
        (bounds.undigested.as_scalar(), Why.UNDIGESTED.value),
        (left.lost_lease.notnull(), Why.TRAIL_GAP.value),
        (left.time < bounds.salted.as_scalar(), Why.SALT.value),
        else_="",
    )
    left = left.mutate(why=why)
    standing = ibis.cases(
        (left.time >= bounds.complete.as_scalar(), Standing.PENDING.value),
        (left.why != "", Standing.UNCOVERED.value),
        else_=Standing.MISSING.value,
    )
    return left.mutate(standing=standing).select("lease_id", "standing", "why")


def children(sides: Sides) -> Table:
    """The keys that were minted with one of `parents`: where several calls answered with a key, the
    first of them says with which.

    The account of an assumed role has a record of its own of it, without the caller's key.
    """
    events, parents = sides.events, sides.parents
    made = events.filter(
        events.tells, events.access_key_id != "", events.issued_key != "", events.error_code == ""
    )
    theirs = made.semi_join(parents, made.access_key_id == parents.key_id)
    keys = theirs.select(key=theirs.issued_key).distinct()
    first = _first(made.semi_join(keys, made.issued_key == keys.key), "issued_key")
    return first.semi_join(parents, first.access_key_id == parents.key_id)


def ended(sides: Sides) -> Table:
    """When Vault first answered a revocation of a lease, by the lease's id, digest or prefix.

    The same path in another namespace is another prefix.
    """
    explained = sides.judged.filter(sides.judged.lease_id.notnull())
    within = sides.issuances.select("lease_id", "namespace").distinct()
    leases = explained.select("lease_id", issued=explained.issuance_time)
    leases = leases.inner_join(within, "lease_id")
    digests = sides.digests
    told = leases.left_join(digests, leases.lease_id == digests.value)
    exact = sides.revocations.filter(~sides.revocations.is_prefix)
    wide = sides.revocations.filter(sides.revocations.is_prefix)
    by_id = told.inner_join(
        exact,
        [
            (told.lease_id == exact.lease) | (told.digest == exact.lease),
            exact.time >= told.issued,
        ],
    ).select("lease_id", "time")
    wide = wide.mutate(folder=wide.lease + "/")
    by_prefix = told.inner_join(
        wide,
        [
            told.namespace == wide.namespace,
            (told.lease_id == wide.lease) | told.lease_id.startswith(wide.folder),
            wide.time >= told.issued,
        ],
    ).select("lease_id", "time")
    both = by_id.union(by_prefix)
    return both.group_by("lease_id").agg(revoked=both.time.min())


def calls(sides: Sides) -> Table:
    """The calls made with the keys of `held`, each event once."""
    own = sides.held.select(held_key=sides.held.key_id, ends=sides.held.ends, cut=sides.held.cut)
    made = sides.events.inner_join(own, sides.events.access_key_id == own.held_key)
    return made.select(*CALLS.names).distinct()


def is_denial(calls: Table) -> Any:
    """True for a policy's no (AccessDenied, Client.UnauthorizedOperation, …)."""
    return calls.error_code.contains("AccessDenied") | calls.error_code.contains("Unauthorized")


def uses(sides: Sides) -> Table:
    """How much each key was used, when first and last, and how often it was denied."""
    made = sides.calls
    return made.group_by("access_key_id").agg(
        calls=made.count(),
        denied=is_denial(made).cast("int64").sum(),
        first=made.time.min(),
        last=made.time.max(),
        last_service=made.service.argmax(made.time),
    )


def actions(sides: Sides) -> Table:
    """The commonest actions of each key, with their place."""
    made = sides.calls
    counted = made.group_by(["access_key_id", "service", "name"]).agg(times=made.count())
    window = ibis.window(
        group_by="access_key_id",
        order_by=[ibis.desc(counted.times), counted.service, counted.name],
    )
    ranked = counted.mutate(place=ibis.row_number().over(window))
    return ranked.filter(ranked.place < _COMMONEST).select(
        "access_key_id", "service", "name", "place"
    )


def sorts(sides: Sides) -> Table:
    """From where, in which region and with which program calls were made: each value once."""
    made = sides.calls
    return ibis.union(
        *(made.select(kind=ibis.literal(kind.value), value=made[kind.value]) for kind in Sort),
        distinct=True,
    )


def marks(sides: Sides) -> Table:
    """What stands out in the use of each key, by `MarkKind`.

    AWS answers GetCallerIdentity whatever a policy denies (STS API reference).
    """
    made = sides.calls
    worked = made.filter(made.error_code == "")
    asks_who = (worked.service == "sts") & (worked.name == "GetCallerIdentity")
    too_late = (worked.time > worked.ends) | ((worked.time > worked.cut) & ~asks_who)
    everywhere = made.service.isin(sorted(GLOBAL_SERVICES)) & (made.region == GLOBAL_REGION)
    return ibis.union(
        _sums(worked.filter(too_late), MarkKind.AFTER_END, "name"),
        _sums(_strange(made, sides, Sort.SOURCE), MarkKind.NETWORK, "source_ip"),
        _sums(_strange(made.filter(~everywhere), sides, Sort.REGION), MarkKind.REGION, "region"),
        _sums(_strange(made, sides, Sort.AGENT), MarkKind.AGENT, "user_agent"),
        _sums(made.filter(is_denial(made)), MarkKind.REFUSED, "name"),
    )


def _strange(made: Table, sides: Sides, sort: Sort) -> Table:
    values = sides.strange.filter(sides.strange.kind == sort.value)
    return made.semi_join(values, made[sort.value] == values.value)


def _sums(made: Table, kind: MarkKind, detail: str) -> Table:
    """How many calls there are of each key, from when to when, and what the first one shows."""
    summed = made.group_by("access_key_id").agg(
        calls=made.count(),
        first=made.time.min(),
        last=made.time.max(),
        detail=made[detail].argmin(made.time),
        event_id=made.event_id.argmin(made.time),
    )
    return summed.mutate(kind=ibis.literal(kind.value))


def denying(sides: Sides) -> Table:
    """What denies are about that anybody put up: whom they are on, and which policy or key.

    A key that Vault's identity deletes is how a lease ends.
    """
    done = _on_policies_and_keys(sides.events)
    own = is_vaults(done, sides.roots)
    put_up = done.filter(
        done.policy_document.contains(denies.DENY)
        | done.part.endswith(denies.DENY_ALL)
        | (done.name == denies.SWITCH)
        | ((done.name == denies.REMOVE) & ~own)
    )
    return put_up.select("target", "part").distinct()


def cuts(sides: Sides) -> Table:
    """The calls of anybody's, with success, on the policies and keys of `denying`."""
    done = _on_policies_and_keys(sides.events)
    return _first(done.semi_join(sides.denying, ["target", "part"]), "event_id")


def _on_policies_and_keys(events: Table) -> Table:
    return events.filter(
        events.tells,
        events.error_code == "",
        events.service == "iam",
        events.name.isin(sorted(denies.NAMES)),
    )


def principals(sides: Sides) -> Table:
    """As whom the keys of `parents` made calls."""
    events, parents = sides.events, sides.parents
    made = events.semi_join(parents, events.access_key_id == parents.key_id)
    return made.select("access_key_id", "principal_id").distinct()


def opened(sides: Sides) -> Table:
    """The calls of Vault's identity that succeeded and may open access (`acts.NOTED`)."""
    return _first(sides.mine.filter(sides.mine.name.isin(sorted(NOTED))), "event_id")


def story(sides: Sides) -> Table:
    """The calls made with the keys of `parents`, and those that made these keys."""
    some, parents = sides.events, sides.parents
    made = some.access_key_id.isin(parents.key_id)
    answered = (some.issued_key != "") & some.issued_key.isin(parents.key_id)
    return _first(some.filter(made | answered), "event_id")
