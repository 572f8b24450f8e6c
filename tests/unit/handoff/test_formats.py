"""Hand-off formats: real shells read what we print, hostile values included."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from vaultaws.errors import UsageError
from vaultaws.handoff import formats, shells
from vaultaws.model import Credentials, Issued, Lease, Secret

HOSTILE = "a'b\"c$(touch x)`id`\\;&|<>\u2019 $HOME %PATH% !1 é"


def issued(secret: str = "s3cr3t", token: str | None = None) -> Issued:
    credentials = Credentials(
        access_key_id="AKIA" + "0" * 16,
        secret_access_key=Secret(secret),
        session_token=Secret(token) if token is not None else None,
        expires_at=datetime(2026, 11, 21, 10, 0, 0, 900_000, tzinfo=UTC) if token else None,
    )
    lease = Lease(
        id="aws/creds/reader/abc", expires_at=datetime(2026, 11, 21, 9, 45, 1, 999, tzinfo=UTC)
    )
    return Issued(lease=lease, credentials=credentials, role="reader")


def shell(program: str, script: str) -> str:
    """Run a shell on a script from stdin and return its stdout."""
    found = shutil.which(program)
    assert found is not None, f"{program} is needed for this test"
    done = subprocess.run(
        [found], input=script, capture_output=True, text=True, check=True, env={"HOME": "/"}
    )
    return done.stdout


@pytest.mark.parametrize("program", ["sh", "bash"])
@pytest.mark.parametrize("form", ["env", "env-no-export"])
def test_posix_shells_read_back_exactly_what_was_meant(program: str, form: str) -> None:
    script = formats.render(issued(secret=HOSTILE, token="tok'en"), form)
    printed = shell(
        program, script + '\nprintf "%s|%s" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"'
    )
    assert printed == f"{HOSTILE}|tok'en"


def test_env_clears_what_another_tool_left() -> None:
    script = "AWS_PROFILE=old AWS_SESSION_TOKEN=old\n" + formats.render(issued(), "env")
    printed = shell(
        "bash", script + '\nprintf "%s" "${AWS_PROFILE-gone} ${AWS_SESSION_TOKEN-gone}"'
    )
    assert printed == "gone gone"


def test_fish_escapes_backslash_and_quote() -> None:
    assert shells.quote_fish("a\\b'c") == "'a\\\\b\\'c'"


def test_powershell_doubles_every_mark_that_it_takes_for_a_quote() -> None:
    assert shells.quote_powershell("a'b\u2019c") == "'a''b\u2019\u2019c'"


@pytest.mark.parametrize("value", ['a"b', "a%b", "a!b", "a\nb", "a\rb"])
def test_cmd_refuses_what_it_cannot_quote(value: str) -> None:
    with pytest.raises(UsageError, match=r"cmd\.exe") as caught:
        formats.render(issued(secret=value), "windows-cmd")
    assert value not in caught.value.describe()


def test_cmd_sets_and_clears() -> None:
    text = formats.render(issued(secret="abc/+="), "windows-cmd")
    assert 'set "AWS_SECRET_ACCESS_KEY=abc/+="' in text.splitlines()
    assert 'set "AWS_PROFILE="' in text.splitlines()


def test_process_answers_the_schema_with_the_earlier_end() -> None:
    document = json.loads(formats.render(issued(token="t"), "process"))
    assert document == {
        "Version": 1,
        "AccessKeyId": "AKIA" + "0" * 16,
        "SecretAccessKey": "s3cr3t",
        "SessionToken": "t",
        "Expiration": "2026-11-21T09:45:01Z",
    }


def test_json_tells_lease_and_token_apart() -> None:
    document = json.loads(formats.render(issued(token="t"), "json"))
    assert document["expires_at"] == "2026-11-21T10:00:00Z"
    assert document["lease_expires_at"] == "2026-11-21T09:45:01Z"
    assert document["version"] == 1


def test_an_iam_user_carries_no_session_token() -> None:
    assert "SessionToken" not in json.loads(formats.render(issued(), "process"))
    assert "unset" in formats.render(issued(), "env")


def test_fish_sets_and_clears() -> None:
    lines = formats.render(issued(token="t'k"), "fish").splitlines()
    assert "set -gx AWS_SESSION_TOKEN 't\\'k'" in lines
    assert "set -gx AWS_CREDENTIAL_EXPIRATION '2026-11-21T09:45:01Z'" in lines
    assert "set -e AWS_PROFILE" in lines
    assert "set -e AWS_SESSION_TOKEN" not in lines
    assert "set -e AWS_SESSION_TOKEN" in formats.render(issued(), "fish").splitlines()


def test_powershell_sets_and_clears() -> None:
    lines = formats.render(issued(secret="a'b"), "powershell").splitlines()
    assert "$Env:AWS_SECRET_ACCESS_KEY = 'a''b'" in lines
    assert "Remove-Item -ErrorAction SilentlyContinue Env:AWS_PROFILE" in lines
    assert "Remove-Item -ErrorAction SilentlyContinue Env:AWS_SESSION_TOKEN" in lines
