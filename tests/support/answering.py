"""A CloudTrail that is late, is asked by page, and whose askers are killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vaultaws.errors import AwsError
from vaultaws.trail.answers import KeptLookup

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Killed(BaseException):
    """The end of a process, which runs nothing more."""


@dataclass
class MovedClock:
    """A clock that a test moves."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Happened:
    """An event, and when it can be looked up."""

    record: dict[str, Any]
    time: datetime
    visible: datetime


def record(name: str, moment: datetime, **more: object) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventID": name,
        "eventTime": moment.isoformat().replace("+00:00", "Z"),
        "eventName": "GetFederationToken",
        "eventSource": "sts.amazonaws.com",
        "userIdentity": {"type": "IAMUser", "userName": "vault-root"},
    } | more


ALL = ["e1", "e2", "e3", "e4", "e5", "young"]
"""The ids of `six_events`."""


@dataclass
class Cloud:
    """The event history of one account, in every region the same.

    `page` is how many events fit; before the call whose number is in `faults` is answered, its
    fault is raised. `asked` are the spans of the calls, `calls` how many there were.
    """

    clock: MovedClock
    whose: str = "123456789012"
    page: int = 2
    events: list[Happened] = field(default_factory=list)
    faults: dict[int, BaseException] = field(default_factory=dict)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)
    calls: int = 0

    def happen(self, name: str, moment: datetime, late: timedelta = timedelta(0)) -> None:
        self.events.append(Happened(record(name, moment), moment, moment + late))

    def __call__(self, region: str) -> Cloud:
        return self

    def fail_at(self, call: int) -> None:
        """Fail at a call from now on, 1 for the next."""
        fault = AwsError("AWS failed to look up events", why="busy", do="try again")
        self.faults[self.calls + call] = fault

    def kill_at(self, call: int) -> None:
        self.faults[self.calls + call] = Killed()

    def pages(
        self, attribute: str | None, value: str, *, start: datetime, end: datetime
    ) -> Iterator[Sequence[dict[str, Any]]]:
        asked_at, before = self.clock.now(), 0
        while True:
            self.calls += 1
            self.asked.append((start, end))
            if fault := self.faults.pop(self.calls, None):
                raise fault
            found = self.visible(start, end, asked_at)
            yield [event.record for event in found[before : before + self.page]]
            before += self.page
            if before >= len(found):
                return

    def visible(self, start: datetime, end: datetime, at: datetime) -> list[Happened]:
        """What there is to be seen, newest first."""
        found = [one for one in self.events if start <= one.time <= end and one.visible <= at]
        return sorted(found, key=lambda one: one.time, reverse=True)


def six_events(clock: MovedClock) -> Cloud:
    """Five events, an hour apart, and one that is younger than the margin."""
    made = Cloud(clock)
    for number in range(1, 6):
        made.happen(f"e{number}", NOW - (number + 1) * timedelta(hours=1))
    made.happen("young", NOW - timedelta(minutes=1))
    return made


def look(
    cloud: Cloud,
    place: Path | None,
    *,
    start: datetime = NOW - timedelta(days=1),
    end: datetime = NOW,
    attribute: str = "AccessKeyId",
    value: str = "AKIA1",
    region: str = "us-east-1",
    resumes: bool = False,
) -> list[str]:
    """One look-up of a run of its own: the ids of what it tells."""
    found = KeptLookup(cloud, place, cloud.clock, resumes=resumes)(
        attribute, value, start=start, end=end, region=region
    )
    return sorted(one["eventID"] for one in found)
