"""What CloudTrail tells of suspects: uses, probing, denies that were taken away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.judged import CUT, NOW, ROLE, ROOT
from vaultaws.errors import AwsError
from vaultaws.incident.usage import ONE_BY_ONE, removals, search

KEY = "ASIA" + "0" * 16
POLICY = "vaultaws-incident-ben"


def record(name: str, key: str = KEY, *, at: datetime = NOW, **other: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventID": f"{name}-{key}-{at:%H%M%S}",
        "eventName": name,
        "eventSource": other.pop("source", "s3.amazonaws.com"),
        "eventTime": at.isoformat(),
        "awsRegion": "us-east-1",
        "userIdentity": {"type": "IAMUser", "accessKeyId": key, "userName": "mallory"},
        **other,
    }


@dataclass
class Played:
    """A trail that answers by attribute, and remembers what it was asked."""

    records: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str | None, str]] = field(default_factory=list)
    fault: AwsError | None = None

    def __call__(
        self, attribute: str | None, value: str, *, start: datetime, end: datetime, region: str
    ) -> Iterable[object]:
        self.asked.append((attribute, value))
        if self.fault is not None:
            raise self.fault
        for each in self.records:
            found = {
                "AccessKeyId": each["userIdentity"]["accessKeyId"],
                "EventName": each["eventName"],
                None: value,
            }[attribute]
            if found == value and start <= datetime.fromisoformat(each["eventTime"]) <= end:
                yield each


def searched(trail: Played, keys: list[str]) -> Any:
    return search(trail, keys, start=CUT, end=NOW, until=NOW, regions=("eu-west-2",))


def test_allowed_and_refused_calls_are_told_apart() -> None:
    late = NOW - timedelta(minutes=1)
    trail = Played(
        [
            record("GetObject", at=late),
            record("ListBuckets", at=late - timedelta(minutes=1)),
            record("PutObject", errorCode="AccessDenied"),
            record("GetObject", "ASIA" + "9" * 16),
            record("GetObject", at=CUT - timedelta(seconds=5)),
        ]
    )
    found = searched(trail, [KEY])
    uses = found.uses[KEY]
    assert (uses.allowed, uses.refused) == (2, 1)
    assert (uses.last_allowed, uses.last_call) == (late, "s3 GetObject")
    assert set(found.uses) == {KEY}
    assert found.until == NOW
    assert [asked[0] for asked in trail.asked] == ["AccessKeyId"] * 2


def test_many_keys_are_found_in_one_reading_of_all_events() -> None:
    keys = [f"ASIA{number:016d}" for number in range(ONE_BY_ONE + 1)]
    trail = Played([record("GetObject", key) for key in keys])
    found = searched(trail, keys)
    assert trail.asked == [(None, "")] * 2
    assert set(found.uses) == set(keys)


def test_a_trail_that_does_not_answer_is_said() -> None:
    fault = AwsError("AWS refused to look up events", why="AccessDenied", do="allow it")
    found = searched(Played(fault=fault), [KEY])
    assert found.until is None
    assert found.unsearched == 1
    assert "AccessDenied" in found.why


def test_no_key_needs_no_search() -> None:
    trail = Played()
    assert searched(trail, []).until == NOW
    assert trail.asked == []


def removed(*records: dict[str, Any]) -> dict[Any, Any]:
    return removals(Played(list(records)), {ROOT, ROLE}, POLICY, start=CUT, end=NOW)


def test_who_took_a_deny_away_is_found() -> None:
    mine = {"userName": ROOT.name, "policyName": POLICY}
    found = removed(
        record("DeleteUserPolicy", requestParameters=mine),
        record(
            "DetachRolePolicy",
            requestParameters={
                "roleName": ROLE.name,
                "policyArn": f"arn:aws:iam::123456789012:policy/{POLICY}",
            },
        ),
    )
    assert (found[ROOT].call, found[ROOT].by, found[ROOT].at) == (
        "DeleteUserPolicy",
        "mallory",
        NOW,
    )
    assert found[ROLE].call == "DetachRolePolicy"


def test_what_was_refused_or_is_of_others_or_is_our_own_is_no_removal() -> None:
    mine = {"userName": ROOT.name, "policyName": POLICY}
    document = '{"Condition": {"DateLessThan": {"aws:TokenIssueTime": "x"}}}'
    found = removed(
        record("DeleteUserPolicy", requestParameters=mine, errorCode="AccessDenied"),
        record("DeleteUserPolicy", requestParameters={**mine, "policyName": "other"}),
        record("DeleteUserPolicy", requestParameters={**mine, "userName": "other"}),
        record("PutUserPolicy", requestParameters={**mine, "policyDocument": document}),
    )
    assert found == {}
    over = {**mine, "policyDocument": "{}"}
    assert removed(record("PutUserPolicy", requestParameters=over))[ROOT].call == "PutUserPolicy"
