"""The check: gather CloudTrail's events, ask what the audit log writes for their keys, match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from vaultaws.errors import VaultDeniedError
from vaultaws.leases.inventory import HASHED, Inventory, LeaseState
from vaultaws.model import AuditIssuance, Event
from vaultaws.trail import orphans, overdue, tables
from vaultaws.trail.audit import AuditLog
from vaultaws.trail.digests import Digests
from vaultaws.trail.engines import DuckDb
from vaultaws.trail.evidence import (
    CLOCK_SKEW,
    DELIVERY,
    AuditView,
    VaultIdentity,
    Window,
    silent_from,
)
from vaultaws.trail.expect import ANYTHING, Expected
from vaultaws.trail.gather import Gathered, History, LogFiles, Wanted
from vaultaws.trail.match import Question, event_of, match, roots
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Matching, Standing

UNDIGESTED: Final = (
    "keys could not be compared with the audit log: this token may not list sys/audit (name the"
    " device) or not write sys/audit-hash"
)

NO_USER: Final = (
    "what other keys of Vault's IAM user did: its name is not known (iam:GetAccessKeyLastUsed tells"
    " it); --root-key names the keys that it had before"
)


@dataclass(frozen=True)
class Sources:
    """Where the evidence comes from.

    `digests` tells what the audit log writes for key ids (`Vault.audit_hash`), None where it
    writes keys in clear. `audit` is None without a log. `inventory` tells which tokens outlive
    their leases, and which users have none. `device` is the audit device that wrote the log, empty
    when it is not known.
    `mounts` are those whose issuances must be in CloudTrail, none for all of the log's, in
    `namespace`, None for any. `reread`
    reads the log once more when the events are there: it then has the request of each of them.
    """

    events: History | LogFiles
    identity: VaultIdentity
    audit: AuditLog | None = None
    digests: Digests | None = None
    inventory: Inventory | None = None
    delivery: timedelta = DELIVERY
    device: str = ""
    expected: Expected = ANYTHING
    mounts: frozenset[str] = frozenset()
    namespace: str | None = None
    reread: Callable[[], AuditLog] | None = None


@dataclass(frozen=True)
class Checked:
    """A report, and the calls of the keys that were asked for, in the order of time."""

    report: Report
    calls: tuple[Event, ...] = ()


def check(
    sources: Sources,
    window: Window,
    watch: Callable[[str], None] = lambda _: None,
    about: Callable[[Matching], Iterable[str]] = lambda _: (),
) -> Checked:
    """Check a window. `watch` is told in words what is being done; `about` chooses the keys whose
    calls are wanted one by one.

    Raises AwsError and VaultError from the sources.
    """
    with DuckDb() as engine:
        engine.table("roots", roots(sources.identity))
        alive = bool(_alive_beyond(sources.inventory))
        wanted = Wanted(sources.identity, _clear_keys(sources, window), window, watch, cuts=alive)
        gathered = sources.events.gather(engine, wanted)
        sources = replace(sources, identity=_with_user(sources.identity, engine))
        watch("Vault's audit log")
        if sources.reread is not None:
            sources = replace(sources, audit=sources.reread())
        view, identity = known(sources, partial(_root_keys, engine), window)
        watch("matching")
        asked = replace(
            question(sources, window, view, identity),
            alive_beyond=_alive_beyond(sources.inventory),
            denied=_denied(sources.inventory),
            trail_gaps=gathered.gaps,
        )
        matching = match(engine, asked)
        calls = _calls(engine, about(matching))
    return Checked(_report(sources, window, gathered, asked, matching), calls)


def question(
    sources: Sources, window: Window, view: AuditView, identity: VaultIdentity
) -> Question:
    """What is matched in a window by Vault's side alone."""
    return Question(
        view,
        identity,
        since=window.start,
        watermark=window.end - sources.delivery,
        expected=sources.expected,
        mounts=sources.mounts,
        namespace=sources.namespace,
    )


def _calls(engine: DuckDb, keys: Iterable[str]) -> tuple[Event, ...]:
    wanted = [{"key_id": key} for key in dict.fromkeys(keys) if key]
    if not wanted:
        return ()
    engine.table("parents", tables.table(tables.KEYS, wanted))
    found = [event_of(row) for row in engine.rows("story")]
    return tuple(sorted(found, key=lambda event: (event.time, event.event_id)))


def _report(
    sources: Sources, window: Window, gathered: Gathered, asked: Question, matching: Matching
) -> Report:
    users = orphans.of(sources.inventory, sources.audit, window)
    return Report(
        start=window.start,
        end=window.end,
        watermark=asked.watermark,
        matching=matching,
        unreadable_records=gathered.unreadable,
        unreadable_lines=sources.audit.unreadable if sources.audit else 0,
        lost=gathered.lost,
        unsought=_unsought(asked.identity),
        notes=(
            *_notes(sources, matching, within(asked.audit.issuances, window)),
            *((UNDIGESTED,) if asked.audit.undigested else ()),
            *gathered.notes,
            *_unseen_denies(sources.inventory),
            *users.notes,
        ),
        orphans=users,
        overdue=overdue.of(sources.inventory),
    )


def _unsought(identity: VaultIdentity) -> tuple[str, ...]:
    """What is not searched for where Vault's user is known by a key alone, which it did not use."""
    return () if identity.user_name or identity.role_name else (NO_USER,)


def _unseen_denies(inventory: Inventory | None) -> tuple[str, ...]:
    return (inventory.denies_unseen,) if inventory and inventory.denies_unseen else ()


def within(issuances: Iterable[AuditIssuance], window: Window) -> list[AuditIssuance]:
    """Return the issuances inside the window."""
    return [found for found in issuances if window.start <= found.time <= window.end]


def _clear_keys(sources: Sources, window: Window) -> tuple[str, ...]:
    """Key ids that the audit log has in clear: CloudTrail is asked for them whoever made them."""
    issued = within(sources.audit.issuances if sources.audit else (), window)
    clear = {
        found.access_key
        for found in issued
        if not found.access_key.startswith(HASHED)
        and found.is_of(sources.mounts, sources.namespace)
    }
    return tuple(sorted(clear))


def known(
    sources: Sources, keys_of: Callable[[VaultIdentity], set[str]], window: Window
) -> tuple[AuditView, VaultIdentity]:
    """The audit log as evidence, as far as Vault lets this token compare it, and Vault's identity
    with the keys that rotations gave it: what these made is Vault's too. `keys_of` tells which keys
    an identity minted."""
    try:
        return _compared(sources, keys_of, window)
    except VaultDeniedError:
        return _compared(replace(sources, digests=None), keys_of, window)


def _with_user(identity: VaultIdentity, engine: DuckDb) -> VaultIdentity:
    """The same with the IAM user whose key Vault has, where only its calls tell it."""
    if identity.user_name or not identity.key_ids:
        return identity
    return identity.of_user(row["user_name"] for row in engine.rows("owners"))


def _root_keys(engine: DuckDb, identity: VaultIdentity) -> set[str]:
    engine.table("roots", roots(identity))
    return {row["key_id"] for row in engine.rows("root_keys")}


def _compared(
    sources: Sources, keys_of: Callable[[VaultIdentity], set[str]], window: Window
) -> tuple[AuditView, VaultIdentity]:
    identity, view = sources.identity, _view(sources, window, {})
    if sources.audit is None:
        return view, identity
    tell = sources.digests or (lambda _: {})
    digests: dict[str, str] = dict(tell(_revoked_leases(sources.audit, window)))
    while True:
        digests |= tell(sorted(keys_of(identity) - digests.keys()))
        view = _view(sources, window, digests)
        later = view.rotated() - identity.key_ids
        if not later:
            return view, identity
        identity = replace(identity, key_ids=identity.key_ids | later)


def _revoked_leases(audit: AuditLog, window: Window) -> list[str]:
    """The leases whose digest a revocation may bear."""
    if not any(found.lease.startswith(HASHED) for found in audit.revocations):
        return []
    return sorted({found.lease_id for found in within(audit.issuances, _wide(window))})


def _wide(window: Window) -> Window:
    """The window by a clock that goes otherwise."""
    return Window(window.start - CLOCK_SKEW, window.end + CLOCK_SKEW)


def _view(sources: Sources, window: Window, digests: Mapping[str, str]) -> AuditView:
    audit = sources.audit
    if audit is None:
        return AuditView()
    latest = window.end + CLOCK_SKEW
    return AuditView(
        issuances=[found for found in audit.issuances if found.time <= latest],
        digests=digests,
        rotations=audit.rotations,
        begins=audit.first,
        ends=silent_from(audit.last, window.end),
        revocations=audit.revocations,
        failures=[found.time for found in audit.failures],
        statics=[
            found
            for found in audit.statics
            if (not sources.mounts or found.mount in sources.mounts)
            and sources.namespace in {None, found.namespace}
        ],
        gaps=audit.gaps,
        salted=_salted(audit, sources.device),
        undigested=sources.digests is None
        and any(found.access_key.startswith(HASHED) for found in audit.issuances),
        wrapped=[one.issuance.time for one in audit.wrapped],
    )


def _salted(audit: AuditLog, device: str) -> datetime | None:
    """When the device was last made anew, any device where ours is not known.

    A log that has no digest from before it, as one that begins with its device, hides nothing.
    """
    told = [(found.time, found.access_key) for found in audit.issuances]
    told += [(found.time, found.access_key) for found in audit.rotations]
    old = [moment for moment, key in told if key.startswith(HASHED)]
    first = min(old, default=None)
    made = [
        found.time
        for found in audit.devices
        if device in {"", found.device} and first is not None and first < found.time
    ]
    return max(made, default=None)


def _alive_beyond(inventory: Inventory | None) -> dict[str, datetime]:
    if inventory is None:
        return {}
    return {
        held.lease_id: held.token_ends
        for held in inventory.holdings
        if held.state is not LeaseState.LIVE
        and held.token_ends
        and (held.denied or held.outlives_lease())
    }


def _denied(inventory: Inventory | None) -> frozenset[str]:
    """The leases whose tokens a deny covers that stands in IAM."""
    held = inventory.holdings if inventory else ()
    return frozenset(found.lease_id for found in held if found.denied)


def _notes(sources: Sources, matching: Matching, issued: list[AuditIssuance]) -> tuple[str, ...]:
    notes: list[str] = []
    if sources.audit is None:
        notes.append("no audit log was given: no credential can be explained")
    notes += _elsewhere(sources, issued)
    explained = matching.of(Standing.EXPLAINED)
    if issued and not explained and matching.of(Standing.UNEXPLAINED):
        notes.append(
            "nothing matched: the audit device may have been made anew, or logs another server"
        )
    if not (sources.identity.key_ids or sources.identity.role_name):
        notes.append("Vault's root key id is not known: CloudTrail was searched by user name only")
    return tuple(notes)


def _elsewhere(sources: Sources, issued: list[AuditIssuance]) -> list[str]:
    """Say so where the log has the mount in other namespaces alone: one that was named wrongly, or
    on a server that has none, would let nothing be missed."""
    mine = [found for found in issued if found.is_of(sources.mounts, None)]
    others = sorted({found.namespace for found in mine})
    if sources.namespace is None or not mine or sources.namespace in others:
        return []
    here = f"namespace {sources.namespace}" if sources.namespace else "the root namespace"
    there = ", ".join(name or "the root one" for name in others)
    return [f"the audit log has no issuance of this mount in {here}, only in {there}"]
