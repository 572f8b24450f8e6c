"""CloudTrail's LookupEvents: the last 90 days, one attribute at a time, two calls a second."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from vaultaws.aws.errors import THROTTLED, AwsSetupError, translated
from vaultaws.aws.sessions import client
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
    """Yield CloudTrail's own record of each event, newest first, as AWS pages them.

    `attribute` None takes every event. Global services (IAM, and STS's global endpoint) are
    recorded in us-east-1, regional ones in their own region. Raises AwsError, and UsageError
    for an attribute or a span of time that cannot be asked for.
    """
    _check(attribute, start, end)
    trail: CloudTrailClient = client(
        "cloudtrail", credentials=credentials, region=region, attempts=1
    )
    query: dict[str, Any] = {"StartTime": start, "EndTime": end, "MaxResults": PAGE}
    if attribute is not None:
        query["LookupAttributes"] = [{"AttributeKey": attribute, "AttributeValue": value}]
    steady = pacer or Pacer(clock)
    seen: set[str] = set()
    while True:
        page = _page(trail, query, steady)
        for event in page.get("Events") or []:
            yield parse_record(event)
        token = page.get("NextToken")
        if not token:
            return
        if token in seen:
            raise not_understood("page token: it comes back again")
        seen.add(token)
        query["NextToken"] = token


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


def parse_record(event: Any) -> dict[str, Any]:
    """The record inside one event of LookupEvents. Raises AwsError when it is not one."""
    text = event.get("CloudTrailEvent") if isinstance(event, dict) else None
    try:
        record = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or not all(isinstance(record.get(k), str) for k in _REQUIRED):
        raise not_understood("event record")
    return record


def not_understood(what: str) -> AwsError:
    return AwsError(
        f"CloudTrail's answer has no usable {what}",
        why="it does not have the form of CloudTrail's record contents",
        do="try again; if it stays, report the event to the project",
    )
