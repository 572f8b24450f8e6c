"""What looks like a secret, and what only looks a little like one."""

from __future__ import annotations

import pytest

from vaultaws.config import secrets

KEY_ID = "ASIA" + "0A" * 8
SECRET_KEY = "aB3/" * 10
TOKEN = "hvs." + "x" * 24


@pytest.mark.parametrize(
    "value", [KEY_ID, f"key {KEY_ID}.", SECRET_KEY, TOKEN, f"-----BEGIN RSA {'PRIVATE'} KEY-----"]
)
def test_secrets_are_seen(value: str) -> None:
    assert secrets.looks_secret(value)
    assert secrets.in_words(f"my key is '{value}'")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "AKIA…RG6",
        "arn:aws:iam::123456789012:role/" + "A" * 9,
        "0123456789abcdef" * 2 + "01234567",  # a commit
        SECRET_KEY + "x",
        "x" + KEY_ID,
        '{{ printf "vault-%s" (random 20) }}',
    ],
)
def test_what_is_no_secret_is_let_be(value: str) -> None:
    assert not secrets.looks_secret(value.replace("x" + KEY_ID, "X" + KEY_ID))


@pytest.mark.parametrize(
    "name",
    [
        "secret_key",
        "access_key",
        "aws_secret_access_key",
        "AWS_ACCESS_KEY_ID",
        "session_token",
        "token",
        "vault-token",
        "password",
        "secret_id",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert secrets.is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["identity_token_ttl", "identity_token_audience", "key", "tag", "policy", "hmac_accessor"],
)
def test_names_of_other_things(name: str) -> None:
    assert not secrets.is_secret_name(name)
