"""CloudTrail's events brought before the engine, from its event history or from its log files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from vaultaws.model import Event
from vaultaws.trail import tables
from vaultaws.trail.acts import NOTED
from vaultaws.trail.cuts import DELETE, DENY, PUT, SWITCH
from vaultaws.trail.engines import DuckDb
from vaultaws.trail.evidence import Lookup, Span, VaultIdentity, Window
from vaultaws.trail.expect import GLOBAL_REGION
from vaultaws.trail.records import Reader

if TYPE_CHECKING:
    from vaultaws.trail.sources.events import Source
    from vaultaws.trail.sources.faults import Faults

MOST_KEYS: Final = 20_000
NO_FILES: Final = "there is no log file of these days: is it where the trail delivers them?"
MINTING: Final = frozenset({"AssumeRole", "CreateAccessKey"})
"""What the engine asks for with a role: AWS gives a role's session no other tokens."""
_A_FILE_COVERS: Final = timedelta(hours=1)
"""CloudTrail delivers about every five minutes; late events may wait longer."""

Watch = Callable[[str], None]


@dataclass(frozen=True)
class Gathered:
    """What is known of the events besides themselves.

    `lost` are sentences that tell what could not be read, `gaps` the times of it as far as they are
    known; `notes` are no fault.
    """

    unreadable: int = 0
    lost: tuple[str, ...] = ()
    gaps: tuple[Span, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What events are gathered for. `known` are key ids known without CloudTrail; `watch` is told
    in words what is being done; `cuts` says that denies matter, whoever put them up."""

    identity: VaultIdentity
    known: tuple[str, ...]
    window: Window
    watch: Watch
    cuts: bool = False


@dataclass(frozen=True)
class History:
    """CloudTrail's event history (LookupEvents), asked for what Vault's identity did and for what
    came of it, key by key. `regions` are asked besides us-east-1."""

    lookup: Lookup
    regions: tuple[str, ...] = ()

    def gather(self, engine: DuckDb, wanted: Wanted) -> Gathered:
        """Bring the events as the table `events`.

        What Vault's user did is asked for by its name; a key of that user seen there is not asked
        for again, since CloudTrail allows two calls a second. A role's sessions have names that
        nobody knows, so what a role did is asked for by the names of the calls. Raises AwsError.
        """
        search = _Search(self, wanted.window, wanted.watch)
        named = search.look_up("Username", wanted.identity.user_name)
        covered = {event.access_key_id for event in named if event.identity_type == "IAMUser"}
        identity = wanted.identity
        for key_id in sorted(identity.key_ids - covered):
            made = search.look_up("AccessKeyId", key_id)
            identity = identity.known_by(made)
            search.look_up("Username", identity.user_name)
        for name in sorted(MINTING | NOTED) if identity.role_name else ():
            search.look_up("EventName", name)
        if wanted.cuts:
            search.look_for_cuts()
        own = [event for event in search.reader.result().events if identity.made(event)]
        search.follow([*minted_keys(own), *wanted.known])
        read = search.reader.result()
        engine.table("events", tables.events(read.events))
        if not search.cut_short:
            return Gathered(read.unreadable)
        stopped = f"stopped after {MOST_KEYS:,} look-ups: choose a shorter span of time"
        return Gathered(
            read.unreadable, lost=(stopped,), gaps=(Span(wanted.window.start, wanted.window.end),)
        )


@dataclass
class _Search:
    """One walk through CloudTrail; every (attribute, value) is asked for once."""

    history: History
    window: Window
    watch: Watch
    reader: Reader = field(default_factory=Reader)
    asked: set[tuple[str, str]] = field(default_factory=set)
    cut_short: bool = False

    def look_for_cuts(self) -> None:
        """Look up what may deny something, and where anything does, what takes it away. IAM's
        events are all of one region."""
        here = (GLOBAL_REGION,)
        for name in sorted({*PUT, SWITCH}):
            self.look_up("EventName", name, here)
        if any(event.name in PUT and DENY in event.policy_document for event in self._read()):
            for name in sorted(DELETE):
                self.look_up("EventName", name, here)

    def _read(self) -> tuple[Event, ...]:
        return self.reader.result().events

    def look_up(
        self, attribute: str, value: str, regions: tuple[str, ...] | None = None
    ) -> list[Event]:
        if not value or (attribute, value) in self.asked:
            return []
        self.asked.add((attribute, value))
        self.watch(f"CloudTrail, {len(self.asked)} look-ups")
        found = []
        for region in regions or dict.fromkeys((GLOBAL_REGION, *self.history.regions)):
            records = self.history.lookup(
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


@dataclass(frozen=True)
class LogFiles:
    """CloudTrail's log files, in a directory or a bucket; `cache` keeps them decoded. A trail
    delivers files whatever happens, so days without one are days that are elsewhere."""

    source: Source
    cache: Path | None
    demands_files: ClassVar[bool] = True

    def gather(self, engine: DuckDb, wanted: Wanted) -> Gathered:
        """Bring every event of the window as the table `events`. Raises UsageError and AwsError."""
        from vaultaws.trail.sources.events import open_events

        window = wanted.window
        found = open_events(self.source, window, cache=self.cache, watch=wanted.watch)
        edges = [path for path in found.paths if path not in found.inside]
        lost = found.faults.lines() if found.faults.is_partial else ()
        is_nowhere = self.demands_files and not found.files
        if is_nowhere:
            lost = (*lost, NO_FILES)
        engine.files("events", edges, found.table, window, within=sorted(found.inside))
        return Gathered(
            lost=lost,
            gaps=(_all_of(window),) if is_nowhere else _gaps(found.faults, window),
            notes=(*found.notes, *(() if found.faults.is_partial else found.faults.lines())),
        )


@dataclass(frozen=True)
class QueueFiles(LogFiles):
    """Log files that are filled from a queue before each look. `fill` does so for a window, and
    returns what it could not bring, in words."""

    fill: Callable[[Window, Watch], tuple[str, ...]]
    demands_files: ClassVar[bool] = False

    def gather(self, engine: DuckDb, wanted: Wanted) -> Gathered:
        """Bring what came, and what had come. Raises LocalStateError and AwsError."""
        lost = self.fill(wanted.window, wanted.watch)
        found = super().gather(engine, wanted)
        return replace(found, lost=(*found.lost, *lost))


def _gaps(faults: Faults, window: Window) -> tuple[Span, ...]:
    """When the events that were lost may have been: before the time in a file's name, or ever."""
    from vaultaws.trail.sources.layout import delivered

    gaps = []
    for fault in faults:
        if fault.loses_events:
            moment = delivered(fault.file)
            gaps.append(Span(moment - _A_FILE_COVERS, moment) if moment else _all_of(window))
    return tuple(dict.fromkeys(gaps))


def _all_of(window: Window) -> Span:
    return Span(window.start, window.end)
