"""Whatever the value, each shell reads back exactly that value, and does nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.shells import (
    POSIX,
    SETTINGS,
    SINGLE_QUOTES,
    printing,
    read_cmd,
    read_powershell,
    run_shell,
)
from vaultaws.errors import UsageError
from vaultaws.handoff.formats import (
    FORMATS,
    STALE,
    quote_fish,
    quote_posix,
    quote_powershell,
    render_credentials,
)
from vaultaws.model import Credentials, Secret

# NUL cannot stand in an environment variable; surrogates cannot be encoded.
HOSTILE = "'\"\\$`!%^&|<>();{}[]*?~#=\n\r\t \x1b\x07" + SINGLE_QUOTES
TEXT = st.text(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    ),
    max_size=40,
)
VALUES = st.lists(TEXT, min_size=1, max_size=40)
ATTACKS = [
    "a'b\"c$(touch x)`id`\\;&|<>\u2019 $HOME %PATH% !1 é",
    "'; touch pwned; '",
    "\u2019; touch pwned; \u2018",
    "''",
    "'\\''",
    "\\",
    "\\'",
    "x\\",
    "$(touch pwned)",
    "`touch pwned`",
    "(touch pwned)",
    "{a,b}",
    "~root",
    "*",
    "!!",
    "a\nexport AWS_PROFILE=evil",
    "-n",
    "%COMSPEC%",
    "a & calc",
]


def credentials(secret: str, token: str | None = None) -> Credentials:
    return Credentials(
        "AKIA" + "0" * 16,
        Secret(secret),
        Secret(token) if token is not None else None,
        datetime(2026, 11, 21, 10, tzinfo=UTC),
    )


def script_of(values: list[str], quote: Any) -> str:
    return "printf '%s\\0' " + " ".join(quote(value) for value in values)


def told(values: list[str]) -> bytes:
    return b"".join(value.encode() + b"\0" for value in values)


@pytest.mark.parametrize("program", POSIX)
@settings(deadline=None, max_examples=15)
@given(VALUES)
def test_posix_quoting_is_read_back(program: str, values: list[str]) -> None:
    assert run_shell(program, script_of(values, quote_posix)) == told(values)


@settings(deadline=None, max_examples=10)
@given(VALUES)
def test_fish_quoting_is_read_back(values: list[str]) -> None:
    assert run_shell("fish", script_of(values, quote_fish)) == told(values)


@pytest.mark.parametrize("program", [*POSIX, "fish"])
def test_nothing_in_an_attack_is_run(program: str) -> None:
    """Under the options that change how quotes are read as well."""
    quote = quote_fish if program == "fish" else quote_posix
    lines = [*SETTINGS.get(program, ()), script_of(ATTACKS, quote)]
    assert run_shell(program, "\n".join(lines)) == told(ATTACKS)


@pytest.mark.parametrize("program", [*POSIX, "fish"])
@pytest.mark.parametrize("attack", [ATTACKS[0], ATTACKS[15]])
def test_a_whole_set_replaces_what_another_tool_left(program: str, attack: str) -> None:
    form = "fish" if program == "fish" else "env"
    names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", *STALE)
    left = dict.fromkeys((*names, "AWS_CREDENTIAL_EXPIRATION"), "old")
    for token, seen in (("t'k", "t'k"), (None, "gone")):
        script = render_credentials(credentials(attack, token), form, {})
        printed = run_shell(program, f"{script}\n{printing(program, names)}\n", left)
        assert printed == told([attack, seen, *["gone"] * len(STALE)])


@settings(max_examples=200)
@given(TEXT, TEXT)
def test_powershell_assigns_exactly_the_values(secret: str, token: str) -> None:
    assigned, removed = read_powershell(
        render_credentials(credentials(secret, token), "powershell", {})
    )
    assert assigned == {
        "AWS_ACCESS_KEY_ID": "AKIA" + "0" * 16,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
        "AWS_CREDENTIAL_EXPIRATION": "2026-11-21T10:00:00Z",
    }
    assert removed == list(STALE)


@pytest.mark.parametrize("attack", ATTACKS)
def test_powershell_runs_nothing_of_an_attack(attack: str) -> None:
    literal = quote_powershell(attack)
    assert read_powershell(f"$Env:AWS_SECRET_ACCESS_KEY = {literal}")[0] == {
        "AWS_SECRET_ACCESS_KEY": attack
    }


@settings(max_examples=200)
@given(TEXT)
def test_cmd_sets_exactly_the_value_or_refuses(secret: str) -> None:
    given_set = credentials(secret)
    if any(mark in secret for mark in '"%!') or not secret.isprintable():
        with pytest.raises(UsageError, match=r"cmd\.exe"):
            render_credentials(given_set, "windows-cmd", {})
        return
    text = render_credentials(given_set, "windows-cmd", {})
    found = read_cmd(text)
    assert found["AWS_SECRET_ACCESS_KEY"] == secret
    assert all(found[name] == "" for name in (*STALE, "AWS_SESSION_TOKEN"))


@given(TEXT, TEXT)
def test_the_process_format_is_read_back(secret: str, token: str) -> None:
    text = render_credentials(credentials(secret, token), "process", {})
    assert "\n" not in text
    read = json.loads(text)
    assert (read["SecretAccessKey"], read["SessionToken"]) == (secret, token)


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in {"json", "process"}])
def test_a_nul_fits_no_shell(form: str) -> None:
    with pytest.raises(UsageError):
        render_credentials(replace(credentials("a\0b"), expires_at=None), form, {})
