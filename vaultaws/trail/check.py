"""The check: ask CloudTrail for what Vault's identity did and for what came of it, then match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from vaultaws.leases.inventory import HASHED, Inventory, LeaseState
from vaultaws.model import AuditIssuance, Event
from vaultaws.trail import tables
from vaultaws.trail.audit import AuditLog
from vaultaws.trail.engines import DuckDb
from vaultaws.trail.evidence import DELIVERY, AuditView, Lookup, VaultIdentity
from vaultaws.trail.expect import ANYTHING, GLOBAL_REGION, Expected
from vaultaws.trail.match import Question, match
from vaultaws.trail.records import Reader
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Matching, Standing

HASH_WORKERS: Final = 8
MOST_KEYS: Final = 20_000


@dataclass(frozen=True)
class Window:
    """The span of time that is checked, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Sources:
    """Where the evidence comes from.

    `digest` tells what the audit log writes for a key id (`Vault.audit_hash`), None where it
    writes keys in clear. `audit` is None without a log. IAM and STS's global endpoint are
    recorded in us-east-1, so it is always asked; `regions` adds STS's own and those in use.
    `inventory` tells which tokens outlive their leases. `device` is the audit device that wrote
    the log, empty when it is not known.
    """

    lookup: Lookup
    identity: VaultIdentity
    audit: AuditLog | None = None
    digest: Callable[[str], str] | None = None
    regions: tuple[str, ...] = ()
    inventory: Inventory | None = None
    delivery: timedelta = DELIVERY
    device: str = ""
    expected: Expected = ANYTHING


@dataclass
class _Search:
    """One walk through CloudTrail; every (attribute, value) is asked for once."""

    sources: Sources
    window: Window
    watch: Callable[[str], None]
    reader: Reader = field(default_factory=Reader)
    asked: set[tuple[str, str]] = field(default_factory=set)
    cut_short: bool = False

    def look_up(self, attribute: str, value: str) -> list[Event]:
        if not value or (attribute, value) in self.asked:
            return []
        self.asked.add((attribute, value))
        self.watch(f"CloudTrail, {len(self.asked)} look-ups")
        found = []
        for region in dict.fromkeys((GLOBAL_REGION, *self.sources.regions)):
            records = self.sources.lookup(
                attribute, value, start=self.window.start, end=self.window.end, region=region
            )
            found += self.reader.take(records)
        return found

    def follow(self, keys: Iterable[str]) -> None:
        """Look up keys, and the keys that they minted, to the last."""
        waiting = list(dict.fromkeys(keys))
        while waiting and not self.cut_short:
            found = self.look_up("AccessKeyId", waiting.pop(0))
            waiting += minted_keys(found)
            self.cut_short = len(self.asked) >= MOST_KEYS


def minted_keys(events: Iterable[Event]) -> list[str]:
    """Return the ids of the keys that calls answered with, each once."""
    keys = (event.issued_access_key_id for event in events if not event.error_code)
    return list(dict.fromkeys(key for key in keys if key))


def check(
    sources: Sources, window: Window, watch: Callable[[str], None] = lambda _: None
) -> Report:
    """Check a window. `watch` is told in words what is being done.

    What Vault's user did is asked for by its name; a key of that user seen there is not asked for
    again, since CloudTrail allows two calls a second.

    Raises AwsError and VaultError from the sources.
    """
    search = _Search(sources, window, watch)
    named = search.look_up("Username", sources.identity.user_name)
    covered = {event.access_key_id for event in named if event.identity_type == "IAMUser"}
    for key_id in sorted(sources.identity.key_ids - covered):
        search.look_up("AccessKeyId", key_id)
    minted = minted_keys(search.reader.result().events)
    search.follow([*minted, *_clear_keys(sources, window)])
    read = search.reader.result()
    watch("Vault's audit log")
    view = _view(sources, read.events)
    watermark = window.end - sources.delivery
    watch("matching")
    asked = Question(
        view,
        sources.identity,
        since=window.start,
        watermark=watermark,
        expected=sources.expected,
        alive_beyond=_alive_beyond(sources.inventory),
    )
    with DuckDb() as engine:
        engine.table("events", tables.events(read.events))
        matching = match(engine, asked)
    return Report(
        start=window.start,
        end=window.end,
        watermark=watermark,
        matching=matching,
        unreadable_records=read.unreadable,
        unreadable_lines=sources.audit.unreadable if sources.audit else 0,
        notes=_notes(search, matching, within(view.issuances, window)),
    )


def within(issuances: Iterable[AuditIssuance], window: Window) -> list[AuditIssuance]:
    """Return the issuances inside the window."""
    return [found for found in issuances if window.start <= found.time <= window.end]


def _clear_keys(sources: Sources, window: Window) -> list[str]:
    """Key ids known without CloudTrail: clear in the audit log, or in the inventory."""
    issued = within(sources.audit.issuances if sources.audit else (), window)
    clear = [found.access_key for found in issued if not found.access_key.startswith(HASHED)]
    held = sources.inventory.holdings if sources.inventory else ()
    return sorted({*clear, *(found.access_key_id for found in held if found.access_key_id)})


def _view(sources: Sources, events: Iterable[Event]) -> AuditView:
    audit = sources.audit
    if audit is None:
        return AuditView()
    keys = {event.issued_access_key_id for event in events if event.issued_access_key_id}
    hashed = any(found.lease.startswith(HASHED) for found in audit.revocations)
    leases = {found.lease_id for found in audit.issuances} if hashed else set()
    return AuditView(
        issuances=audit.issuances,
        digests=_digests(sources.digest, sorted(keys | leases)),
        rotations=[found.time for found in audit.rotations],
        begins=audit.first,
        revocations=audit.revocations,
        failures=[found.time for found in audit.failures],
        gaps=audit.gaps,
        salted=_salted(audit, sources.device),
        undigested=sources.digest is None
        and any(found.access_key.startswith(HASHED) for found in audit.issuances),
    )


def _salted(audit: AuditLog, device: str) -> datetime | None:
    """When the device was last made anew, any device where ours is not known.

    A log that begins with the making of its device has nothing from before it.
    """
    made = [found.time for found in audit.devices if device in {"", found.device}]
    return max(made, default=None)


def _digests(digest: Callable[[str], str] | None, keys: list[str]) -> Mapping[str, str]:
    if digest is None or not keys:
        return {}
    with ThreadPoolExecutor(max_workers=HASH_WORKERS, thread_name_prefix="digest") as pool:
        return dict(zip(keys, pool.map(digest, keys), strict=True))


def _alive_beyond(inventory: Inventory | None) -> dict[str, datetime]:
    if inventory is None:
        return {}
    return {
        held.lease_id: held.token_ends
        for held in inventory.holdings
        if held.state is not LeaseState.LIVE and held.token_ends and held.outlives_lease()
    }


def _notes(search: _Search, matching: Matching, issued: list[AuditIssuance]) -> tuple[str, ...]:
    sources = search.sources
    notes = []
    if sources.audit is None:
        notes.append("no audit log was given: no credential can be explained")
    explained = matching.of(Standing.EXPLAINED)
    if issued and not explained and matching.of(Standing.UNEXPLAINED):
        notes.append(
            "nothing matched: the audit device may have been made anew, or logs another server"
        )
    if not sources.identity.key_ids:
        notes.append("Vault's root key id is not known: CloudTrail was searched by user name only")
    if search.cut_short:
        notes.append(f"stopped after {MOST_KEYS:,} look-ups: choose a shorter span of time")
    return tuple(notes)
