"""Secrets planted in files, keyring, environment and answers are in no output but the asked-for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.aws_clients import client
from tests.support.devices import NAME, Person
from tests.support.waiting import until
from vaultaws.handoff.inifile import parse

PROFILE = ("--profile", f"{NAME}-long-term")


def secrets_of(person: Person) -> set[str]:
    """Every secret that is about: keys, tokens, the device's secret, and the last code."""
    found = {person.key.secret_access_key.reveal(), person.authenticator.secret}
    for section in parse(person.credentials_file.read_text(), person.credentials_file).values():
        found |= {
            value
            for name, value in section.items()
            if name in {"aws_secret_access_key", "aws_session_token"}
        }
    return found


def leaked(person: Person, done: subprocess.CompletedProcess[str]) -> set[str]:
    return {each for each in secrets_of(person) if each in done.stdout + done.stderr}


@pytest.mark.parametrize("debug", ["", "1"])
def test_no_word_of_ours_holds_one(person: Person, debug: str) -> None:
    person.role("Plain")
    shell = person.with_environ(VAULTAWS_DEBUG=debug).shell
    asked = (
        ("login", NAME, "--code", person.authenticator.fresh()),
        ("login", NAME),
        ("login", NAME, "--force", "--code", person.authenticator.wrong()),
        ("assume", "Nope", "--profile", NAME),
        ("assume", "Plain", "--profile", NAME, "--", "true"),
        ("status",),
        ("status", "--json"),
        ("roles", *PROFILE, "--json"),
        ("device", "list", *PROFILE),
        ("device", "enable", *PROFILE, "--code", "111111", "--code", "222222"),
        ("login", "nobody"),
    )
    for words in asked:
        done = shell.run("mfa", *words)
        assert leaked(person, done) == set(), words
        assert debug or "Traceback" not in done.stderr


def test_a_broken_file_is_not_quoted(person: Person) -> None:
    secret = person.key.secret_access_key.reveal()
    person.credentials_file.write_text(f"[a]\n{secret}\n")
    done = person.shell.run("mfa", "login", NAME)
    assert done.returncode == 1
    assert "credentials:2 cannot be read" in done.stderr
    assert secret not in done.stderr + done.stdout


def test_the_process_list_shows_none(person: Person) -> None:
    """While a command runs with the session: nothing on any command line, ours or its own."""
    mark = person.shell.directory / "runs"
    script = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(60)"
    with person.shell.start(
        "mfa", "login", NAME, "--code", person.authenticator.fresh(),
        "--", sys.executable, "-c", script,
    ) as process:  # fmt: skip
        try:
            until(mark.exists)
            listed = subprocess.run(
                ["ps", "-eo", "args"], capture_output=True, text=True, check=True
            ).stdout
            assert not any(each in listed for each in secrets_of(person))
        finally:
            process.terminate()
            process.communicate(timeout=60)


def test_what_is_left_behind(person: Person, tmp_path: Path) -> None:
    """No file but the credentials and, where it was allowed, the cache holds one."""
    shell = person.with_environ(VAULTAWS_CACHE="off").shell
    shell.run("mfa", "login", NAME, "--code", person.authenticator.fresh())
    person.role("Plain")
    shell.run("mfa", "assume", "Plain", "--profile", NAME)
    planted = secrets_of(person)
    holders = {
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and any(each in path.read_text(errors="replace") for each in planted)
    }
    assert holders == {person.credentials_file}
    assert all(
        path.stat().st_mode & 0o077 == 0
        for path in (tmp_path / "state" / "vaultaws" / "mfa").rglob("*")
    )


def test_the_trail_has_no_code(person: Person) -> None:
    code = person.authenticator.fresh()
    person.shell.run("mfa", "login", NAME, "--code", code)
    events = client(person.aws, "cloudtrail", region="us-east-1").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GetSessionToken"}]
    )["Events"]
    (record,) = [each["CloudTrailEvent"] for each in events]
    assert code not in record
    assert person.serial in record
