"""Takes each finished call and keeps it as a CloudTrail event: the gate's Recorder."""

from __future__ import annotations

import itertools
import json
import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vaultaws.local.aws.call import Call, Caller, Outcome
from vaultaws.local.aws.jitter import Jitter
from vaultaws.local.aws.trail.identity import user_name
from vaultaws.local.aws.trail.records import build_record, event_region, event_source, is_data_event
from vaultaws.local.aws.trail.resources import resources
from vaultaws.local.aws.trail.store import TrailEvent

logger = logging.getLogger(__name__)

DEFAULT_ACCOUNT: Final = "123456789012"

Sink = Callable[[TrailEvent], None]
"""Where a recorded event goes: the store's add, the delivery's offer."""


@dataclass(frozen=True)
class TrailSettings:
    """`delay_seconds` is the latest an event becomes visible; `jitter` (0 to 1) is the share of
    it by which events may come earlier. `data_events` records object-level traffic
    as well, for the log files."""

    delay_seconds: float = 0.0
    jitter: float = 0.0
    data_events: bool = False


class TrailRecorder:
    """Turns calls into events and hands each to every sink. Never raises; safe between threads."""

    def __init__(
        self,
        *sinks: Sink,
        settings: TrailSettings | None = None,
        account_id: str = DEFAULT_ACCOUNT,
        seed: int | None = None,
    ) -> None:
        self._sinks = sinks
        self._account_id = account_id
        self._jitter = Jitter(seed)
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._failed = 0
        self.settings = settings or TrailSettings()

    @property
    def failed(self) -> int:
        """Calls that could not be written. Zero unless there is a fault in this package."""
        with self._lock:
            return self._failed

    def record(
        self, call: Call, caller: Caller | None, outcome: Outcome, access_key_id: str = ""
    ) -> None:
        """Keep one call. `caller` is None, and `access_key_id` what the request claimed, where
        nobody could be verified."""
        if is_data_event(call.service, call.operation) and not self.settings.data_events:
            return
        try:
            event = self._event(call, caller, outcome, access_key_id)
            for sink in self._sinks:
                sink(event)
        except Exception as fault:  # noqa: BLE001  (a call must never fail because its record did)
            logger.warning("%s was not recorded: %s", call.operation, type(fault).__name__)
            with self._lock:
                self._failed += 1

    def _event(
        self, call: Call, caller: Caller | None, outcome: Outcome, access_key_id: str
    ) -> TrailEvent:
        event_id = str(uuid.uuid4())
        account_id = caller.account_id if caller else self._account_id
        record = build_record(
            call,
            caller,
            outcome,
            event_id=event_id,
            account_id=account_id,
            access_key_id=access_key_id,
        )
        delay = self._jitter.shorten(self.settings.delay_seconds, self.settings.jitter)
        return TrailEvent(
            sequence=next(self._numbers),
            event_id=event_id,
            name=call.operation,
            source=event_source(call.service),
            account_id=account_id,
            region=event_region(call),
            read_only=record["readOnly"],
            management=record["managementEvent"],
            user_name=user_name(caller),
            access_key_id=caller.access_key_id if caller else access_key_id,
            time=call.time.replace(microsecond=0),
            visible_at=call.time + timedelta(seconds=delay),
            resources=()
            if record["readOnly"] and _is_plain_read(record)
            else resources(call, outcome),
            record=json.dumps(record, separators=(",", ":")),
        )


def _is_plain_read(record: dict[str, object]) -> bool:
    """A read that handed out nothing lists no resources in the event history."""
    return record["responseElements"] is None
