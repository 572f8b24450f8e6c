"""CloudTrail's log files: gathered, compressed, and put in a directory and in trails' buckets.

Source: CloudTrail user guide, "CloudTrail log file examples" (file name format) and "Finding your
CloudTrail log files" (key layout). Delivery is at least once and about every five minutes.
"""

from __future__ import annotations

import gzip
import secrets
import string
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vaultaws.clock import Clock
from vaultaws.local.aws.jitter import Jitter
from vaultaws.local.aws.trail.store import TrailEvent
from vaultaws.local.aws.trail.targets import Target

INTERVAL_SECONDS: Final = 300.0
MAX_PENDING: Final = 50_000
MAX_PENDING_BYTES: Final = 96 * 1024 * 1024
MAX_RECORDS_A_FILE: Final = 5_000
POLL_SECONDS: Final = 1.0
_UNIQUE_CHARS: Final = string.ascii_letters + string.digits

TargetsOf = Callable[[TrailEvent], tuple[Target, ...]]
"""The targets an event goes to, at the moment it was recorded."""


@dataclass(frozen=True)
class DeliverySettings:
    """`duplicate_rate` (0 to 1) is the share of records that are delivered twice."""

    interval_seconds: float = INTERVAL_SECONDS
    duplicate_rate: float = 0.0


@dataclass(frozen=True)
class DeliveryStats:
    """Counts since the start. `last_error` is the latest failure, empty when there was none."""

    pending: int
    files: int
    records: int
    duplicates: int
    failures: int
    dropped: int
    last_error: str


@dataclass(frozen=True, slots=True)
class _Parcel:
    event: TrailEvent
    targets: tuple[Target, ...]


class Delivery:
    """Holds events until the next delivery. Bounded: the oldest are dropped, and counted.

    A file that cannot be written is tried again at the next delivery.
    """

    def __init__(
        self,
        clock: Clock,
        targets_of: TargetsOf,
        *,
        settings: DeliverySettings | None = None,
        seed: int | None = None,
        max_pending: int = MAX_PENDING,
    ) -> None:
        self.settings = settings or DeliverySettings()
        self._clock = clock
        self._targets_of = targets_of
        self._jitter = Jitter(seed)
        self._max_pending = max_pending
        self._lock = threading.Lock()  # the queue and the counts
        self._delivering = threading.Lock()  # one delivery at a time
        self._pending: deque[_Parcel] = deque()
        self._bytes = 0
        self._due = clock.monotonic() + self.settings.interval_seconds
        self._files = self._records = self._duplicates = self._failures = self._dropped = 0
        self._last_error = ""

    def offer(self, event: TrailEvent) -> None:
        """Take an event for the next delivery, where anybody wants it."""
        targets = self._targets_of(event)
        if targets:
            self._queue([_Parcel(event, targets)])

    def tick(self) -> int:
        """Deliver what is visible when the interval is over; the number of files written."""
        with self._lock:
            now = self._clock.monotonic()
            if now < self._due:
                return 0
            self._due = now + self.settings.interval_seconds
        return self._deliver(self._take(self._clock.now()))

    def flush(self) -> int:
        """Deliver everything now, whatever the delay; the number of files written."""
        return self._deliver(self._take(None))

    def stats(self) -> DeliveryStats:
        with self._lock:
            return DeliveryStats(
                pending=len(self._pending),
                files=self._files,
                records=self._records,
                duplicates=self._duplicates,
                failures=self._failures,
                dropped=self._dropped,
                last_error=self._last_error,
            )

    def _queue(self, parcels: Iterable[_Parcel]) -> None:
        with self._lock:
            for parcel in parcels:
                self._pending.append(parcel)
                self._bytes += parcel.event.size
            while len(self._pending) > self._max_pending or self._bytes > MAX_PENDING_BYTES:
                self._bytes -= self._pending.popleft().event.size
                self._dropped += 1

    def _take(self, visible_at: datetime | None) -> list[_Parcel]:
        """Empty the queue of what may be delivered; None means all."""
        with self._lock:
            taken: list[_Parcel] = []
            kept: deque[_Parcel] = deque()
            for parcel in self._pending:
                ripe = visible_at is None or parcel.event.visible_at <= visible_at
                (taken if ripe else kept).append(parcel)
            self._pending = kept
            self._bytes = sum(parcel.event.size for parcel in kept)
            return taken

    def _deliver(self, parcels: list[_Parcel]) -> int:
        with self._delivering:
            files = 0
            for (target, account_id, region), events in _grouped(parcels).items():
                for start in range(0, len(events), MAX_RECORDS_A_FILE):
                    batch = events[start : start + MAX_RECORDS_A_FILE]
                    files += self._write(target, account_id, region, batch)
            return files

    def _write(self, target: Target, account_id: str, region: str, events: list[TrailEvent]) -> int:
        repeated = [e for e in events if self._jitter.hits(self.settings.duplicate_rate)]
        written = 0
        for batch in (events, repeated) if repeated else (events,):
            key = log_file_key(account_id, region, self._clock.now())
            try:
                target.write(key, log_file(batch))
            except Exception as fault:  # noqa: BLE001  (any target's failure is retried, told)
                self._failed(f"{type(fault).__name__} at {target.name}")
                if batch is events:
                    self._queue(_Parcel(event, (target,)) for event in events)
                break
            written += 1
        with self._lock:
            self._files += written
            self._records += len(events) if written else 0
            self._duplicates += len(repeated) if written > 1 else 0
        return written

    def _failed(self, what: str) -> None:
        with self._lock:
            self._failures += 1
            self._last_error = what


class DeliveryLoop:
    """Asks the delivery once a second whether it is time, and delivers the rest at the end."""

    def __init__(self, delivery: Delivery, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._delivery = delivery
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trail-delivery", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the loop after the delivery that is under way, then deliver what is left."""
        self._stop.set()
        self._thread.join()
        self._delivery.flush()

    def _run(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            self._delivery.tick()


def log_file_key(account_id: str, region: str, now: datetime) -> str:
    """`AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_TIME_UNIQUE.json.gz`
    with a time to the minute, in UTC, and 16 random letters and digits."""
    utc = now.astimezone(UTC)
    unique = "".join(secrets.choice(_UNIQUE_CHARS) for _ in range(16))
    folder = f"AWSLogs/{account_id}/CloudTrail/{region}/{utc:%Y/%m/%d}"
    return f"{folder}/{account_id}_CloudTrail_{region}_{utc:%Y%m%dT%H%MZ}_{unique}.json.gz"


def log_file(events: Iterable[TrailEvent]) -> bytes:
    """`{"Records": […]}`, compressed."""
    body = '{"Records":[' + ",".join(event.record for event in events) + "]}"
    return gzip.compress(body.encode(), mtime=0)


def _grouped(
    parcels: Iterable[_Parcel],
) -> dict[tuple[Target, str, str], list[TrailEvent]]:
    """One file's worth: a target, an account, a Region."""
    groups: dict[tuple[Target, str, str], list[TrailEvent]] = {}
    for parcel in parcels:
        for target in parcel.targets:
            key = (target, parcel.event.account_id, parcel.event.region)
            groups.setdefault(key, []).append(parcel.event)
    return groups
