"""The hands on a running local AWS: time, settings, faults to order, log files, counts.

`Control` is the whole of it for in-process tests; `control_http` serves it under /_vaultaws/.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from vaultaws.local.aws.clock import MovableClock
from vaultaws.local.aws.faults import ChanceFaults, FaultSettings, OrderedFault
from vaultaws.local.aws.propagation import DelayedPropagation, PropagationSettings
from vaultaws.local.aws.settings import LocalAwsSettings
from vaultaws.local.aws.trail.delivery import Delivery, DeliverySettings
from vaultaws.local.aws.trail.recorder import TrailRecorder, TrailSettings
from vaultaws.local.aws.trail.store import EventStore


@dataclass(frozen=True)
class Parts:
    """What there is to control."""

    clock: MovableClock
    propagation: DelayedPropagation
    faults: ChanceFaults
    recorder: TrailRecorder
    store: EventStore
    delivery: Delivery


class Control:
    """One place to move the clock, change settings, flush and count. Safe between threads."""

    def __init__(self, parts: Parts, settings: LocalAwsSettings | None = None) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._settings = settings or LocalAwsSettings()
        self._apply(self._settings)

    @property
    def settings(self) -> LocalAwsSettings:
        return self._settings

    def now(self) -> datetime:
        return self._parts.clock.now()

    def advance(self, seconds: float) -> datetime:
        """Move the clock forward, deliver what has come due, return the time; ClockError."""
        now = self._parts.clock.advance(seconds)
        self._parts.delivery.tick()
        return now

    def set_clock(self, to: datetime) -> datetime:
        """Move the clock forward to `to`, deliver what has come due; ClockError."""
        now = self._parts.clock.set(to)
        self._parts.delivery.tick()
        return now

    def configure(self, **changes: Any) -> LocalAwsSettings:
        """Change some settings, all or none; SettingsError names every fault."""
        return self.configure_all(changes)

    def configure_all(self, changes: Mapping[str, Any]) -> LocalAwsSettings:
        with self._lock:
            self._settings = self._settings.changed(changes)
            self._apply(self._settings)
            return self._settings

    def fail_next(self, fault: OrderedFault, times: int = 1) -> None:
        """Make the next `times` calls that match fail."""
        self._parts.faults.order(fault, times)

    def flush(self) -> int:
        """Write every recorded event to its log files now; the number of files."""
        return self._parts.delivery.flush()

    def stats(self) -> dict[str, Any]:
        """Counts for people and tests, ready for JSON."""
        parts = self._parts
        return {
            "now": parts.clock.now().isoformat(),
            "clock_ahead_seconds": parts.clock.offset.total_seconds(),
            "events": asdict(parts.store.stats()) | {"failed": parts.recorder.failed},
            "delivery": asdict(parts.delivery.stats()),
            "changes_under_way": parts.propagation.pending,
            "faults": {"drawn": parts.faults.drawn, "ordered": parts.faults.ordered},
        }

    def _apply(self, settings: LocalAwsSettings) -> None:
        parts = self._parts
        parts.propagation.configure(
            PropagationSettings(settings.iam_delay, settings.iam_jitter, settings.iam_flap)
        )
        parts.recorder.settings = TrailSettings(
            settings.trail_delay, settings.trail_jitter, settings.data_events
        )
        parts.delivery.settings = DeliverySettings(
            settings.trail_interval, settings.trail_duplicates
        )
        parts.faults.settings = FaultSettings(
            rate=settings.fault_rate,
            services=frozenset(settings.fault_services),
            operations=frozenset(settings.fault_operations),
            kinds=settings.fault_kinds,
        )
