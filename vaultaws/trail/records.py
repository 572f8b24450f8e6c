"""CloudTrail's records, made into `Event`s. What cannot be read is counted, never dropped.

Source: CloudTrail user guide, "CloudTrail record contents" (eventVersion 1.x).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from vaultaws.model import Event, JsonObject

MAJOR: Final = "1."
"""How the versions begin that are understood."""
TARGETS: Final = ("userName", "roleName", "groupName", "policyArn", "roleArn")
"""The request parameters that say what a call of IAM or STS is about, the first that is there."""
PARTS: Final = ("policyName", "accessKeyId", "policyArn")
"""Those that say what of it, the first that is there."""
WRITTEN: Final = ("policyDocument", "status")
"""Those that say what it wrote there, the first that is there."""
_READ: Final = (
    "eventVersion",
    "eventID",
    "eventTime",
    "eventName",
    "eventSource",
    "awsRegion",
    "userIdentity",
    "requestParameters",
    "errorCode",
    "sourceIPAddress",
    "userAgent",
    "recipientAccountId",
)
_ANSWERED: Final = ("credentials", "accessKey")
"""The parts of an answer in which a new key is: of STS, of CreateAccessKey."""
_OF_A_KEY: Final = ("accessKeyId", "expiration")


@dataclass(frozen=True)
class Read:
    """Events by id, in the order of time; `unreadable` counts records that were none."""

    events: tuple[Event, ...] = ()
    unreadable: int = 0


@dataclass
class Reader:
    """Gathers records from several look-ups; the same event met twice counts once."""

    _events: dict[str, Event] = field(default_factory=dict)
    _unreadable: set[str] = field(default_factory=set)
    _nameless: int = 0

    def take(self, records: Iterable[object]) -> list[Event]:
        """Read records; return the events that were new."""
        fresh = []
        for record in records:
            event = to_event(record)
            if event is None:
                self._count(record)
            elif event.event_id not in self._events:
                self._events[event.event_id] = event
                fresh.append(event)
        return fresh

    def result(self) -> Read:
        ordered = sorted(self._events.values(), key=lambda event: (event.time, event.event_id))
        return Read(tuple(ordered), len(self._unreadable) + self._nameless)

    def _count(self, record: object) -> None:
        event_id = _text(record, "eventID") if isinstance(record, dict) else ""
        if event_id:
            self._unreadable.add(event_id)
        else:
            self._nameless += 1


def to_event(record: object) -> Event | None:
    """Return the event, or None for a record of unknown version or without its essentials."""
    if not isinstance(record, dict) or not _text(record, "eventVersion").startswith(MAJOR):
        return None
    moment = moment_of(record.get("eventTime"))
    event_id, name = _text(record, "eventID"), _text(record, "eventName")
    source = _text(record, "eventSource")
    if moment is None or not (event_id and name and source):
        return None
    identity, request = _object(record, "userIdentity"), _object(record, "requestParameters")
    return Event(
        event_id=event_id,
        time=moment,
        service=source.removesuffix(".amazonaws.com"),
        name=name,
        region=_text(record, "awsRegion"),
        access_key_id=_text(identity, "accessKeyId"),
        identity_type=_text(identity, "type"),
        principal_arn=_text(identity, "arn"),
        principal_id=_text(identity, "principalId"),
        issued_access_key_id=_issued_key(record),
        error_code=_text(record, "errorCode"),
        source_ip=_text(record, "sourceIPAddress"),
        user_agent=_text(record, "userAgent"),
        user_name=_user_name(identity),
        request=request,
        account=_text(record, "recipientAccountId"),
        issued_until=_issued_until(record),
        target=_first(request, TARGETS),
        part=_first(request, PARTS),
        policy_document=_first(request, WRITTEN),
    )


def essential(record: JsonObject) -> dict[str, Any]:
    """The parts of a record that `to_event` reads. A session token, which CloudTrail tells of new
    credentials, is not among them."""
    kept: dict[str, Any] = {key: record[key] for key in _READ if key in record}
    answer = _object(record, "responseElements")
    kept["responseElements"] = {
        part: {key: text for key in _OF_A_KEY if (text := _text(_object(answer, part), key))}
        for part in _ANSWERED
    }
    return kept


def _first(request: JsonObject, keys: Iterable[str]) -> str:
    return next((text for key in keys if (text := _text(request, key))), "")


def _issued_until(record: JsonObject) -> datetime | None:
    credentials = _object(_object(record, "responseElements"), "credentials")
    return end_time(_text(credentials, "expiration"))


def end_time(text: str) -> datetime | None:
    """Return a credential's end as CloudTrail writes it, or None.

    STS's ends stand there as Java prints dates ("Nov 29, 2026, 10:15:00 AM", in UTC; the space
    before AM may be a narrow one), in some records as ISO 8601.
    """
    plain = " ".join(text.replace(",", " ").split())
    try:
        return datetime.strptime(plain, "%b %d %Y %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return moment_of(text)


def _issued_key(record: JsonObject) -> str:
    response = _object(record, "responseElements")
    for part in _ANSWERED:
        key = _text(_object(response, part), "accessKeyId")
        if key:
            return key
    return ""


def _user_name(identity: JsonObject) -> str:
    issuer = _object(_object(identity, "sessionContext"), "sessionIssuer")
    return _text(identity, "userName") or _text(issuer, "userName")


def _object(parent: JsonObject, key: str) -> dict[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _text(parent: JsonObject, key: str) -> str:
    value = parent.get(key)
    return value if isinstance(value, str) else ""


def moment_of(value: object) -> datetime | None:
    """Return the time that a record tells, or None for what is no time with a zone."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):  # of the years 1 and 9999 in zones beyond them
        return None
