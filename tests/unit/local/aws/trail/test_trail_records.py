from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.calls import (
    ACCOUNT,
    NEW_KEY,
    NOON,
    SECRET,
    SESSION_KEY,
    USER_KEY,
    a_call,
    a_federated_user,
    a_role_session,
    a_session,
    a_user,
    answered,
    refused,
    some_credentials,
)
from vaultaws.local.aws.call import Call, Caller, CallerKind, Outcome
from vaultaws.local.aws.trail.records import build_record, is_read_only

EVENT_ID = "99999999-2222-4333-8444-555555555555"


def record(call: Call, caller: Caller | None = None, outcome: Outcome | None = None) -> Any:
    built = build_record(
        call, caller or a_user(), outcome or answered(), event_id=EVENT_ID, account_id=ACCOUNT
    )
    return json.loads(json.dumps(built))


def test_a_whole_record_has_cloudtrails_members_in_its_order() -> None:
    written = record(a_call("iam", "CreateUser", {"UserName": "eve"}, secure=True))
    assert list(written) == [
        "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion",
        "sourceIPAddress", "userAgent", "requestParameters", "responseElements", "requestID",
        "eventID", "readOnly", "eventType", "managementEvent", "recipientAccountId",
        "eventCategory", "tlsDetails",
    ]  # fmt: skip
    assert written["eventVersion"] == "1.11"
    assert written["eventTime"] == "2026-11-20T12:00:00Z"
    assert written["eventSource"] == "iam.amazonaws.com"
    assert written["eventType"] == "AwsApiCall"
    assert written["eventID"] == EVENT_ID
    assert written["requestID"] == a_call().request_id
    assert written["recipientAccountId"] == ACCOUNT
    assert (written["readOnly"], written["managementEvent"]) == (False, True)
    assert written["tlsDetails"]["clientProvidedHostHeader"] == "iam.amazonaws.com"


def test_plain_http_claims_no_tls() -> None:
    assert record(a_call())["tlsDetails"] == {"clientProvidedHostHeader": "iam.amazonaws.com"}


class TestUserIdentity:
    def test_a_user_has_no_session_context(self) -> None:
        assert record(a_call(), a_user("ada"))["userIdentity"] == {
            "type": "IAMUser",
            "principalId": "AIDA" + "P" * 17,
            "arn": f"arn:aws:iam::{ACCOUNT}:user/ada",
            "accountId": ACCOUNT,
            "accessKeyId": USER_KEY,
            "userName": "ada",
        }

    def test_a_session_token_of_a_user_says_whether_mfa_was_given(self) -> None:
        session = a_session(mfa_at=NOON)
        identity = record(a_call(), a_user("ada", session=session))["userIdentity"]
        assert identity["type"] == "IAMUser"
        assert identity["sessionContext"] == {
            "attributes": {"creationDate": "2026-11-20T11:55:00Z", "mfaAuthenticated": "true"}
        }

    def test_a_federated_user_is_issued_by_the_user_behind_it(self) -> None:
        identity = record(a_call(), a_federated_user("ada"))["userIdentity"]
        assert identity["type"] == "FederatedUser"
        assert identity["principalId"] == f"{ACCOUNT}:ada"
        assert "userName" not in identity
        context = identity["sessionContext"]
        assert context["sessionIssuer"]["type"] == "IAMUser"
        assert context["sessionIssuer"]["userName"] == "vault-root"
        assert context["webIdFederationData"] == {}
        assert context["attributes"]["mfaAuthenticated"] == "false"

    def test_a_role_session_is_issued_by_its_role(self) -> None:
        identity = record(a_call(), a_role_session(source_identity="ada"))["userIdentity"]
        assert identity["type"] == "AssumedRole"
        assert identity["sessionContext"]["sourceIdentity"] == "ada"
        assert identity["sessionContext"]["sessionIssuer"] == {
            "type": "Role",
            "principalId": "AROA" + "R" * 17,
            "arn": f"arn:aws:iam::{ACCOUNT}:role/deploy",
            "accountId": ACCOUNT,
            "userName": "deploy",
        }

    def test_the_root_has_no_user_name(self) -> None:
        root = a_user(kind=CallerKind.ROOT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_name="")
        identity = record(a_call(), root)["userIdentity"]
        assert identity["type"] == "Root"
        assert "userName" not in identity

    def test_nobody_verified_is_unknown_with_the_claimed_key(self) -> None:
        built = build_record(
            a_call(),
            None,
            refused("InvalidClientTokenId", status=403),
            event_id=EVENT_ID,
            account_id=ACCOUNT,
            access_key_id=NEW_KEY,
        )
        assert built["userIdentity"] == {
            "type": "Unknown",
            "principalId": "unknown",
            "accountId": ACCOUNT,
            "accessKeyId": NEW_KEY,
        }
        assert built["errorCode"] == "InvalidClientTokenId"


class TestIssuance:
    def test_create_access_key_shows_the_key_id_and_never_the_secret(self) -> None:
        outcome = answered(
            AccessKey={
                "UserName": "eve",
                "AccessKeyId": NEW_KEY,
                "Status": "Active",
                "SecretAccessKey": SECRET,
                "CreateDate": datetime(2026, 8, 1, 13, 3, 8, tzinfo=UTC),
            }
        )
        written = record(a_call("iam", "CreateAccessKey", {"UserName": "eve"}), outcome=outcome)
        assert written["responseElements"] == {
            "accessKey": {
                "userName": "eve",
                "accessKeyId": NEW_KEY,
                "status": "Active",
                "createDate": "Aug 1, 2026 1:03:08 PM",
            }
        }
        assert SECRET not in json.dumps(written)

    def test_a_federation_token_is_a_write_and_shows_key_and_token(self) -> None:
        policy = '{"Version": "2012-10-17"}'
        call = a_call(
            "sts",
            "GetFederationToken",
            {
                "Name": "ada",
                "Policy": policy,
                "DurationSeconds": 900,
                "Tags": [{"Key": "team", "Value": "blue"}],
                "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
            },
        )
        outcome = answered(
            Credentials=some_credentials(),
            FederatedUser={
                "FederatedUserId": f"{ACCOUNT}:ada",
                "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/ada",
            },
            PackedPolicySize=4,
            ResponseMetadata={"RequestId": "x"},
        )
        written = record(call, outcome=outcome)
        assert written["readOnly"] is False
        assert written["requestParameters"] == {
            "name": "ada",
            "policy": policy,
            "durationSeconds": 900,
            "tags": [{"key": "team", "value": "blue"}],
            "policyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        }
        assert written["responseElements"] == {
            "credentials": {
                "accessKeyId": SESSION_KEY,
                "sessionToken": "token-of-" + SESSION_KEY,
                "expiration": "Nov 20, 2026, 1:04:05 PM",
            },
            "federatedUser": {
                "federatedUserId": f"{ACCOUNT}:ada",
                "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/ada",
            },
            "packedPolicySize": 4,
        }
        assert SECRET not in json.dumps(written)

    def test_assume_role_is_a_read_that_shows_its_answer_and_names_the_role(self) -> None:
        arn = f"arn:aws:iam::{ACCOUNT}:role/deploy"
        params = {
            "RoleArn": arn,
            "RoleSessionName": "build-7",
            "SerialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/ada",
            "TokenCode": "123456",
        }
        outcome = answered(Credentials=some_credentials())
        written = record(a_call("sts", "AssumeRole", params), outcome=outcome)
        assert written["readOnly"] is True
        assert written["resources"] == [
            {"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": arn}
        ]
        assert written["responseElements"]["credentials"]["accessKeyId"] == SESSION_KEY
        assert "tokenCode" not in written["requestParameters"]
        assert written["requestParameters"]["serialNumber"].endswith("mfa/ada")

    def test_get_session_token_shows_its_answer(self) -> None:
        written = record(
            a_call("sts", "GetSessionToken", {"DurationSeconds": 900}),
            outcome=answered(Credentials=some_credentials()),
        )
        assert written["readOnly"] is True
        assert written["responseElements"]["credentials"]["accessKeyId"] == SESSION_KEY


class TestRequests:
    def test_no_parameters_are_null(self) -> None:
        assert record(a_call("sts", "GetCallerIdentity"))["requestParameters"] is None

    def test_reads_have_no_answer(self) -> None:
        written = record(
            a_call("iam", "GetUser", {"UserName": "ada"}), outcome=answered(User={"UserName": "a"})
        )
        assert written["responseElements"] is None

    def test_a_write_without_an_answer_is_null(self) -> None:
        assert record(a_call("iam", "DeleteUser", {"UserName": "a"}))["responseElements"] is None

    @pytest.mark.parametrize(
        ("operation", "params", "shown"),
        [
            (
                "CreateLoginProfile",
                {"UserName": "ada", "Password": SECRET, "PasswordResetRequired": True},
                {"userName": "ada", "passwordResetRequired": True},
            ),
            ("ChangePassword", {"OldPassword": SECRET, "NewPassword": SECRET}, None),
            (
                "EnableMFADevice",
                {
                    "UserName": "ada",
                    "SerialNumber": "s",
                    "AuthenticationCode1": "111111",
                    "AuthenticationCode2": "222222",
                },
                {"userName": "ada", "serialNumber": "s"},
            ),
            (
                "PutUserPolicy",
                {"UserName": "ada", "PolicyName": "p", "PolicyDocument": '{"a": 1}'},
                {"userName": "ada", "policyName": "p", "policyDocument": '{"a": 1}'},
            ),
        ],
    )
    def test_secrets_are_left_out_and_policies_stay_text(
        self, operation: str, params: dict[str, Any], shown: Any
    ) -> None:
        written = record(a_call("iam", operation, params))
        assert written["requestParameters"] == shown

    def test_a_virtual_device_shows_its_serial_number_and_no_seed(self) -> None:
        device = {"SerialNumber": "s", "Base32StringSeed": b"seed", "QRCodePNG": b"png"}
        written = record(
            a_call("iam", "CreateVirtualMFADevice"), outcome=answered(VirtualMFADevice=device)
        )
        assert written["responseElements"] == {"virtualMFADevice": {"serialNumber": "s"}}

    def test_s3_keeps_its_own_names_and_its_host(self) -> None:
        call = a_call(
            "s3",
            "CreateBucket",
            {"Bucket": "b", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-2"}},
        )
        assert record(call)["requestParameters"] == {
            "bucketName": "b",
            "CreateBucketConfiguration": {"LocationConstraint": "eu-west-2"},
            "Host": "s3.amazonaws.com",
        }


class TestEc2:
    def test_describe_instances(self) -> None:
        params = {
            "InstanceIds": ["i-1"],
            "Filters": [{"Name": "tag:a", "Values": ["b"]}],
            "MaxResults": 5,
        }
        written = record(a_call("ec2", "DescribeInstances", params, region="eu-west-2"))
        assert written["awsRegion"] == "eu-west-2"
        assert written["requestParameters"] == {
            "instancesSet": {"items": [{"instanceId": "i-1"}]},
            "filterSet": {"items": [{"name": "tag:a", "valueSet": {"items": [{"value": "b"}]}}]},
            "maxResults": 5,
        }

    def test_describe_instances_of_everything_has_empty_sets(self) -> None:
        written = record(a_call("ec2", "DescribeInstances"))
        assert written["requestParameters"] == {"instancesSet": {}, "filterSet": {}}

    def test_a_denied_run_instances_has_the_client_prefix(self) -> None:
        params = {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 2, "UserData": SECRET}
        written = record(
            a_call("ec2", "RunInstances", params),
            outcome=refused("UnauthorizedOperation", "You are not authorized", 403),
        )
        assert written["errorCode"] == "Client.UnauthorizedOperation"
        assert written["requestParameters"] == {
            "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 2}]},
            "userData": "<sensitiveDataRemoved>",
        }
        assert written["responseElements"] is None

    def test_answers_carry_the_names_of_the_xml(self) -> None:
        response = {
            "ReservationId": "r-1",
            "Groups": [],
            "Instances": [{"InstanceId": "i-1", "LaunchTime": NOON}],
        }
        written = record(a_call("ec2", "RunInstances"), outcome=answered(**response))
        assert written["responseElements"] == {
            "reservationId": "r-1",
            "groupSet": {},
            "instancesSet": {
                "items": [{"instanceId": "i-1", "launchTime": int(NOON.timestamp() * 1000)}]
            },
        }

    def test_a_server_error_has_the_server_prefix(self) -> None:
        written = record(a_call("ec2", "RunInstances"), outcome=refused("InternalError", "", 500))
        assert written["errorCode"] == "Server.InternalError"


@pytest.mark.parametrize(
    ("service", "operation", "wire", "written"),
    [
        ("iam", "GetUser", "NoSuchEntity", "NoSuchEntityException"),
        ("iam", "CreateUser", "EntityAlreadyExists", "EntityAlreadyExistsException"),
        ("iam", "CreateUser", "AccessDenied", "AccessDenied"),
        ("sts", "GetFederationToken", "PackedPolicyTooLarge", "PackedPolicyTooLargeException"),
        ("cloudtrail", "LookupEvents", "ThrottlingException", "ThrottlingException"),
        ("nosuchservice", "Anything", "Odd", "Odd"),
    ],
)
def test_errors_are_named_by_their_exception(
    service: str, operation: str, wire: str, written: str
) -> None:
    assert record(a_call(service, operation), outcome=refused(wire))["errorCode"] == written


@pytest.mark.parametrize(
    ("service", "host", "region", "expected"),
    [
        ("iam", "iam.amazonaws.com", "eu-west-2", "us-east-1"),
        ("sts", "sts.amazonaws.com", "aws-global", "us-east-1"),
        ("sts", "sts.amazonaws.com", "eu-west-2", "us-east-1"),
        ("sts", "127.0.0.1:5000", "eu-west-2", "eu-west-2"),
        ("ec2", "127.0.0.1:5000", "", "us-east-1"),
    ],
)
def test_the_region_of_an_event(service: str, host: str, region: str, expected: str) -> None:
    call = a_call(service, "Anything", host=host, region=region)
    assert record(call)["awsRegion"] == expected


def test_the_event_source_is_the_endpoints_prefix() -> None:
    assert record(a_call("cloudwatch", "ListMetrics"))["eventSource"] == "monitoring.amazonaws.com"


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("sts", "GetCallerIdentity", True),
        ("sts", "GetFederationToken", False),
        ("sts", "GetSessionToken", True),
        ("iam", "ListUsers", True),
        ("iam", "CreateAccessKey", False),
        ("ec2", "DescribeInstances", True),
        ("ec2", "RunInstances", False),
        ("cloudtrail", "LookupEvents", True),
    ],
)
def test_what_only_reads(service: str, operation: str, expected: bool) -> None:
    assert is_read_only(service, operation) is expected


def test_values_no_json_knows_are_still_written() -> None:
    params = {"Blob": b"12345", "When": NOON + timedelta(hours=1), "Odd": object()}
    written = record(a_call("nosuchservice", "Anything", params))["requestParameters"]
    assert written["blob"] == "<5 bytes>"
    assert written["when"] == "Nov 20, 2026 1:00:00 PM"
    assert isinstance(written["odd"], str)
