"""LookupEvents against a small real server that pages, throttles and talks nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.stage import Reply, Script, Stage, StoppedClock, as_script
from vaultaws.aws.cloudtrail import Pacer, lookup_records
from vaultaws.errors import AwsError, UsageError
from vaultaws.model import Credentials, Secret

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
END = START + timedelta(hours=1)
KEYS = Credentials("AKIA" + "0" * 16, Secret("s" * 40))
Open = Callable[[Script | Reply | list[Reply]], Stage]


@pytest.fixture
def trail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    opened: list[Stage] = []

    def open_stage(script: Script | Reply | list[Reply]) -> Stage:
        opened.append(Stage(as_script(script)))
        monkeypatch.setenv("AWS_ENDPOINT_URL", opened[-1].address)
        return opened[-1]

    yield open_stage
    for stage in opened:
        stage.stop()


def event(number: int) -> dict[str, Any]:
    record = {
        "eventID": f"e{number}",
        "eventName": "GetFederationToken",
        "eventSource": "sts.amazonaws.com",
        "eventTime": "2026-11-21T08:00:00Z",
    }
    return {"EventId": f"e{number}", "CloudTrailEvent": json.dumps(record)}


def page(*numbers: int, more: str = "") -> Reply:
    body: dict[str, Any] = {"Events": [event(number) for number in numbers]}
    return Reply(200, body | ({"NextToken": more} if more else {}))


def throttle() -> Reply:
    return Reply(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})


def look(
    clock: StoppedClock, attribute: str | None = "AccessKeyId", **more: Any
) -> list[dict[str, Any]]:
    wanted: dict[str, Any] = {"start": START, "end": END} | more
    return list(
        lookup_records(
            attribute, "AKIA1", clock=clock, region="us-east-1", credentials=KEYS, **wanted
        )
    )


def test_pages_are_followed_half_a_second_apart(trail: Open) -> None:
    server, clock = trail([page(1, 2, more="a"), page(3, more="b"), page(4)]), StoppedClock()
    assert [record["eventID"] for record in look(clock)] == ["e1", "e2", "e3", "e4"]
    asked = [json.loads(seen.body) for seen in server.seen]
    assert [question.get("NextToken") for question in asked] == [None, "a", "b"]
    assert asked[0]["MaxResults"] == 50
    assert asked[0]["LookupAttributes"] == [
        {"AttributeKey": "AccessKeyId", "AttributeValue": "AKIA1"}
    ]
    assert clock.slept == pytest.approx([0.5, 0.5])


def test_a_shared_pacer_spaces_lookups_too(trail: Open) -> None:
    trail([page(1)])
    clock = StoppedClock()
    pacer = Pacer(clock)
    look(clock, pacer=pacer)
    look(clock, None, pacer=pacer)
    assert clock.slept == pytest.approx([0.5])


def test_throttles_are_waited_out(trail: Open) -> None:
    server = trail([throttle(), throttle(), page(1)])
    clock = StoppedClock()
    assert len(look(clock)) == 1
    assert len(server.seen) == 3
    assert sum(clock.slept) >= 1.5


def test_throttling_without_end_is_given_up(trail: Open) -> None:
    server = trail(throttle())
    with pytest.raises(AwsError) as caught:
        look(StoppedClock())
    assert caught.value.code == "ThrottlingException"
    assert len(server.seen) == 8


def test_a_refusal_is_not_repeated(trail: Open) -> None:
    server = trail(Reply(400, {"__type": "AccessDeniedException", "message": "no"}))
    with pytest.raises(AwsError, match="AWS refused to look up events"):
        look(StoppedClock())
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"CloudTrailEvent": "{"},
        {"CloudTrailEvent": "[]"},
        {"CloudTrailEvent": json.dumps({"eventID": "e"})},
        {"CloudTrailEvent": "[" * 100_000},
    ],
)
def test_an_event_without_its_record_is_an_error(trail: Open, broken: dict[str, Any]) -> None:
    trail(Reply(200, {"Events": [broken]}))
    with pytest.raises(AwsError, match="no usable event record"):
        look(StoppedClock())


def test_a_page_token_that_comes_back_ends_the_walk(trail: Open) -> None:
    server = trail(page(1, more="again"))
    with pytest.raises(AwsError, match="page token"):
        look(StoppedClock())
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"attribute": "Colour"},
        {"start": END, "end": START},
        {"start": START.replace(tzinfo=None)},
    ],
)
def test_what_cannot_be_asked_is_refused_before_aws_is(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        look(StoppedClock(), **wrong)
