"""What suspects did after the cut, as CloudTrail has it: uses, probing, and denies taken away.

LookupEvents answers twice a second with 50 events, and takes one attribute: few keys are asked for
one by one, many by reading all that happened since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, Protocol

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.errors import AwsError
from vaultaws.incident.crew import Crew
from vaultaws.incident.facts import Removal, TrailSeen, Uses
from vaultaws.model import Event
from vaultaws.trail.expect import GLOBAL_REGION
from vaultaws.trail.records import Reader

ONE_BY_ONE: Final = 40
MOST_EVENTS: Final = 50_000
REMOVING: Final = (
    "DeleteUserPolicy",
    "DeleteRolePolicy",
    "PutUserPolicy",
    "PutRolePolicy",
    "DetachUserPolicy",
    "DetachRolePolicy",
    "DeleteUserPermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "PutUserPermissionsBoundary",
    "PutRolePermissionsBoundary",
    "DeletePolicy",
    "CreatePolicyVersion",
)
"""Calls of IAM that take a deny away, or write over it."""


class Lookup(Protocol):
    """CloudTrail's records of one attribute value in one region; of all, where it is None."""

    def __call__(
        self, attribute: str | None, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]: ...


def search(
    lookup: Lookup,
    keys: Collection[str],
    *,
    start: datetime,
    end: datetime,
    until: datetime,
    regions: Collection[str],
    watch: Callable[[str], None] = lambda _: None,
) -> TrailSeen:
    """Find what was done with these keys from `start` on. Until `until` it is taken as complete.

    What AWS refuses to tell is in `why` of the answer.
    """
    wanted = sorted(filter(None, keys))
    if not wanted:
        return TrailSeen(until)
    one_by_one = len(wanted) <= ONE_BY_ONE
    asked: list[tuple[str | None, str]] = [("AccessKeyId", key) for key in wanted]
    asked = asked if one_by_one else [(None, "")]
    places = tuple(dict.fromkeys((GLOBAL_REGION, *regions)))
    found: list[_Read] = []
    with Crew(len(places), "uses") as crew:  # AWS counts look-ups by region
        for number, one in enumerate(asked, 1):
            watch(f"CloudTrail, {number} of {len(asked)}")
            found += crew.map(partial(_read, lookup, one, (start, end)), places)
            if any(read.why for read in found):
                break
    events = {event.event_id: event for read in found for event in read.events}
    in_time = sorted(events.values(), key=lambda event: event.time)
    uses = uses_of(in_time, wanted)
    refused = next((read.why for read in found if read.why), "")
    if refused:
        return TrailSeen(None, uses, len(wanted), refused)
    if any(read.is_cut_short for read in found):
        why = f"only the last {MOST_EVENTS:,} events were read"
        return TrailSeen(until, uses, len(wanted), why)
    return TrailSeen(until, uses)


@dataclass(frozen=True)
class _Read:
    """What one question told in one region, and why it was not told to the end."""

    events: tuple[Event, ...]
    is_cut_short: bool
    why: str = ""


def _read(
    lookup: Lookup,
    asked: tuple[str | None, str],
    span: tuple[datetime, datetime],
    region: str,
) -> _Read:
    (attribute, value), (start, end) = asked, span
    reader, why, many = Reader(), "", 0
    try:
        records = lookup(attribute, value, start=start, end=end, region=region)
        many = len(reader.take(islice(records, MOST_EVENTS)))
    except AwsError as fault:
        why = f"{fault.what}: {fault.why}"
    return _Read(tuple(reader.result().events), many >= MOST_EVENTS, why)


def uses_of(events: Iterable[Event], keys: Collection[str]) -> Mapping[str, Uses]:
    """Count what was done with each of the keys; events come in the order of time."""
    found: dict[str, Uses] = {}
    wanted = frozenset(keys)
    for event in events:
        key = event.access_key_id
        if key not in wanted:
            continue
        so_far = found.get(key, Uses())
        if event.error_code:
            found[key] = Uses(
                so_far.allowed,
                so_far.refused + 1,
                so_far.last_allowed,
                so_far.last_call,
                so_far.last_from,
            )
        else:
            call = f"{event.service} {event.name}"
            found[key] = Uses(so_far.allowed + 1, so_far.refused, event.time, call, event.source_ip)
    return found


def removals(
    lookup: Lookup,
    holders: Collection[Holder],
    policy_name: str,
    *,
    start: datetime,
    end: datetime,
) -> dict[Holder, Removal]:
    """Who took which deny away, and when last. Raises AwsError."""
    found: dict[Holder, Removal] = {}
    for name in REMOVING:
        if set(holders) <= set(found):
            break
        reader = Reader()
        reader.take(lookup("EventName", name, start=start, end=end, region=GLOBAL_REGION))
        for event in reader.result().events:
            for holder in holders:
                if not event.error_code and is_removal(event, holder, policy_name):
                    by = event.user_name or event.principal_arn or event.principal_id
                    found[holder] = Removal(event.time, event.name, by, event.access_key_id)
    return found


def is_removal(event: Event, holder: Holder, policy_name: str) -> bool:
    """True when the call took our deny off this principal, or wrote something over it."""
    if event.name in {"DeletePolicy", "CreatePolicyVersion"}:
        return policy_name in str(event.request.get("policyArn", ""))
    field = "userName" if holder.kind is HolderKind.USER else "roleName"
    if event.request.get(field) != holder.name:
        return False
    if "PermissionsBoundary" in event.name:
        return True
    named = event.request.get("policyName") or str(event.request.get("policyArn", ""))
    return policy_name in str(named) and not _is_deny(event)


def _is_deny(event: Event) -> bool:
    """Our own putting of the deny is no removal of it."""
    document = str(event.request.get("policyDocument", ""))
    return event.name.startswith("Put") and "aws:TokenIssueTime" in document
