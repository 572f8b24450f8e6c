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
from vaultaws.model import Credentials, Secret


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


def _events(aws: LocalAws, key: str, value: str) -> list[dict[str, Any]]:
    attribute = {"AttributeKey": key, "AttributeValue": value}
    found = client(aws, "cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]


def _as_credentials(answer: dict[str, str]) -> Credentials:
    token = answer.get("SessionToken")
    return Credentials(
        answer["AccessKeyId"],
        Secret(answer["SecretAccessKey"]),
        Secret(token) if token else None,
    )


def test_a_federated_user_is_followed_from_issuance_to_use(aws: LocalAws) -> None:
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
        }
    )
    answer = client(aws, "sts").get_federation_token(Name="ada", Policy=policy)
    key = _as_credentials(answer["Credentials"])
    s3 = client(aws, "s3", key)
    s3.list_buckets()
    with pytest.raises(ClientError):
        s3.create_bucket(Bucket="not-hers")
    (issuance,) = _events(aws, "ResourceName", key.access_key_id)
    assert issuance["eventName"] == "GetFederationToken"
    assert issuance["requestParameters"]["policy"] == policy
    assert issuance["responseElements"]["credentials"]["accessKeyId"] == key.access_key_id
    assert key.secret_access_key.reveal() not in json.dumps(issuance)
    denied, listed = _events(aws, "AccessKeyId", key.access_key_id)
    assert (denied["eventName"], denied["errorCode"]) == ("CreateBucket", "AccessDenied")
    assert denied["responseElements"] is None
    identity = listed["userIdentity"]
    assert identity["type"] == "FederatedUser"
    assert identity["principalId"] == f"{aws.account_id}:ada"
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert (issuer["type"], issuer["userName"]) == ("IAMUser", "admin")


def test_a_role_session_names_its_role(aws: LocalAws) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{aws.account_id}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam = client(aws, "iam")
    role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    answer = client(aws, "sts").assume_role(RoleArn=role["Arn"], RoleSessionName="build-7")
    key = _as_credentials(answer["Credentials"])
    client(aws, "sts", key).get_caller_identity()
    (used,) = _events(aws, "Username", "build-7")
    assert used["userIdentity"]["principalId"] == f"{role['RoleId']}:build-7"
    assert used["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role["Arn"]
    (issuance,) = _events(aws, "ResourceName", key.access_key_id)
    assert issuance["resources"][0]["ARN"] == role["Arn"]


def test_a_key_is_late_to_come_and_late_to_go(aws: LocalAws, control: ControlClient) -> None:
    control.configure(iam_delay=600)
    iam = client(aws, "iam")
    iam.create_user(UserName="eve")
    key = _as_credentials(iam.create_access_key(UserName="eve")["AccessKey"])
    sts = client(aws, "sts", key)
    with pytest.raises(ClientError) as error:
        sts.get_caller_identity()
    assert code_of(error) == "InvalidClientTokenId"
    control.advance(600)
    sts.get_caller_identity()
    iam.delete_access_key(UserName="eve", AccessKeyId=key.access_key_id)
    control.advance(300)
    sts.get_caller_identity()
    control.advance(300)
    with pytest.raises(ClientError) as error:
        sts.get_caller_identity()
    assert code_of(error) == "InvalidClientTokenId"


def test_a_flapping_key_answers_now_and_then_before_it_always_does(
    aws: LocalAws, control: ControlClient
) -> None:
    control.configure(iam_delay=600, iam_jitter=1, iam_flap=True)
    iam = client(aws, "iam")
    iam.create_user(UserName="eve")
    key = _as_credentials(iam.create_access_key(UserName="eve")["AccessKey"])
    sts = client(aws, "sts", key)
    control.advance(300)
    assert {_answers(sts) for _ in range(40)} == {True, False}
    control.advance(300)
    assert {_answers(sts) for _ in range(10)} == {True}


def _answers(sts: Any) -> bool:
    try:
        sts.get_caller_identity()
    except ClientError:
        return False
    return True
