"""CloudTrail's records: what is read, and what is counted as unreadable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.memory_vault import made_up_key
from vaultaws.trail.records import Reader, end_time, to_event


def record(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "eventVersion": "1.11",
        "eventID": "id-1",
        "eventTime": "2026-11-21T08:00:01Z",
        "eventName": "GetFederationToken",
        "eventSource": "sts.amazonaws.com",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-sdk-go",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDA1",
            "arn": "arn:aws:iam::123456789012:user/vault-root",
            "accessKeyId": made_up_key(1),
            "userName": "vault-root",
        },
        "requestParameters": {"name": "vault-1"},
        "responseElements": {"credentials": {"accessKeyId": made_up_key(2, "ASIA")}},
    }
    made.update(changes)
    return made


def test_an_sts_issuance() -> None:
    event = to_event(record())
    assert event is not None
    assert event.time == datetime(2026, 11, 21, 8, 0, 1, tzinfo=UTC)
    assert (event.service, event.name, event.user_name) == (
        "sts",
        "GetFederationToken",
        "vault-root",
    )
    assert event.access_key_id == made_up_key(1)
    assert event.issued_access_key_id == made_up_key(2, "ASIA")
    assert event.request == {"name": "vault-1"}


def test_a_key_of_an_iam_user() -> None:
    event = to_event(
        record(
            eventName="CreateAccessKey",
            responseElements={"accessKey": {"accessKeyId": made_up_key(3), "userName": "u"}},
        )
    )
    assert event is not None
    assert event.issued_access_key_id == made_up_key(3)


def test_a_session_s_name_is_its_issuer_s() -> None:
    identity = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::1:assumed-role/ops/x",
        "sessionContext": {"sessionIssuer": {"userName": "ops"}},
    }
    event = to_event(record(userIdentity=identity))
    assert event is not None
    assert event.user_name == "ops"


@pytest.mark.parametrize(
    "changes",
    [
        {"eventVersion": "2.0"},
        {"eventVersion": None},
        {"eventTime": "soon"},
        {"eventTime": "2026-11-21T08:00:01"},
        {"eventTime": 7},
        {"eventTime": "0001-01-01T00:00:00+23:59"},
        {"eventID": ""},
        {"eventName": None},
        {"eventSource": 3},
    ],
)
def test_a_record_without_its_essentials_is_none(changes: dict[str, Any]) -> None:
    assert to_event(record(**changes)) is None


@pytest.mark.parametrize("thing", [None, [], "x", 3])
def test_no_object_is_no_event(thing: object) -> None:
    assert to_event(thing) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"userIdentity": None},
        {"userIdentity": {"accessKeyId": 3, "sessionContext": []}},
        {"responseElements": None, "requestParameters": None},
        {"responseElements": {"credentials": "x", "accessKey": {"accessKeyId": 1}}},
        {"errorCode": 5, "sourceIPAddress": None, "userAgent": {}},
    ],
)
def test_missing_parts_are_empty(changes: dict[str, Any]) -> None:
    event = to_event(record(**changes))
    assert event is not None
    assert isinstance(event.access_key_id, str)
    assert isinstance(event.request, dict)


def test_the_reader_counts_and_meets_each_event_once() -> None:
    reader = Reader()
    first = reader.take([record(), record(eventID="id-0"), {"bad": 1}])
    again = reader.take([record(), None])
    read = reader.result()
    assert ([event.event_id for event in first], again) == (["id-1", "id-0"], [])
    assert [event.event_id for event in read.events] == ["id-0", "id-1"]
    assert read.unreadable == 2


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("Nov 29, 2026, 10:15:00 AM", datetime(2026, 11, 29, 10, 15, tzinfo=UTC)),
        ("Nov 29, 2026 1:05:09 PM", datetime(2026, 11, 29, 13, 5, 9, tzinfo=UTC)),
        ("Nov 29, 2026, 12:00:00\u202fAM", datetime(2026, 11, 29, tzinfo=UTC)),
        ("2026-11-29T10:15:00Z", datetime(2026, 11, 29, 10, 15, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_a_credential_s_end_is_read_in_each_form(text: str, end: datetime | None) -> None:
    assert end_time(text) == end
