"""What each family of services answers to each kind of bad credentials; a table, over real HTTP."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from tests.support.aws_clients import (
    Answer,
    Raw,
    a_user,
    allow,
    client,
    document,
    key_of,
    query,
    sign_at,
    signed,
    trust,
)
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials, Secret

UNKNOWN = "AKIA" + "0" * 16
EC2_FAILURE = ("AuthFailure", 401)
JSON_HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails",
}


TARGETS = {
    "cloudtrail": JSON_HEADERS,
    "dynamodb": {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
    },
    "logs": {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "Logs_20140328.DescribeLogGroups",
    },
}


def ask(
    aws: LocalAws, family: str, key: Credentials | None = None, ago: timedelta = timedelta()
) -> Raw:
    """A harmless request to a service of the family."""
    if family in {"iam", "sts", "ec2"}:
        action = {"iam": "ListUsers", "sts": "GetCallerIdentity", "ec2": "DescribeRegions"}
        return query(aws, family, action[family], key=key, ago=ago)
    if family == "s3":
        return signed(aws, "s3", method="GET", key=key, ago=ago)
    if family == "lambda":
        return signed(
            aws, "lambda", method="GET", target="/2015-03-31/functions/", key=key, ago=ago
        )
    return signed(aws, family, body=b"{}", headers=TARGETS[family], key=key, ago=ago)


def code_of(answer: Answer) -> tuple[str, int]:
    if answer.body.startswith(b"{"):
        return json.loads(answer.body)["__type"], answer.status
    found = re.search(rb"<Code>(.*?)</Code>", answer.body)
    return found.group(1).decode() if found else "", answer.status


TABLE = {
    "unknown key": {
        "iam": ("InvalidClientTokenId", 403),
        "sts": ("InvalidClientTokenId", 403),
        "ec2": EC2_FAILURE,
        "s3": ("InvalidAccessKeyId", 403),
        "cloudtrail": ("UnrecognizedClientException", 400),
        "lambda": ("UnrecognizedClientException", 403),
    },
    "wrong secret": {
        "iam": ("SignatureDoesNotMatch", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "ec2": EC2_FAILURE,
        "s3": ("SignatureDoesNotMatch", 403),
        "cloudtrail": ("InvalidSignatureException", 400),
        "lambda": ("InvalidSignatureException", 403),
    },
    "old request": {
        "iam": ("SignatureDoesNotMatch", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "ec2": ("RequestExpired", 400),
        "s3": ("RequestTimeTooSkewed", 403),
        "cloudtrail": ("InvalidSignatureException", 400),
        "lambda": ("InvalidSignatureException", 403),
    },
    "early request": {
        "iam": ("SignatureDoesNotMatch", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "ec2": EC2_FAILURE,
        "s3": ("RequestTimeTooSkewed", 403),
        "cloudtrail": ("InvalidSignatureException", 400),
        "lambda": ("InvalidSignatureException", 403),
    },
    "wrong token": {
        "iam": ("InvalidClientTokenId", 403),
        "sts": ("InvalidClientTokenId", 403),
        "ec2": EC2_FAILURE,
        "s3": ("InvalidToken", 400),
        "cloudtrail": ("UnrecognizedClientException", 400),
        "lambda": ("UnrecognizedClientException", 403),
    },
    "no token": {
        "iam": ("InvalidClientTokenId", 403),
        "sts": ("InvalidClientTokenId", 403),
        "ec2": EC2_FAILURE,
        "s3": ("InvalidAccessKeyId", 403),
        "cloudtrail": ("UnrecognizedClientException", 400),
        "lambda": ("UnrecognizedClientException", 403),
    },
    "changed body": {
        "iam": ("SignatureDoesNotMatch", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "ec2": EC2_FAILURE,
        "s3": ("XAmzContentSHA256Mismatch", 400),
        "cloudtrail": ("InvalidSignatureException", 400),
        "lambda": ("InvalidSignatureException", 403),
    },
    "half a header": {
        "iam": ("IncompleteSignature", 400),
        "sts": ("IncompleteSignature", 400),
        "ec2": EC2_FAILURE,
        "s3": ("AuthorizationHeaderMalformed", 400),
        "cloudtrail": ("IncompleteSignatureException", 400),
        "lambda": ("IncompleteSignatureException", 403),
    },
}
CASES = [(kind, family) for kind, row in TABLE.items() for family in row]


AGO = {"old request": timedelta(minutes=16), "early request": timedelta(minutes=-16)}


def spoilt(aws: LocalAws, kind: str, family: str) -> Raw:
    raw = ask(aws, family, spoilt_key(aws, kind), AGO.get(kind, timedelta()))
    if kind == "changed body":
        raw.body += b"&x=y"
        raw.headers["Content-Length"] = str(len(raw.body))
    elif kind == "half a header":
        raw.headers["Authorization"] = raw.headers["Authorization"].rpartition(",")[0]
    return raw


def spoilt_key(aws: LocalAws, kind: str) -> Credentials:
    admin, session = aws.admin, key_of(client(aws, "sts").get_session_token())
    own = session.access_key_id, session.secret_access_key
    return {
        "unknown key": Credentials(UNKNOWN, admin.secret_access_key),
        "wrong secret": Credentials(admin.access_key_id, Secret("made-up")),
        "wrong token": Credentials(*own, Secret("made-up")),
        "no token": Credentials(*own),
    }.get(kind, admin)


@pytest.mark.parametrize(("kind", "family"), CASES)
def test_bad_credentials(aws: LocalAws, kind: str, family: str) -> None:
    assert ask(aws, family).send(aws).status == 200, "the request is good until it is spoilt"
    assert code_of(spoilt(aws, kind, family).send(aws)) == TABLE[kind][family]


GONE = {
    "iam": ("InvalidClientTokenId", 403),
    "sts": ("InvalidClientTokenId", 403),
    "ec2": EC2_FAILURE,
    "s3": ("InvalidAccessKeyId", 403),
    "cloudtrail": ("UnrecognizedClientException", 400),
    "dynamodb": ("UnrecognizedClientException", 400),
    "logs": ("UnrecognizedClientException", 400),
    "lambda": ("UnrecognizedClientException", 403),
}
EXPIRED = {
    "iam": ("ExpiredToken", 403),
    "sts": ("ExpiredToken", 403),
    "ec2": ("RequestExpired", 400),
    "s3": ("ExpiredToken", 400),
    "cloudtrail": ("ExpiredTokenException", 400),
    "dynamodb": ("ExpiredTokenException", 400),
    "logs": ("ExpiredTokenException", 400),
    "lambda": ("ExpiredTokenException", 403),
}


def test_keys_at_the_end_of_their_life(aws: LocalAws) -> None:
    """Inactive and deleted keys are like unknown ones; only a session is said to have expired.
    CloudTrail records none of it: nobody was authenticated (S3 user guide, "Logging options")."""
    iam = client(aws, "iam")
    key = a_user(aws, "ada", allow("*"))
    own: dict[str, str] = {"UserName": "ada", "AccessKeyId": key.access_key_id}
    for family in GONE:
        assert ask(aws, family, key).send(aws).status == 200
    used = recorded(aws, key)
    iam.update_access_key(Status="Inactive", **own)
    assert {family: code_of(ask(aws, family, key).send(aws)) for family in GONE} == GONE
    iam.delete_access_key(**own)
    assert {family: code_of(ask(aws, family, key).send(aws)) for family in GONE} == GONE
    assert recorded(aws, key) == used > 0


def test_sessions_at_their_end(aws: LocalAws) -> None:
    role = client(aws, "iam").create_role(
        RoleName="ops", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:root")
    )["Role"]["Arn"]
    client(aws, "iam").put_role_policy(
        RoleName="ops", PolicyName="own", PolicyDocument=document(allow("*"))
    )
    sts = client(aws, "sts")
    session = key_of(
        sts.assume_role(RoleArn=role, RoleSessionName="one", DurationSeconds=900),
    )
    for family in EXPIRED:
        assert ask(aws, family, session).send(aws).status == 200
    used = recorded(aws, session)
    aws.clock.advance(880)
    assert ask(aws, "sts", session).send(aws).status == 200
    aws.clock.advance(20)
    assert {family: code_of(ask(aws, family, session).send(aws)) for family in EXPIRED} == EXPIRED
    assert recorded(aws, session) == used + 1


def recorded(aws: LocalAws, key: Credentials) -> int:
    """How many events name the key."""
    trail = client(aws, "cloudtrail")
    iam = client(aws, "cloudtrail", region="us-east-1")
    wanted = [{"AttributeKey": "AccessKeyId", "AttributeValue": key.access_key_id}]
    return sum(len(one.lookup_events(LookupAttributes=wanted)["Events"]) for one in (trail, iam))


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("iam", ("MissingAuthenticationToken", 403)),
        ("ec2", ("MissingAuthenticationToken", 403)),
        ("s3", ("AccessDenied", 403)),
        ("cloudtrail", ("MissingAuthenticationTokenException", 400)),
    ],
)
def test_no_credentials(aws: LocalAws, family: str, expected: tuple[str, int]) -> None:
    raw = ask(aws, family)
    del raw.headers["Authorization"]
    raw.headers["Host"] = f"{family}.eu-west-2.amazonaws.com"
    assert code_of(raw.send(aws)) == expected


@pytest.mark.parametrize("minutes", [14, -14])
def test_a_quarter_of_an_hour_is_forgiven(aws: LocalAws, minutes: int) -> None:
    assert ask(aws, "sts", ago=timedelta(minutes=minutes)).send(aws).status == 200


def test_the_skew_is_explained_as_aws_does(aws: LocalAws) -> None:
    body = ask(aws, "sts", ago=timedelta(minutes=16)).send(aws).body.decode()
    assert re.search(
        r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z "
        r"\(\d{8}T\d{6}Z - 15 min\.\)",
        body,
    )
    body = ask(aws, "sts", ago=timedelta(minutes=-16)).send(aws).body.decode()
    assert re.search(
        r"Signature not yet current: \S+ is still later than \S+ \(\S+ \+ 15 min", body
    )


def test_a_moved_clock_refuses_no_signature(aws: LocalAws) -> None:
    aws.clock.advance(86_400)
    assert ask(aws, "sts").send(aws).status == 200


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_presigned_urls(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(
        Bucket="presigned-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    s3.put_object(Bucket="presigned-bucket", Key="a b/ü+c", Body=b"held")
    url = s3.generate_presigned_url(
        "get_object", Params={"Bucket": "presigned-bucket", "Key": "a b/ü+c"}
    )
    assert _get(url) == (200, "held")
    assert "SignatureDoesNotMatch" in _get(url.replace("a%20b", "a%20c"))[1]
    assert "SignatureDoesNotMatch" in _get(url.replace("Expires=3600", "Expires=3601"))[1]
    assert "AuthorizationQueryParametersError" in _get(url.replace("=3600", "=700000"))[1]
    other = Credentials(UNKNOWN, aws.admin.secret_access_key)
    unknown = client(aws, "s3", other).generate_presigned_url(
        "get_object", Params={"Bucket": "presigned-bucket", "Key": "a b/ü+c"}
    )
    assert "InvalidAccessKeyId" in _get(unknown)[1]


def test_a_presigned_identity(aws: LocalAws) -> None:
    url = client(aws, "sts").generate_presigned_url(
        "get_caller_identity", Params={}, HttpMethod="GET"
    )
    status, body = _get(url)
    assert status == 200
    assert ":user/admin" in body
    assert urlsplit(url).netloc == urlsplit(aws.endpoint).netloc


@pytest.mark.parametrize(("minutes", "expected"), [(4, 200), (6, 403), (-14, 200), (-16, 403)])
def test_a_presigned_url_is_good_for_its_time(aws: LocalAws, minutes: int, expected: int) -> None:
    admin = BotoCredentials(aws.admin.access_key_id, aws.admin.secret_access_key.reveal())
    request = AWSRequest("GET", aws.endpoint + "/")
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    sign_at(S3SigV4QueryAuth(admin, "s3", "eu-west-2", expires=300), request, at)
    status, body = _get(str(request.url))
    assert status == expected
    if minutes == 6:
        assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in body
