"""The event history: bounded, in time order, indexed by every attribute LookupEvents knows."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from vaultaws.local.aws.trail.resources import Resource

MAX_EVENTS: Final = 50_000
MAX_BYTES: Final = 128 * 1024 * 1024
EVENT_OVERHEAD_BYTES: Final = 3_500  # the object and its index entries beside the record's text


class Attribute(StrEnum):
    """LookupEvents' AttributeKey (CloudTrail API reference, LookupAttribute)."""

    EVENT_ID = "EventId"
    EVENT_NAME = "EventName"
    READ_ONLY = "ReadOnly"
    USERNAME = "Username"
    RESOURCE_TYPE = "ResourceType"
    RESOURCE_NAME = "ResourceName"
    EVENT_SOURCE = "EventSource"
    ACCESS_KEY_ID = "AccessKeyId"


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One recorded call. `record` is its JSON; `visible_at` is when lookups may show it.

    `management` is False for object-level traffic (data events).
    """

    sequence: int
    event_id: str
    name: str
    source: str
    account_id: str
    region: str
    read_only: bool
    management: bool
    user_name: str
    access_key_id: str
    time: datetime
    visible_at: datetime
    resources: tuple[Resource, ...]
    record: str

    @property
    def position(self) -> tuple[datetime, int]:
        """Its place in time order; no two events share one."""
        return self.time, self.sequence

    @property
    def size(self) -> int:
        """What keeping it costs, in bytes, about."""
        return len(self.record) + EVENT_OVERHEAD_BYTES

    def attributes(self) -> Iterator[tuple[Attribute, str]]:
        """Every attribute and value a lookup finds it by, each once."""
        yield Attribute.EVENT_ID, self.event_id
        yield Attribute.EVENT_NAME, self.name
        yield Attribute.READ_ONLY, "true" if self.read_only else "false"
        yield Attribute.EVENT_SOURCE, self.source
        if self.user_name:
            yield Attribute.USERNAME, self.user_name
        if self.access_key_id:
            yield Attribute.ACCESS_KEY_ID, self.access_key_id
        for kind in dict.fromkeys(found.type for found in self.resources):
            yield Attribute.RESOURCE_TYPE, kind
        for name in dict.fromkeys(found.name for found in self.resources):
            yield Attribute.RESOURCE_NAME, name


@dataclass(frozen=True)
class StoreStats:
    """What the history holds, and how much it had to drop."""

    events: int
    bytes: int
    dropped: int
    indexes: int


_Key = tuple[str, str, Attribute | None, str]  # account, region, attribute, value


class EventStore:
    """Keeps the newest events within both bounds; the oldest are dropped. Safe between threads."""

    def __init__(self, *, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._events: deque[TrailEvent] = deque()
        self._index: dict[_Key, deque[TrailEvent]] = {}
        self._bytes = 0
        self._dropped = 0

    def add(self, event: TrailEvent) -> None:
        """Keep a management event; the event history holds no data events (S3 user guide,
        "Amazon S3 CloudTrail events")."""
        if not event.management:
            return
        with self._lock:
            _insert(self._events, event)
            for key in _keys(event):
                _insert(self._index.setdefault(key, deque()), event)
            self._bytes += event.size
            while self._events and self._is_full():
                self._drop_oldest()

    def find(
        self,
        account_id: str,
        region: str,
        attribute: tuple[Attribute, str] | None = None,
    ) -> EventSlice:
        """The account's events of one region, of one attribute's value where one is given."""
        key: _Key = (account_id, region, *(attribute or (None, "")))
        with self._lock:
            return EventSlice(list(self._index.get(key, ())))

    def stats(self) -> StoreStats:
        with self._lock:
            return StoreStats(len(self._events), self._bytes, self._dropped, len(self._index))

    def _is_full(self) -> bool:
        return len(self._events) > self._max_events or self._bytes > self._max_bytes

    def _drop_oldest(self) -> None:
        event = self._events.popleft()
        for key in _keys(event):
            entries = self._index[key]
            entries.popleft()  # every index is in the same order, so the oldest is its first
            if not entries:
                del self._index[key]
        self._bytes -= event.size
        self._dropped += 1


class EventSlice:
    """Events in time order at one moment, to be read newest first."""

    def __init__(self, events: list[TrailEvent]) -> None:
        self._events = events

    def newest_first(
        self,
        *,
        start: datetime,
        end: datetime,
        before: tuple[datetime, int] | None = None,
    ) -> Iterator[TrailEvent]:
        """Events with start ≤ time ≤ end, and older than the position `before`."""
        high = bisect_right(self._events, end, key=lambda event: event.time)
        if before is not None:
            high = min(high, bisect_left(self._events, before, key=lambda event: event.position))
        for index in range(high - 1, -1, -1):
            if self._events[index].time < start:
                return
            yield self._events[index]


def _keys(event: TrailEvent) -> Iterator[_Key]:
    yield event.account_id, event.region, None, ""
    for attribute, value in event.attributes():
        yield event.account_id, event.region, attribute, value


def _insert(events: deque[TrailEvent], event: TrailEvent) -> None:
    """Put the event in its place in time. Calls end nearly in the order they began, so that is
    mostly the end."""
    if not events or events[-1].position < event.position:
        events.append(event)
    else:
        events.insert(bisect_left(events, event.position, key=lambda each: each.position), event)
