"""LookupEvents against a small real server that pages, throttles and talks nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.stage import Reply, Script, Stage, StoppedClock, as_script
from vaultaws.aws.cloudtrail import Pacer, lookup_records, open_history
from vaultaws.errors import AwsError, UsageError
from vaultaws.local.aws import ids
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


BROKEN = [
    {},
    {"CloudTrailEvent": "{"},
    {"CloudTrailEvent": "[]"},
    {"CloudTrailEvent": json.dumps({"eventID": "e"})},
    {"CloudTrailEvent": "[" * 100_000},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_an_event_without_its_record_is_told_by_what_is_known_of_it(
    trail: Open, broken: dict[str, Any]
) -> None:
    named = broken | {"EventId": "odd", "EventTime": START.timestamp()}
    trail([Reply(200, {"Events": [event(1), named, broken], "NextToken": "a"}), page(2)])
    clock = StoppedClock()
    history = open_history(clock=clock, region="us-east-1", credentials=KEYS)
    first, second = history.pages("AccessKeyId", "AKIA1", start=START, end=END)
    assert [record.get("eventID") for record in (*first, *second)] == ["e1", "odd", None, "e2"]
    assert datetime.fromisoformat(first[1]["eventTime"]) == START


@pytest.mark.parametrize("broken", BROKEN)
def test_one_by_one_it_is_an_error_after_all_the_others(
    trail: Open, broken: dict[str, Any]
) -> None:
    trail([Reply(200, {"Events": [broken, event(1)], "NextToken": "a"}), page(2)])
    records = lookup_records(
        None, "", start=START, end=END, clock=StoppedClock(), region="us-east-1", credentials=KEYS
    )
    assert [next(records)["eventID"], next(records)["eventID"]] == ["e1", "e2"]
    with pytest.raises(AwsError, match="no usable event record"):
        next(records)


OURS, THEIRS = ids.new_id("AKIA", "123456789012"), ids.new_id("AKIA", "210987654321")


def whose(key_id: str = OURS, region: str = "us-east-1") -> str:
    keys = Credentials(key_id, Secret("s" * 40))
    return open_history(clock=StoppedClock(), region=region, credentials=keys).whose


def test_a_history_is_named_by_its_account_and_endpoint() -> None:
    assert whose() == "123456789012 https://cloudtrail.us-east-1.amazonaws.com"
    assert whose(ids.new_id("ASIA", "123456789012")) == whose()
    assert len({whose(), whose(THEIRS), whose(region="cn-north-1")}) == 3
    assert whose("AKIAIOSFODNN7EXAMPLE"[:16] + "0000") == ""


def test_a_history_that_is_not_aws_s_own_is_its_key_s(trail: Open) -> None:
    server = trail(page(1))
    assert whose() == f"123456789012 {server.address} {OURS}"


def test_a_history_is_of_the_key_that_aws_s_own_settings_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", THEIRS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s" * 40)
    history = open_history(clock=StoppedClock(), region="us-east-1")
    assert history.whose.startswith("210987654321 ")


def test_without_credentials_a_history_is_nobody_s() -> None:
    history = open_history(clock=StoppedClock(), region="us-east-1")
    assert history.whose == ""
    with pytest.raises(AwsError):
        list(history.pages("AccessKeyId", "AKIA1", start=START, end=END))


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
