"""The real aws-mfa and `mfa login` on the same files, both ways."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.aws_clients import client
from tests.support.devices import NAME, Person
from vaultaws.handoff.inifile import parse
from vaultaws.mfa.profiles import keys_of


def run_aws_mfa(
    aws_mfa: Path, person: Person, *more: str, code: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(aws_mfa), "--profile", NAME, *more],
        input=f"{code}\n",
        env={**person.shell.environ, "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def section(person: Person) -> dict[str, str]:
    return dict(parse(person.credentials_file.read_text(), person.credentials_file)[NAME])


def test_what_aws_mfa_wrote_is_still_good(aws_mfa: Path, person: Person) -> None:
    run_aws_mfa(aws_mfa, person, code=person.authenticator.fresh())
    text = person.credentials_file.read_text()
    done = person.shell.run("mfa", "login", NAME)
    assert done.returncode == 0, done.stderr
    assert f"{NAME} is still good until" in done.stderr
    assert person.credentials_file.read_text() == text
    kept = keys_of(section(person))
    assert kept is not None
    assert client(person.aws, "sts", kept).get_caller_identity()["Arn"].endswith(f"/{NAME}")


def test_what_we_wrote_is_still_good_for_aws_mfa(aws_mfa: Path, person: Person) -> None:
    person.shell.run("mfa", "login", NAME, "--code", person.authenticator.fresh())
    before = section(person)
    done = run_aws_mfa(aws_mfa, person)
    assert "Your credentials are still valid for" in done.stdout
    assert section(person) == before


def test_each_renews_the_other_ones_session(aws_mfa: Path, person: Person) -> None:
    person.shell.run("mfa", "login", NAME, "--code", person.authenticator.fresh())
    ours = section(person)
    run_aws_mfa(aws_mfa, person, "--force", code=person.authenticator.fresh())
    theirs = section(person)
    assert set(theirs) == set(ours)
    done = person.shell.run("mfa", "login", NAME, "--force", "--code", person.authenticator.fresh())
    assert done.returncode == 0, done.stderr
    assert set(section(person)) == set(ours)
    keys = {each["aws_access_key_id"] for each in (ours, theirs, section(person))}
    assert len(keys) == 3


def test_a_roles_session_is_understood_both_ways(aws_mfa: Path, person: Person) -> None:
    arn = person.role("OpsSudo")
    with person.credentials_file.open("a") as file:
        file.write(f"assume_role = {arn}\n")
    run_aws_mfa(aws_mfa, person, code=person.authenticator.fresh())
    assert "still good" in person.shell.run("mfa", "login", NAME).stderr
    person.shell.run("mfa", "login", NAME, "--force", "--code", person.authenticator.fresh())
    assert section(person)["assumed_role_arn"] == arn
    assert "still valid for" in run_aws_mfa(aws_mfa, person).stdout
