"""`vaultaws login aws`: Vault asks the local AWS who signed. OpenBao has no such method."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest
import urllib3

from tests.support.people import root_shell
from tests.support.wired import Wired, must
from vaultaws.aws.signed import SERVER_ID, caller_proof
from vaultaws.errors import AwsError, UsageError
from vaultaws.local.servers.base import ServerKind

HOUSE = "vault.example.test"


@pytest.fixture
def signing(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> str:
    """AWS's settings are those of an IAM user; returns its ARN."""
    key = wired.root_credentials
    monkeypatch.setenv("AWS_ENDPOINT_URL", wired.aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_access_key.reveal())
    arn: str = wired.client("iam").get_user(UserName=wired.root_user)["User"]["Arn"]
    return arn


@pytest.fixture
def mount(wired: Wired, signing: str) -> str:
    """Vault's method, which trusts the local AWS; returns where it is mounted."""
    path = f"auth-{wired.mount}"
    if wired.server.kind is ServerKind.OPENBAO:
        return path
    must(wired.ask(f"sys/auth/{path}", {"type": "aws"}))
    house = {"sts_endpoint": wired.server_aws_endpoint, "sts_region": "us-east-1"}
    house["iam_server_id_header_value"] = HOUSE
    must(wired.ask(f"auth/{path}/config/client", house))
    role = {"auth_type": "iam", "bound_iam_principal_arn": signing, "token_ttl": "20m"}
    must(wired.ask(f"auth/{path}/role/ops", {**role, "resolve_aws_unique_ids": False}))
    return path


def test_an_aws_principal_logs_in(wired: Wired, mount: str, tmp_path: Path) -> None:
    shell, asked = root_shell(wired, tmp_path), ("login", "aws", "ops", "--path", mount)
    done = shell.run(*asked, "--header-value", HOUSE)
    assert done.stdout == ""
    if wired.server.kind is ServerKind.OPENBAO:
        assert done.returncode == 2
        assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
        return
    assert done.returncode == 0, done.stderr
    assert f"{wired.root_user}, for 20 min" in done.stderr
    assert (tmp_path / ".vault-token").read_text()


def test_the_wrong_house_or_role_is_one_clear_error(
    wired: Wired, mount: str, tmp_path: Path
) -> None:
    shell = root_shell(wired, tmp_path)
    for more in (("ops", "--header-value", "another.test"), ("none", "--header-value", HOUSE)):
        done = shell.run("login", "aws", *more, "--path", mount)
        assert (done.returncode, done.stdout) == (2, "")
        assert [line.split()[0] for line in done.stderr.splitlines()] == ["error:", "why:", "do:"]
        assert "refused the login" in done.stderr
    assert not (tmp_path / ".vault-token").exists()


def test_what_is_signed_tells_aws_who_it_is(signing: str) -> None:
    """Sent on by somebody else as it is, without the key."""
    proof = {name: value.reveal() for name, value in caller_proof(server_id=HOUSE).items()}
    headers = json.loads(b64decode(proof["iam_request_headers"]))
    assert headers[SERVER_ID] == HOUSE
    assert SERVER_ID.lower() in headers["Authorization"]
    answer = urllib3.request(
        proof["iam_http_request_method"],
        b64decode(proof["iam_request_url"]).decode(),
        body=b64decode(proof["iam_request_body"]),
        headers=headers,
    )
    assert answer.status == 200, answer.data
    assert signing in answer.data.decode()


@pytest.mark.parametrize(
    ("region", "host"),
    [("", "sts.amazonaws.com"), ("eu-west-2", "sts.eu-west-2.amazonaws.com")],
)
def test_without_an_endpoint_of_ones_own_it_is_for_aws(
    signing: str, monkeypatch: pytest.MonkeyPatch, region: str, host: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    proof = caller_proof(region)
    assert b64decode(proof["iam_request_url"].reveal()).decode() == f"https://{host}/"
    headers = json.loads(b64decode(proof["iam_request_headers"].reveal()))
    assert f"/{region or 'us-east-1'}/sts/aws4_request" in headers["Authorization"]


def test_a_value_that_no_header_takes_is_wrong_use(signing: str) -> None:
    with pytest.raises(UsageError, match="header"):
        caller_proof(server_id="a\r\nb")
    with pytest.raises(UsageError, match="region"):
        caller_proof("eu west")


def test_without_credentials_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(AwsError, match="no AWS credentials"):
        caller_proof()
