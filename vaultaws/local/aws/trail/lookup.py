"""CloudTrail's LookupEvents over the event history.

Source: CloudTrail API reference, LookupEvents; user guide, "Quotas in AWS CloudTrail" (two
lookups a second an account and Region) and "Working with CloudTrail event history" (90 days).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vaultaws.clock import Clock
from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.hooks import ApiError
from vaultaws.local.aws.limits import RateLimiter
from vaultaws.local.aws.trail.store import Attribute, EventStore, TrailEvent

PAGE: Final = 50
HORIZON: Final = timedelta(days=90)
RATE_PER_SECOND: Final = 2
MAX_VALUE_CHARS: Final = 2_000
MAX_TOKEN_CHARS: Final = 1_024
_MAC_BYTES: Final = 16

Position = tuple[datetime, int]


@dataclass(frozen=True)
class Query:
    """One lookup, checked."""

    account_id: str
    region: str
    start: datetime | None
    end: datetime | None
    attribute: tuple[Attribute, str] | None
    insight: bool
    limit: int

    def fingerprint(self) -> bytes:
        """Names the search a token belongs to; the page's size may change between pages."""
        shown = (self.account_id, self.region, self.start, self.end, self.attribute, self.insight)
        return hashlib.sha256(repr(shown).encode()).digest()


class LookupEvents:
    """The operation's handler. Authorisation is the gate's; the rate limit is ours."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._limiter = RateLimiter(RATE_PER_SECOND, RATE_PER_SECOND, clock.monotonic)
        self._token_key = secrets.token_bytes(32)

    def __call__(self, call: Call, caller: Caller) -> Mapping[str, Any]:
        """One page, newest first, as members of LookupEventsResponse; ApiError as AWS words it."""
        region = call.region or "us-east-1"
        if not self._limiter.allow((caller.account_id, region)):
            raise ApiError("ThrottlingException", "Rate exceeded")
        query = parse_query(call.params, caller.account_id, region)
        before = self._position(query, call.params.get("NextToken"))
        page = self._page(query, before)
        answer: dict[str, Any] = {"Events": [_shown(event) for event in page[: query.limit]]}
        if len(page) > query.limit:
            answer["NextToken"] = self._token(query, page[query.limit - 1].position)
        return answer

    def _page(self, query: Query, before: Position | None) -> list[TrailEvent]:
        """One event more than fits, to know whether there is a next page."""
        if query.insight:
            return []
        now = self._clock.now()
        oldest = now - HORIZON
        found = self._store.find(query.account_id, query.region, query.attribute).newest_first(
            start=max(query.start or oldest, oldest), end=query.end or now, before=before
        )
        visible = (event for event in found if event.visible_at <= now)
        return list(itertools.islice(visible, query.limit + 1))

    def _token(self, query: Query, position: Position) -> str:
        moment, sequence = position
        body = json.dumps([int(moment.timestamp()), sequence]).encode()
        return base64.b64encode(self._mac(query, body) + body).decode()

    def _position(self, query: Query, token: object) -> Position | None:
        if token is None:
            return None
        refused = ApiError("InvalidNextTokenException", "Invalid token.")
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARS:
            raise refused
        try:
            raw = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            raise refused from None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(query, body)):
            raise refused
        seconds, sequence = json.loads(body)
        return datetime.fromtimestamp(seconds, UTC), sequence

    def _mac(self, query: Query, body: bytes) -> bytes:
        message = query.fingerprint() + body
        return hmac.digest(self._token_key, message, "sha256")[:_MAC_BYTES]


def parse_query(params: Mapping[str, Any], account_id: str, region: str) -> Query:
    """The request's parameters, checked in AWS's order; ApiError on the first that is wrong."""
    start, end = _time(params, "StartTime"), _time(params, "EndTime")
    if start is not None and end is not None and start > end:
        raise ApiError("InvalidTimeRangeException", "The start time must be before the end time.")
    return Query(
        account_id=account_id,
        region=region,
        start=start,
        end=end,
        attribute=_attribute(params.get("LookupAttributes")),
        insight=_insight(params.get("EventCategory")),
        limit=_limit(params.get("MaxResults")),
    )


def _time(params: Mapping[str, Any], name: str) -> datetime | None:
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            pass
    raise ApiError("InvalidTimeRangeException", f"{name} is not a valid time.")


def _attribute(value: object) -> tuple[Attribute, str] | None:
    if not value:
        return None
    if not isinstance(value, list | tuple) or len(value) != 1:
        raise _bad_attribute("You can specify only one lookup attribute.")
    given = value[0] if isinstance(value[0], Mapping) else {}
    key, wanted = given.get("AttributeKey"), given.get("AttributeValue")
    if not isinstance(key, str) or key not in set(Attribute):
        raise _bad_attribute(f"Lookup attribute {str(key)[:100]!r} is not valid.")
    if not isinstance(wanted, str) or not wanted or len(wanted) > MAX_VALUE_CHARS:
        raise _bad_attribute(f"The value of {key} must have 1 to {MAX_VALUE_CHARS} characters.")
    return Attribute(key), wanted


def _bad_attribute(message: str) -> ApiError:
    return ApiError("InvalidLookupAttributesException", message)


def _insight(value: object) -> bool:
    if value is None:
        return False
    if value != "insight":
        raise ApiError("InvalidEventCategoryException", "The event category must be insight.")
    return True


def _limit(value: object) -> int:
    if value is None:
        return PAGE
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= PAGE:
        raise ApiError("InvalidMaxResultsException", f"MaxResults must be from 1 to {PAGE}.")
    return value


def _shown(event: TrailEvent) -> dict[str, Any]:
    """Members of LookupEvents' Event; AWS leaves out the key and name nobody had."""
    shown: dict[str, Any] = {
        "EventId": event.event_id,
        "EventName": event.name,
        "ReadOnly": "true" if event.read_only else "false",
        "EventTime": event.time,
        "EventSource": event.source,
        "Resources": [
            {"ResourceType": found.type, "ResourceName": found.name} for found in event.resources
        ],
        "CloudTrailEvent": event.record,
    }
    if event.access_key_id:
        shown["AccessKeyId"] = event.access_key_id
    if event.user_name:
        shown["Username"] = event.user_name
    return shown
