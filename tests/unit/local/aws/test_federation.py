"""The console's sign-in endpoint: who gets in, and who does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import urllib3

from tests.support.aws_clients import a_user, allow, client, document, key_of, trust
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials

READ = document(allow("ec2:Describe*"))
CONSOLE = "https://console.aws.amazon.com/ec2/home?region=eu-west-2"
Answer = urllib3.BaseHTTPResponse


def ask(aws: LocalAws, method: str = "GET", **fields: str) -> Answer:
    return urllib3.request(
        method, f"{aws.endpoint}/federation", fields=fields, redirect=False, retries=False
    )


def session_of(key: Credentials, **other: Any) -> str:
    parts = {
        "sessionId": key.access_key_id,
        "sessionKey": key.secret_access_key.reveal(),
        "sessionToken": key.session_token.reveal() if key.session_token else "",
    }
    return json.dumps(parts | other)


def asked(aws: LocalAws, key: Credentials, **more: str) -> Answer:
    return ask(aws, Action="getSigninToken", Session=session_of(key), **more)


def sign_in(aws: LocalAws, token: str, where: str = CONSOLE, **more: str) -> Answer:
    return ask(aws, Action="login", SigninToken=token, Destination=where, **more)


def token_of(answer: Answer) -> str:
    assert answer.status == 200, answer.data
    assert answer.headers["Cache-Control"] == "no-store"
    found: Mapping[str, str] = answer.json()
    assert list(found) == ["SigninToken"]
    return found["SigninToken"]


@pytest.fixture
def role_session(aws: LocalAws) -> Credentials:
    return assume(aws, a_role(aws, "ops"))


@pytest.fixture
def federated(aws: LocalAws) -> Credentials:
    ada = a_user(aws, "ada", allow("sts:*", "ec2:*"))
    return key_of(client(aws, "sts", ada).get_federation_token(Name="ada", Policy=READ))


def a_role(aws: LocalAws, name: str) -> str:
    iam = client(aws, "iam")
    everybody = trust(f"arn:aws:iam::{aws.account_id}:root")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=everybody)["Role"]["Arn"]
    rights = document(allow("sts:*"))
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=rights)
    return str(arn)


def assume(aws: LocalAws, arn: str, key: Credentials | None = None) -> Credentials:
    return key_of(client(aws, "sts", key).assume_role(RoleArn=arn, RoleSessionName="one"))


def test_a_role_and_a_federated_user_get_in(
    aws: LocalAws, role_session: Credentials, federated: Credentials
) -> None:
    for key in (role_session, federated):
        answer = sign_in(aws, token_of(asked(aws, key, SessionType="json")), Issuer="vaultaws")
        assert (answer.status, answer.headers["Location"]) == (302, CONSOLE)


def test_keys_of_users_do_not(aws: LocalAws) -> None:
    ada = a_user(aws, "ada", allow("sts:*"))
    for key in (ada, aws.admin, key_of(client(aws, "sts", ada).get_session_token())):
        answer = asked(aws, key)
        assert answer.status == 400
        assert b"Invalid credentials" in answer.data


@pytest.mark.parametrize(
    "other",
    [
        {"sessionKey": "x"},
        {"sessionToken": "x"},
        {"sessionToken": "\ud800"},
        {"sessionId": "ASIAXXXXXXXXXXXXXXXX"},
        {"sessionId": ["a"]},
        {"sessionKey": None},
        {"more": "x"},
    ],
)
def test_a_session_that_is_not_whole_does_not(
    aws: LocalAws, role_session: Credentials, other: Mapping[str, Any]
) -> None:
    session = session_of(role_session, **other)
    assert ask(aws, Action="getSigninToken", Session=session).status == 400


@pytest.mark.parametrize("session", ["", "[]", "x", "null", "[" * 20_000, '{"sessionId": "a"}'])
def test_what_is_no_session_does_not(aws: LocalAws, session: str) -> None:
    assert ask(aws, Action="getSigninToken", Session=session).status == 400


def test_an_expired_session_does_not(aws: LocalAws, role_session: Credentials) -> None:
    token = token_of(asked(aws, role_session))
    aws.clock.advance(3601)
    assert asked(aws, role_session).status == 400
    assert sign_in(aws, token).status == 400


def test_a_sign_in_token_lives_fifteen_minutes(aws: LocalAws, role_session: Credentials) -> None:
    token = token_of(asked(aws, role_session))
    aws.clock.advance(14 * 60)
    assert sign_in(aws, token).status == 302
    aws.clock.advance(60)
    assert sign_in(aws, token).status == 400


@pytest.mark.parametrize(
    ("seconds", "status"),
    [("900", 200), ("43200", 200), ("899", 400), ("43201", 400), ("x", 400), ("", 400)],
)
def test_how_long_a_role_stays(
    aws: LocalAws, role_session: Credentials, seconds: str, status: int
) -> None:
    assert asked(aws, role_session, SessionDuration=seconds).status == status


def test_a_span_is_for_roles_of_users_alone(
    aws: LocalAws, role_session: Credentials, federated: Credentials
) -> None:
    chained = assume(aws, a_role(aws, "second"), role_session)
    token_of(asked(aws, chained))
    for key in (chained, federated):
        assert asked(aws, key, SessionDuration="900").status == 400


@pytest.mark.parametrize(
    "where",
    [
        "",
        "http://console.aws.amazon.com/",
        "https://console.aws.amazon.com.evil.test/",
        "https://evil.test/?https://console.aws.amazon.com/",
        "https://console.aws.amazon.com@evil.test/",
        "https://a@console.aws.amazon.com/",
        "https://console.aws.amazon.com/\r\nSet-Cookie: a=b",
        "https://[x",
        "javascript:alert(1)",
    ],
)
def test_it_leads_to_the_console_alone(
    aws: LocalAws, role_session: Credentials, where: str
) -> None:
    answer = sign_in(aws, token_of(asked(aws, role_session)), where)
    assert answer.status == 400
    assert "Location" not in answer.headers


def test_other_requests(aws: LocalAws, role_session: Credentials) -> None:
    session = session_of(role_session)
    assert ask(aws, "POST", Action="getSigninToken", Session=session).status == 405
    assert ask(aws).status == 400
    assert ask(aws, Action="<script>").status == 400
    assert ask(aws, Action="getSigninToken", Session=session, More="x").status == 400
    for query in ("Action=login&Action=login", "x", "Action=%ff", "a=" + "b" * 40_000):
        url = f"{aws.endpoint}/federation?{query}"
        assert urllib3.request("GET", url, retries=False).status == 400


def test_a_bucket_of_that_name_is_still_a_bucket(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(
        Bucket="federation", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"}
    )
    assert s3.list_objects_v2(Bucket="federation")["KeyCount"] == 0
