from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.support.calls import (
    ACCOUNT,
    NEW_KEY,
    NOON,
    SESSION_KEY,
    USER_KEY,
    HandClock,
    a_call,
    a_federated_user,
    a_role_session,
    a_user,
    answered,
    refused,
    some_credentials,
)
from vaultaws.local.aws.call import Caller, CallerKind
from vaultaws.local.aws.hooks import ApiError
from vaultaws.local.aws.trail.lookup import LookupEvents
from vaultaws.local.aws.trail.recorder import TrailRecorder, TrailSettings
from vaultaws.local.aws.trail.store import EventStore


class Trail:
    """A recorder, its store and the lookup over it, on a clock the test moves."""

    def __init__(self, settings: TrailSettings | None = None, *, seed: int = 7) -> None:
        self.clock = HandClock()
        self.store = EventStore()
        self.recorder = TrailRecorder(self.store.add, settings=settings, seed=seed)
        self.lookup = LookupEvents(self.store, self.clock)

    def record(self, *args: Any, caller: Caller | None = None, **more: Any) -> None:
        outcome = more.pop("outcome", answered())
        call = a_call(*args, time=self.clock.now(), **more)
        self.recorder.record(call, caller or a_user(), outcome)

    def ask(
        self, region: str = "us-east-1", caller: Caller | None = None, **params: Any
    ) -> Mapping[str, Any]:
        self.clock.seconds += 1  # room for the rate limit, without moving the time of day
        call = a_call("cloudtrail", "LookupEvents", params, region=region)
        return self.lookup(call, caller or a_user())

    def names(self, **params: Any) -> list[str]:
        return [event["EventName"] for event in self.ask(**params)["Events"]]

    def by(self, key: str, value: str) -> list[str]:
        return self.names(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])


def test_an_event_has_every_member() -> None:
    trail = Trail()
    trail.record("iam", "CreateUser", {"UserName": "eve"})
    (event,) = trail.ask()["Events"]
    record = json.loads(event.pop("CloudTrailEvent"))
    assert event == {
        "EventId": record["eventID"],
        "EventName": "CreateUser",
        "ReadOnly": "false",
        "AccessKeyId": USER_KEY,
        "EventTime": NOON,
        "EventSource": "iam.amazonaws.com",
        "Username": "vault-root",
        "Resources": [{"ResourceType": "AWS::IAM::User", "ResourceName": "eve"}],
    }


class TestAttributes:
    @pytest.fixture
    def trail(self) -> Trail:
        trail = Trail()
        key = {"AccessKey": {"AccessKeyId": NEW_KEY, "UserName": "eve"}}
        trail.record("iam", "CreateAccessKey", {"UserName": "eve"}, outcome=answered(**key))
        trail.clock.advance(1)
        issued = answered(Credentials=some_credentials())
        trail.record("sts", "GetFederationToken", {"Name": "ada"}, outcome=issued)
        trail.clock.advance(1)
        trail.record("sts", "GetCallerIdentity", caller=a_federated_user("ada"))
        trail.clock.advance(1)
        trail.record("sts", "GetCallerIdentity", caller=a_role_session("build-7"))
        return trail

    def test_event_name(self, trail: Trail) -> None:
        assert trail.by("EventName", "CreateAccessKey") == ["CreateAccessKey"]

    def test_event_source(self, trail: Trail) -> None:
        assert trail.by("EventSource", "iam.amazonaws.com") == ["CreateAccessKey"]

    def test_read_only(self, trail: Trail) -> None:
        assert trail.by("ReadOnly", "true") == ["GetCallerIdentity"] * 2
        assert trail.by("ReadOnly", "false") == ["GetFederationToken", "CreateAccessKey"]

    def test_username(self, trail: Trail) -> None:
        assert trail.by("Username", "vault-root") == ["GetFederationToken", "CreateAccessKey"]
        assert trail.by("Username", "ada") == ["GetCallerIdentity"]
        assert trail.by("Username", "build-7") == ["GetCallerIdentity"]

    def test_access_key_is_the_key_that_signed(self, trail: Trail) -> None:
        assert trail.by("AccessKeyId", USER_KEY) == ["GetFederationToken", "CreateAccessKey"]
        assert trail.by("AccessKeyId", SESSION_KEY) == ["GetCallerIdentity"] * 2
        assert trail.by("AccessKeyId", NEW_KEY) == []

    def test_resource_name_finds_an_issued_key(self, trail: Trail) -> None:
        assert trail.by("ResourceName", NEW_KEY) == ["CreateAccessKey"]
        assert trail.by("ResourceName", SESSION_KEY) == ["GetFederationToken"]

    def test_resource_type(self, trail: Trail) -> None:
        assert trail.by("ResourceType", "AWS::IAM::AccessKey") == [
            "GetFederationToken",
            "CreateAccessKey",
        ]

    def test_event_id(self, trail: Trail) -> None:
        first = trail.ask()["Events"][0]
        assert trail.by("EventId", first["EventId"]) == [first["EventName"]]

    def test_root(self, trail: Trail) -> None:
        root = a_user(kind=CallerKind.ROOT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_name="")
        trail.record("iam", "ListUsers", caller=root)
        assert trail.by("Username", "root") == ["ListUsers"]


class TestPages:
    def test_newest_first_fifty_at_a_time_to_the_end(self) -> None:
        trail = Trail()
        for number in range(120):
            trail.record("iam", f"Op{number}")
            trail.clock.advance(number % 2)  # pairs share a second
        pages = []
        token: dict[str, Any] = {}
        while True:
            answer = trail.ask(**token)
            pages.append([event["EventName"] for event in answer["Events"]])
            if "NextToken" not in answer:
                break
            token = {"NextToken": answer["NextToken"]}
        assert [len(page) for page in pages] == [50, 50, 20]
        assert [name for page in pages for name in page] == [
            f"Op{number}" for number in range(119, -1, -1)
        ]

    def test_exactly_one_page_has_no_token(self) -> None:
        trail = Trail()
        for _ in range(50):
            trail.record("iam", "ListUsers")
        assert "NextToken" not in trail.ask()

    def test_events_recorded_meanwhile_do_not_disturb_the_pages(self) -> None:
        trail = Trail()
        for number in range(4):
            trail.record("iam", f"Op{number}")
            trail.clock.advance(1)
        first = trail.ask(MaxResults=2)
        trail.record("iam", "Later")
        rest = trail.ask(MaxResults=2, NextToken=first["NextToken"])
        assert [e["EventName"] for e in rest["Events"]] == ["Op1", "Op0"]

    def test_a_token_of_another_search_is_refused(self) -> None:
        trail = Trail()
        for _ in range(3):
            trail.record("iam", "ListUsers")
        token = trail.ask(MaxResults=1)["NextToken"]
        with pytest.raises(ApiError) as refusal:
            trail.ask(NextToken=token, StartTime=NOON)
        assert refusal.value.code == "InvalidNextTokenException"

    @pytest.mark.parametrize("token", ["", "x", "AAAA", "é", "A" * 5_000, 7, "e30="])
    def test_a_made_up_token_is_refused(self, token: object) -> None:
        with pytest.raises(ApiError) as refusal:
            Trail().ask(NextToken=token)
        assert refusal.value.code == "InvalidNextTokenException"


class TestTime:
    def test_both_ends_are_included(self) -> None:
        trail = Trail()
        for number in range(5):
            trail.record("iam", f"Op{number}")
            trail.clock.advance(60)
        span = {"StartTime": NOON + timedelta(minutes=1), "EndTime": NOON + timedelta(minutes=3)}
        assert trail.names(**span) == ["Op3", "Op2", "Op1"]

    def test_seconds_since_1970_are_times_too(self) -> None:
        trail = Trail()
        trail.record("iam", "ListUsers")
        assert trail.names(StartTime=NOON.timestamp() + 1) == []

    def test_a_naive_time_is_utc(self) -> None:
        trail = Trail()
        trail.record("iam", "ListUsers")
        assert trail.names(StartTime=NOON.replace(tzinfo=None)) == ["ListUsers"]

    @pytest.mark.parametrize(
        "span",
        [
            {"StartTime": NOON, "EndTime": NOON - timedelta(seconds=1)},
            {"StartTime": 1e30},
            {"EndTime": "noon"},
            {"EndTime": True},
        ],
    )
    def test_impossible_ranges_are_refused(self, span: Mapping[str, Any]) -> None:
        with pytest.raises(ApiError) as refusal:
            Trail().ask(**span)
        assert refusal.value.code == "InvalidTimeRangeException"

    def test_an_event_shows_only_after_the_trails_delay(self) -> None:
        trail = Trail(TrailSettings(delay_seconds=20))
        trail.record("iam", "CreateUser")
        assert trail.names() == []
        trail.clock.advance(19)
        assert trail.names() == []
        trail.clock.advance(1)
        assert trail.names() == ["CreateUser"]

    def test_jitter_shows_some_earlier_and_none_later(self) -> None:
        trail = Trail(TrailSettings(delay_seconds=20, jitter=0.5))
        for number in range(40):
            trail.record("iam", f"Op{number}")
        trail.clock.advance(9.9)
        assert trail.names() == []
        trail.clock.advance(5)
        halfway = len(trail.names())
        trail.clock.advance(5.1)
        assert 0 < halfway < 40
        assert len(trail.names()) == 40

    def test_ninety_days_and_no_more(self) -> None:
        trail = Trail()
        trail.record("iam", "CreateUser")
        trail.clock.advance(90 * 86_400)
        assert trail.names(StartTime=NOON - timedelta(days=1)) == ["CreateUser"]
        trail.clock.advance(1)
        assert trail.names(StartTime=NOON - timedelta(days=1)) == []


class TestScope:
    def test_iam_is_found_in_us_east_1_alone(self) -> None:
        trail = Trail()
        trail.record("iam", "CreateUser", region="eu-west-2")
        assert trail.names() == ["CreateUser"]
        assert trail.ask(region="eu-west-2")["Events"] == []

    def test_a_region_shows_its_own(self) -> None:
        trail = Trail()
        trail.record("ec2", "RunInstances", region="eu-west-2")
        assert trail.names() == []
        assert len(trail.ask(region="eu-west-2")["Events"]) == 1

    def test_another_account_sees_nothing(self) -> None:
        trail = Trail()
        trail.record("iam", "CreateUser")
        assert trail.ask(caller=a_user(account_id="9" * 12))["Events"] == []

    def test_data_events_are_never_found(self) -> None:
        trail = Trail(TrailSettings(data_events=True))
        trail.record("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": b"x"})
        assert trail.names() == []

    def test_insight_events_there_are_none(self) -> None:
        trail = Trail()
        trail.record("iam", "CreateUser")
        assert trail.names(EventCategory="insight") == []

    def test_failed_calls_are_found_with_their_error(self) -> None:
        trail = Trail()
        trail.record("iam", "CreateUser", outcome=refused("AccessDenied", "not you", 403))
        record = json.loads(trail.ask()["Events"][0]["CloudTrailEvent"])
        assert (record["errorCode"], record["errorMessage"]) == ("AccessDenied", "not you")

    def test_an_unverified_call_is_found_by_the_key_it_claimed(self) -> None:
        trail = Trail()
        call = a_call("sts", "GetCallerIdentity")
        trail.recorder.record(call, None, refused("InvalidClientTokenId", status=403), NEW_KEY)
        assert trail.by("AccessKeyId", NEW_KEY) == ["GetCallerIdentity"]


class TestRefusals:
    @pytest.mark.parametrize(
        "attributes",
        [
            [{"AttributeKey": "EventName", "AttributeValue": "a"}] * 2,
            [{"AttributeKey": "SourceIPAddress", "AttributeValue": "a"}],
            [{"AttributeKey": "EventName"}],
            [{"AttributeKey": "EventName", "AttributeValue": ""}],
            [{"AttributeKey": "EventName", "AttributeValue": "a" * 2_001}],
            [{"AttributeKey": ["EventName"], "AttributeValue": "a"}],
            ["EventName"],
            "EventName",
        ],
    )
    def test_wrong_attributes(self, attributes: object) -> None:
        with pytest.raises(ApiError) as refusal:
            Trail().ask(LookupAttributes=attributes)
        assert refusal.value.code == "InvalidLookupAttributesException"

    @pytest.mark.parametrize("limit", [0, 51, -1, True, "5", 1.5])
    def test_wrong_page_sizes(self, limit: object) -> None:
        with pytest.raises(ApiError) as refusal:
            Trail().ask(MaxResults=limit)
        assert refusal.value.code == "InvalidMaxResultsException"

    def test_a_wrong_category(self) -> None:
        with pytest.raises(ApiError) as refusal:
            Trail().ask(EventCategory="data")
        assert refusal.value.code == "InvalidEventCategoryException"


class TestRate:
    def call(self, trail: Trail, region: str = "us-east-1", account: str = ACCOUNT) -> None:
        call = a_call("cloudtrail", "LookupEvents", region=region)
        trail.lookup(call, a_user(account_id=account))

    def test_the_third_call_in_a_second_is_throttled(self) -> None:
        trail = Trail()
        self.call(trail)
        self.call(trail)
        with pytest.raises(ApiError) as refusal:
            self.call(trail)
        assert (refusal.value.code, refusal.value.status) == ("ThrottlingException", 400)
        trail.clock.advance(0.5)
        self.call(trail)
        with pytest.raises(ApiError):
            self.call(trail)

    def test_each_region_and_account_has_its_own_rate(self) -> None:
        trail = Trail()
        for region, account in [("us-east-1", ACCOUNT), ("eu-west-2", ACCOUNT), ("us-east-1", "9")]:
            self.call(trail, region, account)
            self.call(trail, region, account)

    def test_idle_time_does_not_pile_up(self) -> None:
        trail = Trail()
        trail.clock.advance(3600)
        self.call(trail)
        self.call(trail)
        with pytest.raises(ApiError):
            self.call(trail)


def test_a_record_that_cannot_be_written_is_counted_and_hurts_nobody() -> None:
    trail = Trail()
    trail.record("iam", "CreateUser", {"deep": _deep(100_000)})
    assert trail.recorder.failed == 1
    trail.record("iam", "ListUsers")
    assert trail.names() == ["ListUsers"]


def _deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value
