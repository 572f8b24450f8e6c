"""Clients against small real servers: connections, settings, and what goes wrong before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.stage import Reply, Stage, as_script
from vaultaws.aws.actions import Action, attempt_with
from vaultaws.aws.errors import AwsSetupError, AwsUnreachableError
from vaultaws.aws.identity import caller_identity
from vaultaws.aws.proof import prove_dead
from vaultaws.aws.sessions import client, default_region, profile_credentials
from vaultaws.clock import SystemClock
from vaultaws.errors import AwsError, UsageError
from vaultaws.model import Credentials, Secret

KEYS = Credentials("AKIA" + "0" * 16, Secret("s" * 40), Secret("token"))
IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>AIDA1</UserId>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
UNKNOWN = b"""<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>
<Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>"""
Open = Callable[[Reply | list[Reply]], Stage]


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    opened: list[Stage] = []

    def open_stage(replies: Reply | list[Reply]) -> Stage:
        opened.append(Stage(as_script(replies)))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", opened[-1].address)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
        return opened[-1]

    yield open_stage
    for stage in opened:
        stage.stop()


def test_who_calls(sts: Open) -> None:
    server = sts(Reply(200, IDENTITY))
    found = caller_identity(KEYS)
    assert (found.account, found.user_id) == ("123456789012", "AIDA1")
    assert found.arn.endswith("user/ada")
    (asked,) = server.seen
    assert asked.headers["x-amz-security-token"] == "token"
    assert "/eu-west-2/sts/" in asked.headers["authorization"]
    assert "vaultaws" in asked.headers["user-agent"]


def test_a_fresh_client_opens_a_connection_a_call(sts: Open) -> None:
    server = sts(Reply(200, IDENTITY))
    attempt = attempt_with(KEYS, Action.parse("sts:GetCallerIdentity"), None)
    assert attempt() is None
    assert attempt() is None
    assert len({seen.port for seen in server.seen}) == 2
    steady = client("sts", credentials=KEYS)
    steady.get_caller_identity()
    steady.get_caller_identity()
    assert len({seen.port for seen in server.seen}) == 3


def test_a_probe_sees_every_refusal(sts: Open) -> None:
    server = sts(Reply(500, b""))
    attempt = attempt_with(KEYS, Action.parse("sts:GetCallerIdentity"), None)
    refusal = attempt()
    assert isinstance(refusal, AwsError)
    assert len(server.seen) == 1


def test_passing_failures_are_tried_again_otherwise(sts: Open) -> None:
    server = sts([Reply(500, b""), Reply(200, IDENTITY)])
    assert caller_identity(KEYS).user_id == "AIDA1"
    assert len(server.seen) == 2


def test_a_refusal_carries_awss_code_and_no_secret(sts: Open) -> None:
    sts(Reply(403, UNKNOWN))
    with pytest.raises(AwsError) as caught:
        caller_identity(KEYS)
    assert caught.value.code == "InvalidClientTokenId"
    assert "s" * 40 not in caught.value.describe()


def test_a_dropped_connection_is_no_answer(sts: Open) -> None:
    sts(Reply(drop=True))
    with pytest.raises(AwsUnreachableError):
        caller_identity(KEYS)


def test_without_credentials_nothing_is_sent(sts: Open) -> None:
    server = sts(Reply(200, IDENTITY))
    with pytest.raises(AwsSetupError, match="was not asked") as caught:
        caller_identity()
    assert "no AWS credentials" in caught.value.why
    assert server.seen == []


def test_without_a_region_the_remedy_is_named() -> None:
    with pytest.raises(AwsSetupError) as caught:
        client("ec2", credentials=KEYS)
    assert "AWS_DEFAULT_REGION" in caught.value.do
    assert default_region() == ""


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AwsSetupError) as caught:
        client("sts", region="eu-west-2")
    assert "AWS_PROFILE" in caught.value.why


def test_a_profiles_credentials(tmp_path: Path) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    secret = "s" * 40
    (folder / "credentials").write_text(
        f"[root]\naws_access_key_id = {KEYS.access_key_id}\naws_secret_access_key = {secret}\n"
    )
    (folder / "config").write_text("[profile empty]\nregion = eu-west-2\n")
    assert profile_credentials("root") == Credentials(KEYS.access_key_id, Secret(secret))
    for name in ("empty", "nobody"):
        with pytest.raises(AwsSetupError):
            profile_credentials(name)


@pytest.mark.parametrize("name", ["", "ec2", "ec2:", ":X", "ec2:*", "é:X", "ec2:Do This"])
def test_what_is_no_action(name: str) -> None:
    with pytest.raises(UsageError, match="is not an AWS action"):
        Action.parse(name)


@pytest.mark.parametrize(
    ("name", "kind"), [("sts:Nothing", UsageError), ("nothing:Nothing", AwsSetupError)]
)
def test_an_action_aws_does_not_have(name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        attempt_with(KEYS, Action.parse(name), "eu-west-2")


def test_wrong_parameters_are_not_sent() -> None:
    attempt = attempt_with(KEYS, Action.parse("sts:GetFederationToken", Name=7), "eu-west-2")
    with pytest.raises(AwsSetupError):
        attempt()


def test_get_caller_identity_proves_nothing() -> None:
    with pytest.raises(UsageError, match="cannot prove"):
        prove_dead(KEYS, Action.parse("sts:GetCallerIdentity"), clock=SystemClock())
