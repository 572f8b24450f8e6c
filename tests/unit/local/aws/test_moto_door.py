"""A guard on moto's private interfaces: it fails when a release changes what the gate builds on."""

from __future__ import annotations

import importlib.metadata
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from vaultaws.local.aws import moto_door
from vaultaws.local.aws.moto_door import (
    LOCK,
    Moto,
    Operation,
    Reply,
    UnknownOperationError,
    UnreadableInputError,
)

ACCOUNT = "210987654321"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def environ(
    body: bytes = b"", *, method: str = "POST", target: str = "/", media: str = FORM, **more: str
) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "RAW_URI": target,
        "CONTENT_TYPE": media,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "127.0.0.1:4566",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "4566",
        "SCRIPT_NAME": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        **more,
    }


def routed(service: str, body: bytes = b"", **more: Any) -> Operation:
    return moto_door.operation_of(service, environ(body, **more), body)


def test_the_release_is_one_that_was_read() -> None:
    version = importlib.metadata.version("moto")
    assert version.startswith("5.2."), "read moto.core and moto.iam.models again, then widen this"


@pytest.mark.parametrize(
    ("service", "body", "more", "name", "params"),
    [
        (
            "iam",
            b"Action=CreateUser&UserName=ada&Tags.member.1.Key=a&Tags.member.1.Value=b",
            {},
            "CreateUser",
            {"UserName": "ada", "Tags": [{"Key": "a", "Value": "b"}]},
        ),
        (
            "ec2",
            b"Action=DescribeInstances&InstanceId.1=i-1",
            {},
            "DescribeInstances",
            {"InstanceIds": ["i-1"]},
        ),
        (
            "cloudtrail",
            b'{"MaxResults": 5}',
            {
                "media": "application/x-amz-json-1.1",
                "HTTP_X_AMZ_TARGET": "com.amazonaws.cloudtrail.v20131101."
                "CloudTrail_20131101.LookupEvents",
            },
            "LookupEvents",
            {"MaxResults": 5},
        ),
        (
            "s3",
            b"",
            {"method": "GET", "target": "/bucket-one/a/b", "media": ""},
            "GetObject",
            {"Bucket": "bucket-one", "Key": "a/b"},
        ),
        (
            "lambda",
            b"",
            {"method": "GET", "target": "/2015-03-31/functions/one", "media": ""},
            "GetFunction",
            {"FunctionName": "one"},
        ),
    ],
)
def test_routing_and_parsing(
    service: str, body: bytes, more: dict[str, Any], name: str, params: dict[str, Any]
) -> None:
    operation = routed(service, body, **more)
    assert operation.name == name
    assert params.items() <= dict(operation.params).items()


def test_what_cannot_be_routed_or_read() -> None:
    with pytest.raises(UnknownOperationError):
        routed("iam", b"Action=Nothing")
    with pytest.raises(UnknownOperationError):
        routed("iam", b"{}", media="application/x-amz-json-1.1")
    with pytest.raises(UnreadableInputError):
        routed("sts", b"Action=GetSessionToken&DurationSeconds=soon")
    with pytest.raises(UnknownOperationError):
        moto_door.service_named("nothing")
    assert moto_door.service_named("monitoring") == "cloudwatch"


def test_answers_of_our_own_are_read_by_botocore() -> None:
    operation = routed("sts", b"Action=GetSessionToken")
    ends = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    given = {
        "Credentials": {
            "AccessKeyId": "ASIA" + "0" * 16,
            "SecretAccessKey": "made-up",
            "SessionToken": "made-up <&>",
            "Expiration": ends,
        }
    }
    reply = moto_door.serialised(operation, given, "an-id")
    assert reply.status == 200
    assert b"an-id" in reply.body
    outcome = moto_door.outcome_of(operation, reply, whole=True)
    assert outcome.response == given


def test_an_errors_code_is_read() -> None:
    operation = routed("iam", b"Action=GetUser&UserName=ada")
    error = b"<Error><Code>NoSuchEntity</Code><Message>m</Message></Error>"
    body = b"<ErrorResponse>" + error + b"</ErrorResponse>"
    outcome = moto_door.outcome_of(operation, Reply(404, {}, body), whole=False)
    assert (outcome.error_code, outcome.error_message) == ("NoSuchEntity", "m")
    broken = moto_door.outcome_of(operation, Reply(500, {}, b"<"), whole=False)
    assert broken.error_code == "500"


def test_motos_state_has_the_shape_that_iam_here_builds_on() -> None:
    moto = Moto(ACCOUNT)
    with LOCK:
        iam = moto.iam
        user = iam.create_user("us-east-1", "ada", "/x/", [{"Key": "a", "Value": "b"}])
        group = iam.create_group("readers", "/")
        try:
            assert iam.users == {"ada": user}
            assert user.arn == f"arn:aws:iam::{ACCOUNT}:user/x/ada"
            assert iam.tagger.list_tags_for_resource(user.arn)["Tags"] == [
                {"Key": "a", "Value": "b"}
            ]
            for name in ("policies", "managed_policies", "mfa_devices", "signing_certificates"):
                assert getattr(user, name) == {}
            for name in ("access_keys", "ssh_public_keys"):
                assert getattr(user, name) == []
            assert user.password is None
            assert (group.users, group.policies, group.managed_policies) == ([], {}, {})
            assert iam.access_keys == iam.roles == iam.managed_policies == {}
            assert iam.virtual_mfa_devices == iam.instance_profiles == {}
            assert iam.aws_managed_policies == []
        finally:
            moto.forget()
        assert moto.iam.users == {}


def test_moto_answers_for_the_account() -> None:
    moto = Moto(ACCOUNT)
    try:
        body = b"Action=CreateGroup&GroupName=ours&Version=2010-05-08"
        scope = "AKIA" + "0" * 16 + "/20261121/eu-west-2/iam/aws4_request"
        reply = moto.answer(environ(body), body, scope)
        assert reply.status == 200
        assert f"arn:aws:iam::{ACCOUNT}:group/ours".encode() in reply.body
        with LOCK:
            assert list(moto.iam.groups) == ["ours"]
    finally:
        moto.forget()


def test_a_service_that_moto_lacks_is_said_to_be_missing() -> None:
    scope = "AKIA" + "0" * 16 + "/20261121/eu-west-2/braket/aws4_request"
    with pytest.raises(UnknownOperationError):
        Moto(ACCOUNT).answer(environ(), b"", scope)
