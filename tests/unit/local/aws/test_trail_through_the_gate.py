"""CloudTrail, log files, faults, delays and control through the gate, with botocore's client."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from vaultaws.local.aws.control_client import ControlClient
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[LocalAws]:
    with LocalAws(log_directory=tmp_path / "logs", seed=1) as aws:
        yield aws


@pytest.fixture
def control(aws: LocalAws) -> ControlClient:
    return ControlClient(aws.endpoint, aws.control_token)


def client(aws: LocalAws, service: str, key: Credentials | None = None) -> Any:
    key = key or aws.admin
    token = key.session_token.reveal() if key.session_token else None
    make: Any = boto3.client  # one name for every service
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=aws.endpoint,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key.reveal(),
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_new_key_is_found_by_who_made_it_and_by_its_own_id(aws: LocalAws) -> None:
    iam, trail = client(aws, "iam"), client(aws, "cloudtrail")
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    attribute = {"AttributeKey": "AccessKeyId", "AttributeValue": aws.admin.access_key_id}
    events = trail.lookup_events(LookupAttributes=[attribute])["Events"]
    assert [event["EventName"] for event in events] == ["CreateAccessKey", "CreateUser"]
    record = json.loads(events[0]["CloudTrailEvent"])
    assert record["responseElements"]["accessKey"]["accessKeyId"] == key["AccessKeyId"]
    assert record["userIdentity"]["userName"] == "admin"
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert record["userAgent"].startswith("Boto3/")
    assert record["recipientAccountId"] == aws.account_id
    assert key["SecretAccessKey"] not in json.dumps(events, default=str)
    attribute = {"AttributeKey": "ResourceName", "AttributeValue": key["AccessKeyId"]}
    (event,) = trail.lookup_events(LookupAttributes=[attribute])["Events"]
    assert event["EventId"] == events[0]["EventId"]


def test_lookups_are_throttled_and_the_clock_helps(aws: LocalAws, control: ControlClient) -> None:
    trail = client(aws, "cloudtrail")
    control.advance(10)
    with pytest.raises(ClientError) as error:
        _until_refused(trail)
    assert code_of(error) == "ThrottlingException"
    control.advance(10)
    trail.lookup_events()


def _until_refused(trail: Any) -> None:
    for _ in range(200):
        trail.lookup_events()


def test_wrong_lookups_have_their_own_codes(aws: LocalAws, control: ControlClient) -> None:
    trail = client(aws, "cloudtrail")
    with pytest.raises(ClientError) as error:
        trail.lookup_events(StartTime=2_000_000_000, EndTime=1_000_000_000)
    assert code_of(error) == "InvalidTimeRangeException"
    with pytest.raises(ClientError) as error:
        trail.lookup_events(NextToken="made-up")
    assert code_of(error) == "InvalidNextTokenException"


def test_pages_through_botocores_paginator(aws: LocalAws, control: ControlClient) -> None:
    sts, trail = client(aws, "sts"), client(aws, "cloudtrail")
    for _ in range(70):
        sts.get_caller_identity()
    names = []
    for page in trail.get_paginator("lookup_events").paginate():
        names += [event["EventName"] for event in page["Events"]]
        control.advance(10)
    assert names.count("GetCallerIdentity") == 70


def test_faults_are_the_services_own_and_are_recorded(
    aws: LocalAws, control: ControlClient
) -> None:
    control.fail_next("throttle", service="iam", operation="CreateUser")
    iam = client(aws, "iam")
    with pytest.raises(ClientError) as error:
        iam.create_user(UserName="eve")
    assert code_of(error) == "Throttling"
    iam.create_user(UserName="eve")
    events = client(aws, "cloudtrail").lookup_events()["Events"]
    codes = [json.loads(event["CloudTrailEvent"]).get("errorCode") for event in events]
    assert codes == [None, "Throttling"]


def test_log_files_in_the_directory_and_in_the_trails_bucket(
    aws: LocalAws, control: ControlClient, tmp_path: Path
) -> None:
    s3, trail, iam = client(aws, "s3"), client(aws, "cloudtrail"), client(aws, "iam")
    s3.create_bucket(Bucket="the-logs")
    trail.create_trail(Name="main", S3BucketName="the-logs", IsMultiRegionTrail=True)
    trail.start_logging(Name="main")
    iam.create_user(UserName="eve")
    assert control.flush() > 0
    local = [record for path in (tmp_path / "logs").rglob("*.gz") for record in _records(path)]
    assert {record["eventName"] for record in local} >= {"CreateBucket", "CreateUser"}
    listed = s3.list_objects_v2(Bucket="the-logs")["Contents"]
    stored = []
    for item in listed:
        body = s3.get_object(Bucket="the-logs", Key=item["Key"])["Body"].read()
        stored += json.loads(gzip.decompress(body))["Records"]
    assert [record["eventName"] for record in stored] == ["StartLogging", "CreateUser"]


def _records(path: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(gzip.decompress(path.read_bytes()))["Records"]
    return records
