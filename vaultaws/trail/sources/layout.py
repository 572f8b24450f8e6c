"""Where CloudTrail puts its log files, and which of them a span of time needs.

`[PREFIX/]AWSLogs/[o-ORGANISATION/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/
ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz` (CloudTrail user guide, "Finding your
CloudTrail log files" and "CloudTrail log file examples"). The time is that of the delivery, so an
event is in a file of its own day or, delivered late, of the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

LATE: Final = timedelta(days=1)
OTHER_FOLDERS: Final = frozenset({
    "CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-NetworkActivity",
})  # fmt: skip
"""Folders beside `CloudTrail`: digests, and events that are no calls of the management plane."""
_OTHER: Final = re.compile(r"_CloudTrail-(?:Digest|Insight|NetworkActivity)_")
_NAME: Final = re.compile(
    r"(?P<account>[0-9]{12})_CloudTrail_(?P<region>[a-z0-9-]+)"
    r"_(?P<day>[0-9]{8})T(?P<minute>[0-9]{4})Z_[A-Za-z0-9]+\.json(?:\.gz)?"
)
_DAY_FOLDER: Final = re.compile(
    r"(?:^|/)CloudTrail/[a-z0-9-]+/(?P<year>[0-9]{4})"
    r"(?:/(?P<month>[0-9]{2})(?:/(?P<day>[0-9]{2}))?)?$"
)
_REGION_FOLDER: Final = re.compile(r"(?:^|/)AWSLogs/(?:[^/]+/)+CloudTrail/[a-z0-9-]+/$")
_ENDINGS: Final = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".gz")


class Span(Protocol):
    """A span of time, in UTC."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...


@dataclass(frozen=True)
class Place:
    """The account and the region whose records a file holds, as its name says."""

    account: str = ""
    region: str = ""


@dataclass(frozen=True)
class SourceFile:
    """A log file. `stamp` changes when its bytes do: its time of change, or its ETag.

    `day` is that of its delivery, None for a file of another layout, which any span needs.
    """

    name: str
    size: int
    stamp: str
    place: Place = Place()
    day: date | None = None

    @property
    def key(self) -> tuple[str, int, str]:
        """What tells it from every other file and from its own earlier bytes."""
        return self.name, self.size, self.stamp


@dataclass(frozen=True)
class Days:
    """The days of delivery, first and last included, whose files a span of time needs."""

    first: date
    last: date

    @classmethod
    def of(cls, span: Span) -> Days:
        """From the day of its start to the day after its end."""
        return cls(span.start.astimezone(UTC).date(), (span.end.astimezone(UTC) + LATE).date())

    def all(self) -> Iterable[date]:
        """Yield each of them."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)

    def need(self, day: date | None) -> bool:
        """Whether files of the day are needed."""
        return day is None or self.first <= day <= self.last

    def enter(self, folder: str) -> bool:
        """Whether a folder can hold needed files, by its path; one of another layout can."""
        found = _DAY_FOLDER.search(folder)
        if found is None:
            return folder.rsplit("/", 1)[-1] not in OTHER_FOLDERS
        told = found["year"] + (found["month"] or "") + (found["day"] or "")
        first, last = (f"{day:%Y%m%d}"[: len(told)] for day in (self.first, self.last))
        return first <= told <= last


def is_region(prefix: str) -> bool:
    """Whether a prefix is a region's folder of log files, in which there are folders of years."""
    return bool(_REGION_FOLDER.search(prefix))


def is_log(name: str) -> bool:
    """Whether a file of the name may be a log: not hidden, not a digest, with a known ending."""
    return name.endswith(_ENDINGS) and not name.startswith(".") and not _OTHER.search(name)


def is_digest(name: str) -> bool:
    """Whether a file of the name is a digest, an insight, or of network activity."""
    return bool(_OTHER.search(name))


def source_file(path: str, size: int, stamp: str) -> SourceFile:
    """Return the file of the path, with what its name says."""
    found = _NAME.fullmatch(path.rsplit("/", 1)[-1])
    if found is None:
        return SourceFile(path, size, stamp)
    place = Place(found["account"], found["region"])
    try:
        day = date.fromisoformat(found["day"])
    except ValueError:
        return SourceFile(path, size, stamp, place)
    return SourceFile(path, size, stamp, place, day)


def delivered(path: str) -> datetime | None:
    """Return when a file was delivered, as its name says, or None."""
    found = _NAME.fullmatch(path.rsplit("/", 1)[-1])
    try:
        text = f"{found['day']}{found['minute']}" if found else ""
        return datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None
