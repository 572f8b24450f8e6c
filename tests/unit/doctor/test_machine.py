"""This machine: who may read what, what is stale, and which profiles are broken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vaultaws.doctor import machine
from vaultaws.doctor.finding import Finding
from vaultaws.doctor.server import skew
from vaultaws.model import Secret
from vaultaws.vault.connection import ConnectionSettings, Tls

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LONG = "AKIA" + "A" * 16
SHORT = "ASIA" + "A" * 16


def said(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.state.value, finding.what) for finding in found]


def test_where_each_setting_came_from(tmp_path: Path) -> None:
    found = ConnectionSettings(
        address="http://vault.test:8200",
        token=Secret("planted-token"),
        namespace="team",
        tls=Tls(ca_file="/ca.pem", verify=False),
        proxy="http://user:planted-word@proxy.test",
    )
    environ = {
        "BAO_ADDR": "http://vault.test:8200",
        "VAULT_ADDR": "http://other.test",
        "VAULT_TOKEN": "planted-token",
        "VAULT_CACERT": "/ca.pem",
        "VAULT_SKIP_VERIFY": "1",
    }
    listed = said(list(machine.settings(found, {"NAMESPACE": "--namespace"}, environ, tmp_path)))
    assert listed == [
        ("ok", "server http://vault.test:8200 (BAO_ADDR)"),
        ("ok", "namespace team (--namespace)"),
        ("ok", "cacert /ca.pem (VAULT_CACERT)"),
        ("ok", "the server is asked through a proxy"),
        ("warn", "the server's certificate is not checked (VAULT_SKIP_VERIFY)"),
        ("warn", "the token goes to the server in clear"),
        ("ok", "token from VAULT_TOKEN"),
    ]


def test_where_the_token_came_from(tmp_path: Path) -> None:
    def last(token: Secret | None) -> tuple[str, str]:
        return said(list(machine.settings(ConnectionSettings(token=token), {}, {}, tmp_path)))[-1]

    assert last(None) == ("bad", "there is no token")
    assert last(Secret("x")) == ("ok", "token from ~/.vault-token")
    (tmp_path / ".vault").write_text('token_helper = "/bin/helper"\n')
    assert last(Secret("x")) == ("ok", "token from the token helper")


def test_files_that_others_may_read_and_long_term_keys(tmp_path: Path) -> None:
    token, keys = tmp_path / ".vault-token", tmp_path / ".aws" / "credentials"
    assert list(machine.files({}, tmp_path)) == []
    keys.parent.mkdir()
    token.write_text("planted-token")
    keys.write_text(
        f"[old]\naws_access_key_id = {LONG}\naws_secret_access_key = planted-secret\n"
        f"[new]\naws_access_key_id = {SHORT}\naws_session_token = planted-secret\n"
    )
    token.chmod(0o644)
    keys.chmod(0o600)
    found = list(machine.files({}, tmp_path))
    assert said(found) == [
        ("bad", f"{token} can be read by others"),
        ("ok", f"{keys} is yours alone"),
        ("warn", f"{keys} holds long-term keys: old"),
    ]
    assert "planted" not in repr(found)


@pytest.mark.parametrize(
    ("environ", "states"),
    [
        ({}, ["ok"]),
        ({"AWS_ACCESS_KEY_ID": LONG}, ["warn"]),
        ({"AWS_ACCESS_KEY_ID": SHORT}, ["ok"]),
        (
            {
                "AWS_ACCESS_KEY_ID": SHORT,
                "AWS_CREDENTIAL_EXPIRATION": "2026-11-21T08:59:59Z",
            },
            ["bad"],
        ),
        ({"AWS_ACCESS_KEY_ID": LONG, "AWS_CREDENTIAL_EXPIRATION": "2026-11-21T09:01:00Z"}, ["ok"]),
        ({"AWS_ACCESS_KEY_ID": SHORT, "AWS_CREDENTIAL_EXPIRATION": "junk"}, ["ok"]),
        ({"AWS_ACCESS_KEY_ID": SHORT, "AWS_PROFILE": "x"}, ["ok", "warn"]),
        ({"AWS_PROFILE": "x"}, []),
        ({"AWS_SESSION_TOKEN": "x"}, ["warn", "ok"]),
        ({"AWS_SECURITY_TOKEN": "x"}, ["warn", "ok"]),
    ],
)
def test_what_in_the_environment_wins(environ: dict[str, str], states: list[str]) -> None:
    assert [state for state, _ in said(list(machine.environment(environ, NOW)))] == states


def test_profiles_that_do_not_work(tmp_path: Path) -> None:
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    head = "[profile {0}]\nvaultaws_role = r\ncredential_process = {1}\n"
    config.write_text(
        head.format("good", "/bin/sh creds r")
        + head.format("on-path", "sh creds r")
        + head.format("gone", "/no/such/vaultaws creds r")
        + head.format("unsplit", '"')
        + head.format("shadowed", "/bin/sh creds r")
    )
    (config.parent / "credentials").write_text(f"[shadowed]\naws_access_key_id = {LONG}\n")
    assert said(list(machine.profiles({}, tmp_path))) == [
        ("bad", "the profile gone starts a program that is not there"),
        ("bad", "the profile unsplit starts a program that is not there"),
        ("bad", "the profile shadowed is never asked"),
        ("ok", f"2 of vaultaws in {config}"),
    ]
    assert said(list(machine.profiles({"AWS_CONFIG_FILE": "/none"}, tmp_path))) == [
        ("ok", "none in /none")
    ]


def test_where_credentials_are_kept(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "XDG_RUNTIME_DIR": ""}
    for choice, state in (("off", "warn"), ("file", "warn"), ("junk", "bad")):
        (found,) = machine.cache({**environ, "VAULTAWS_CACHE": choice})
        assert found.state == state, found


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (0, "ok", "agree"),
        (-29, "ok", "agree"),
        (60, "warn", "1 min ahead of"),
        (-301, "bad", "behind"),
    ],
)
def test_what_a_wrong_clock_means(seconds: float, state: str, words: str) -> None:
    found = skew("aws", "AWS", seconds)
    assert (found.state, words in found.what) == (state, True)
