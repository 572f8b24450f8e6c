"""CloudTrail's LookupEvents: the last 90 days, one attribute at a time, two calls a second."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from vaultaws.aws.account import account_of_key
from vaultaws.aws.errors import THROTTLED, AwsSetupError, translated
from vaultaws.aws.sessions import client_and_key_id
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, UsageError
from vaultaws.model import Credentials

if TYPE_CHECKING:
    from mypy_boto3_cloudtrail import CloudTrailClient

ATTRIBUTES: Final = frozenset(
    {
        "AccessKeyId",
        "EventId",
        "EventName",
        "EventSource",
        "ReadOnly",
        "ResourceName",
        "ResourceType",
        "Username",
    }
)
HISTORY: Final = timedelta(days=90)
PAGE: Final = 50
SPACING_SECONDS: Final = 0.5
_THROTTLES_IN_A_ROW: Final = 8
_LONGEST_PAUSE_SECONDS: Final = 8.0
_REQUIRED: Final = ("eventID", "eventName", "eventSource", "eventTime")
_OF_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class Pacer:
    """Keeps calls half a second apart. Share one between lookups in one account and region."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = clock.monotonic()

    def wait(self) -> None:
        """Sleep until a call is due."""
        pause = self._next - self._clock.monotonic()
        if pause > 0:
            self._clock.sleep(pause)
        self._next = self._clock.monotonic() + SPACING_SECONDS

    def back_off(self, throttles: int) -> None:
        """Sleep after the n-th throttle in a row."""
        longest = min(1.0 * 2 ** (throttles - 1), _LONGEST_PAUSE_SECONDS)
        self._clock.sleep(longest * (0.5 + random.random() / 2))


@dataclass(frozen=True)
class EventHistory:
    """The event history of one region, as one identity asks it.

    `whose` names the history: answers under one name are of one account. It is empty where the key
    does not tell its account.
    """

    whose: str
    trail: CloudTrailClient
    pacer: Pacer

    def pages(
        self, attribute: str | None, value: str, *, start: datetime, end: datetime
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield CloudTrail's own record of each event, newest first, as AWS pages them.

        `attribute` None takes every event. For an event without a usable record there is what is
        known of it (`record_in`). Raises AwsError, and UsageError for an attribute or a span of
        time that cannot be asked for.
        """
        _check(attribute, start, end)
        query: dict[str, Any] = {"StartTime": start, "EndTime": end, "MaxResults": PAGE}
        if attribute is not None:
            query["LookupAttributes"] = [{"AttributeKey": attribute, "AttributeValue": value}]
        seen: set[str] = set()
        while True:
            page = _page(self.trail, query, self.pacer)
            yield [record_in(event) for event in page.get("Events") or []]
            token = page.get("NextToken")
            if not token:
                return
            if token in seen:
                raise not_understood("page token: it comes back again")
            seen.add(token)
            query["NextToken"] = token


def open_history(
    *,
    clock: Clock,
    region: str | None = None,
    credentials: Credentials | None = None,
    pacer: Pacer | None = None,
) -> EventHistory:
    """The event history of a region, asked with one's own credentials where none are given.

    Global services (IAM, and STS's global endpoint) are recorded in us-east-1, regional ones in
    their own region. Raises AwsSetupError.
    """
    trail, key_id = client_and_key_id(
        "cloudtrail", credentials=credentials, region=region, attempts=1
    )
    return EventHistory(_whose(key_id, trail.meta.endpoint_url), trail, pacer or Pacer(clock))


def _whose(key_id: str, endpoint: str) -> str:
    """A name for the history. One that is not AWS's own is its key's alone: emulators begin anew
    with the same account, and made-up keys are of none."""
    account = account_of_key(key_id)
    if not account:
        return ""
    host = urlsplit(endpoint).hostname or ""
    return f"{account} {endpoint}" if host.endswith(_OF_AWS) else f"{account} {endpoint} {key_id}"


def lookup_records(
    attribute: str | None,
    value: str,
    *,
    start: datetime,
    end: datetime,
    clock: Clock,
    region: str | None = None,
    credentials: Credentials | None = None,
    pacer: Pacer | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the records one by one, as `EventHistory.pages` has them.

    Events without a usable record are told by an AwsError, after all the others.
    """
    _check(attribute, start, end)
    history = open_history(clock=clock, region=region, credentials=credentials, pacer=pacer)
    unusable = 0
    for page in history.pages(attribute, value, start=start, end=end):
        for record in page:
            if is_record(record):
                yield record
            else:
                unusable += 1
    if unusable:
        raise not_understood("event record" if unusable == 1 else f"record of {unusable} events")


def _page(trail: CloudTrailClient, query: dict[str, Any], pacer: Pacer) -> dict[str, Any]:
    """One page, tried again while CloudTrail throttles or fails."""
    for throttles in range(1, _THROTTLES_IN_A_ROW + 1):
        pacer.wait()
        try:
            with translated("look up events"):
                return cast("dict[str, Any]", trail.lookup_events(**query))
        except AwsSetupError:
            raise
        except AwsError as fault:
            passing = fault.code in THROTTLED or fault.what.startswith("AWS failed")
            if not passing or throttles == _THROTTLES_IN_A_ROW:
                raise
        pacer.back_off(throttles)
    raise AssertionError("the last try returns or raises")


def _check(attribute: str | None, start: datetime, end: datetime) -> None:
    if attribute is not None and attribute not in ATTRIBUTES:
        raise UsageError(
            f"CloudTrail cannot be searched by {attribute!r}",
            why=f"it takes one of {', '.join(sorted(ATTRIBUTES))}",
            do="choose one of them",
        )
    if start.tzinfo is None or end.tzinfo is None or start > end:
        raise UsageError(
            "the span of time cannot be searched",
            why="it ends before it begins, or has no time zone",
            do="give --since before --until",
        )


def record_in(event: Mapping[str, Any]) -> dict[str, Any]:
    """The record inside one event of LookupEvents.

    Where it is none, what the event itself tells of it: `eventID` and `eventTime`, as far as known.
    """
    text = event.get("CloudTrailEvent")
    try:
        record = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, dict) and is_record(record):
        return record
    event_id, moment = event.get("EventId"), event.get("EventTime")
    told = {"eventID": event_id} if isinstance(event_id, str) else {}
    return told | ({"eventTime": moment.isoformat()} if isinstance(moment, datetime) else {})


def is_record(record: Mapping[str, Any]) -> bool:
    """Whether it has what each of CloudTrail's records has."""
    return all(isinstance(record.get(key), str) for key in _REQUIRED)


def not_understood(what: str) -> AwsError:
    return AwsError(
        f"CloudTrail's answer has no usable {what}",
        why="it does not have the form of CloudTrail's record contents",
        do="try again; if it stays, report the event to the project",
    )
