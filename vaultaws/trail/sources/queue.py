"""CloudTrail's events from a queue (an EventBridge rule's target), kept as log files of our own.

A message is deleted when its event is on disk, and not before. The files lie as CloudTrail's own
do, by the day they came, and go when no window needs them any more. A message that is no event is
left for the dead-letter queue.

Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail": the record is the
envelope's `detail`.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from vaultaws.aws.queue import Message
from vaultaws.errors import LocalStateError
from vaultaws.leases import private
from vaultaws.leases.words import count
from vaultaws.trail.records import to_event

SCHEME: Final = "sqs:"
AT_ONCE: Final = 500
"""How many messages are written together."""
MOST: Final = 20_000
"""How many messages one round takes."""
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")
_FOLDER: Final = "CloudTrail"
Record = dict[str, Any]


class Queue(Protocol):
    """Where messages are (`aws.queue`)."""

    def receive(self) -> Sequence[Message]: ...
    def delete(self, messages: Sequence[Message]) -> None: ...


@dataclass(frozen=True)
class Drained:
    """What a queue gave. `poison` counts messages that are no events; `more` when it has more."""

    events: int = 0
    poison: int = 0
    more: bool = False

    def lost(self) -> tuple[str, ...]:
        """What is not in the files yet, in words."""
        told = []
        if self.poison:
            what = count(self.poison, "message of the queue is", "messages of the queue are")
            told.append(f"{what} no event of CloudTrail, and left for its dead-letter queue")
        if self.more:
            told.append("the queue has more messages than one round takes")
        return tuple(told)


def drain(
    queue: Queue,
    folder: Path,
    now: Callable[[], datetime],
    watch: Callable[[str], None] = lambda _: None,
    *,
    most: int = MOST,
) -> Drained:
    """Move a queue's events to files below `folder`. Raises AwsError and LocalStateError."""
    events, poison = 0, set[str]()
    while events + len(poison) < most:
        good: list[tuple[Message, Record]] = []
        while len(good) < AT_ONCE and (messages := queue.receive()):
            strange = len(poison)
            for message in messages:
                record = record_of(message.body)
                if record is None:
                    poison.add(message.id)
                else:
                    good.append((message, record))
            if not good and strange == len(poison):
                break  # only what was met before: it has come back
        if not good:
            return Drained(events, len(poison))
        keep(folder, now(), [record for _, record in good])
        queue.delete([message for message, _ in good])
        events += len(good)
        watch(f"CloudTrail, {events:,} events from the queue")
    return Drained(events, len(poison), more=True)


def record_of(body: str) -> Record | None:
    """Return the record in a message of EventBridge, None for any other message."""
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return None
    record = envelope.get("detail") if isinstance(envelope, dict) else None
    if not isinstance(record, dict) or to_event(record) is None:
        return None
    account, region = record.get("recipientAccountId"), record.get("awsRegion")
    sound = isinstance(account, str) and isinstance(region, str)
    sound = sound and bool(_ACCOUNT.fullmatch(str(account)) and _REGION.fullmatch(str(region)))
    return record if sound else None


def keep(folder: Path, now: datetime, records: Iterable[Record]) -> None:
    """Write records as log files, so that they last. Raises LocalStateError."""
    parts: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        parts[record["recipientAccountId"], record["awsRegion"]].append(record)
    moment = now.astimezone(UTC)
    for (account, region), some in parts.items():
        place = folder / _FOLDER / region / f"{moment:%Y/%m/%d}"
        private.ensure_directory(place)
        unique = uuid.uuid4().hex
        name = f"{account}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
        fresh = place / f".{unique}"
        try:
            with os.fdopen(private.open_file(fresh), "wb") as file:
                file.write(gzip.compress(json.dumps({"Records": some}).encode(), 1))
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(place / name)
            private.sync_directory(place)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise LocalStateError(
                f"events of the queue cannot be kept in {folder}",
                why=error.strerror or type(error).__name__,
                do="free space there; what was not kept is still in the queue",
            ) from error


def sweep(folder: Path, first: date) -> None:
    """Remove the days before `first`, of which no window needs anything."""
    for day in (folder / _FOLDER).glob("*/[0-9]*/[0-9]*/[0-9]*"):
        told = "".join(day.parts[-3:])
        if told < f"{first:%Y%m%d}":
            shutil.rmtree(day, ignore_errors=True)
