"""`mfa assume`: chains as the AWS CLI knows them, one code for many, and every refusal."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.support.aws_clients import allow, client, document
from tests.support.devices import NAME, WITH_MFA, Person, key_section
from tests.support.terminal import at_terminal
from vaultaws.handoff.inifile import parse

HERD = 20


@pytest.fixture
def ops(person: Person) -> str:
    """A role that wants MFA, and its profile `ops`."""
    arn = person.role("OpsSudo", Condition=WITH_MFA)
    person.profiles(
        f"[profile ops]\nrole_arn = {arn}\nsource_profile = {NAME}\nregion = eu-west-2\n"
    )
    return arn


def assume(person: Person, role: str, *more: str, code: int = 0) -> dict[str, object]:
    done = person.shell.run("mfa", "assume", role, *more, "--format", "json")
    assert done.returncode == code, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_profile_is_assumed_with_one_code(person: Person, ops: str) -> None:
    first = assume(person, "ops", "--code", person.authenticator.fresh())
    assert (first["role_arn"], first["profile"]) == (ops, "ops")
    assert str(first["arn"]).endswith(f"assumed-role/OpsSudo/{NAME}")
    assert assume(person, "ops") == first
    other = assume(person, "ops", "--session-name", "other")
    assert str(other["arn"]).endswith("/other")
    assert person.aws.session_count == 3  # with MFA, and two of the role


def test_the_end_is_said(person: Person, ops: str) -> None:
    done = person.shell.run("mfa", "assume", "ops", "--code", person.authenticator.fresh())
    assert re.search(rf"{ops} as {NAME} until \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ \(in", done.stderr)
    assert done.stdout.startswith("export AWS_ACCESS_KEY_ID='ASIA")


def test_the_session_of_login_is_used_again(person: Person, ops: str) -> None:
    person.shell.run("mfa", "login", NAME, "--code", person.authenticator.fresh())
    assert assume(person, "ops")["role_arn"] == ops
    by_name = assume(person, "OpsSudo", "--profile", NAME)
    by_arn = assume(person, ops, "--profile", NAME)
    assert by_name["role_arn"] == by_arn["role_arn"] == ops


def test_the_session_beside_a_key_of_the_same_name_is_used_too(person: Person, ops: str) -> None:
    """`login` writes over no key: there the session stands under [NAME-session]."""
    person.credentials_file.write_text(_with_device(person, NAME))
    person.shell.run("mfa", "login", NAME, "--code", person.authenticator.fresh())
    assert assume(person, "ops")["role_arn"] == ops
    assert person.aws.session_count == 2  # that of login, and the role's
    kept = {(each["profile"], each["kept_in"]) for each in _status(person)}
    assert kept == {(f"{NAME}-session", "credentials file"), ("ops", "cache")}


def test_a_profile_that_has_a_key_of_its_own_is_nobodys_session(person: Person, ops: str) -> None:
    other = f"{NAME}-session"
    person.credentials_file.write_text(
        _with_device(person, NAME) + _with_device(person, f"{other}-long-term")
    )
    person.shell.run("mfa", "login", other, "--code", person.authenticator.fresh())
    done = person.shell.run("mfa", "assume", "ops")
    assert (done.returncode, "cannot ask: MFA code of" in done.stderr) == (1, True), done.stderr


def _with_device(person: Person, name: str) -> str:
    return f"{key_section(name, person.key)}aws_mfa_device = {person.serial}\n"


def _status(person: Person) -> list[dict[str, object]]:
    found: list[dict[str, object]] = person.shell.json("mfa", "status")["sessions"]
    return found


def test_a_wrong_code_assumes_nothing(person: Person, ops: str) -> None:
    done = person.shell.run("mfa", "assume", "ops", "--code", person.authenticator.wrong())
    assert (done.returncode, done.stdout) == (2, "")
    assert "MultiFactorAuthentication failed with invalid MFA one time pass code" in done.stderr
    assert person.aws.session_count == 0
    assert person.shell.run("mfa", "status").stdout == ""


def test_a_code_given_is_tried_though_a_session_is_kept(person: Person, ops: str) -> None:
    first = assume(person, "ops", "--code", person.authenticator.fresh())
    assert person.shell.run("mfa", "assume", "ops", "--code", "000000").returncode in (1, 2)
    second = assume(person, "ops", "--code", person.authenticator.fresh())
    assert second["access_key_id"] != first["access_key_id"]


def test_a_chain_climbs_role_by_role(person: Person, ops: str) -> None:
    deep = person.role("Deep", ops, Condition={"StringEquals": {"sts:ExternalId": "x:y"}})
    text = document(allow("sts:AssumeRole"))
    client(person.aws, "iam").put_role_policy(
        RoleName="OpsSudo", PolicyName="own", PolicyDocument=text
    )
    person.profiles(
        person.config_file.read_text()
        + f"[profile deep]\nrole_arn = {deep}\nsource_profile = ops\nexternal_id = x:y\n"
        "role_session_name = climber\nduration_seconds = 7200\n"
    )
    done = person.shell.run(
        "mfa", "assume", "deep", "--format", "json", "--code", person.authenticator.fresh()
    )
    assert done.returncode == 0, done.stderr
    assert "note:  a role behind a role lasts 1 h at most, not 7200 s" in done.stderr
    found = json.loads(done.stdout)
    assert found["arn"].endswith("assumed-role/Deep/climber")


def test_an_external_id_is_said_on_the_command_line(person: Person, ops: str) -> None:
    arn = person.role("Outside", Condition={"StringEquals": {"sts:ExternalId": "x:y"}})
    person.profiles(f"[profile outside]\nrole_arn = {arn}\nsource_profile = {NAME}\n")
    person.shell.run("mfa", "login", NAME, "--code", person.authenticator.fresh())
    refused = person.shell.run("mfa", "assume", "outside", "--external-id", "other")
    assert refused.returncode == 2
    assert assume(person, "outside", "--external-id", "x:y")["role_arn"] == arn


def test_a_duration_that_the_role_does_not_give(person: Person, ops: str) -> None:
    code = person.authenticator.fresh()
    done = person.shell.run("mfa", "assume", "ops", "--duration", "4h", "--code", code)
    assert done.returncode == 2
    assert "exceeds the MaxSessionDuration" in done.stderr
    assert "ask for less with --duration" in done.stderr
    client(person.aws, "iam").update_role(RoleName="OpsSudo", MaxSessionDuration=14_400)
    assert assume(person, "ops", "--duration", "4h")["role_arn"] == ops


def test_a_role_without_mfa_needs_no_code(person: Person) -> None:
    person.credentials_file.write_text(key_section(NAME, person.key))
    arn = person.role("Plain")
    assert assume(person, "Plain", "--profile", NAME)["role_arn"] == arn


def test_a_role_that_wants_mfa_and_no_device_is_known(person: Person, ops: str) -> None:
    person.credentials_file.write_text(key_section(NAME, person.key))
    done = person.shell.run("mfa", "assume", "ops")
    assert done.returncode == 2
    assert "not authorized to perform: sts:AssumeRole" in done.stderr
    assert "vaultaws mfa roles" in done.stderr


def test_a_program_gives_the_keys(person: Person) -> None:
    """A source that AWS's own settings find: here a credential_process."""
    person.role("Plain")
    answer = {
        "Version": 1,
        "AccessKeyId": person.key.access_key_id,
        "SecretAccessKey": person.key.secret_access_key.reveal(),
    }
    (person.shell.directory / "answer.json").write_text(json.dumps(answer))
    person.profiles(
        f"[profile src]\ncredential_process = cat {person.shell.directory / 'answer.json'}\n"
    )
    assert assume(person, "Plain", "--profile", "src")["profile"] == ""


def test_no_profile_to_begin_with(person: Person) -> None:
    done = person.shell.run("mfa", "assume", "OpsSudo")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no profile default to begin with" in done.stderr
    assert f"~/.aws has {NAME}-long-term" in done.stderr


def test_keys_of_the_environment(person: Person) -> None:
    arn = person.role("OpsSudo", Condition=WITH_MFA)
    person.credentials_file.unlink()
    away = person.with_environ(
        AWS_ACCESS_KEY_ID=person.key.access_key_id,
        AWS_SECRET_ACCESS_KEY=person.key.secret_access_key.reveal(),
    )
    found = assume(
        away, "OpsSudo", "--device", person.serial, "--code", person.authenticator.fresh()
    )
    assert found["role_arn"] == arn


def test_a_session_that_has_ended_and_no_key(person: Person, ops: str) -> None:
    person.shell.run("mfa", "login", NAME, "--code", person.authenticator.fresh())
    text = person.credentials_file.read_text()
    section = re.sub(r"expiration = .*", "expiration = 2016-12-29 18:44:20", text)
    person.credentials_file.write_text(section[section.index(f"[{NAME}]") :])
    done = person.shell.run("mfa", "assume", "ops")
    assert done.returncode == 1
    assert "it ended at 2016-12-29T18:44:20Z" in done.stderr


@pytest.mark.parametrize("role", ["arn:aws:iam::1:user/x", "a b", "", "arn:"])
def test_what_names_no_role(person: Person, role: str) -> None:
    done = person.shell.run("mfa", "assume", role)
    assert (done.returncode, done.stdout) == (1, "")
    assert "names no role" in done.stderr


def test_a_command_gets_the_role_and_its_region(person: Person, ops: str) -> None:
    script = "import os; print(os.environ['AWS_REGION'], os.environ['AWS_SESSION_TOKEN'][:3])"
    done = person.shell.run(
        "mfa", "assume", "ops", "--code", person.authenticator.fresh(), "--",
        sys.executable, "-c", script,
    )  # fmt: skip
    assert done.stdout == "eu-west-2 IQo\n", done.stderr


def test_a_herd_asks_one_person_once(person: Person, ops: str) -> None:
    """Twenty processes at one terminal, nothing kept: one question, one session, one role."""
    script = person.shell.directory / "herd.py"
    script.write_text(
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'vaultaws', 'mfa', 'assume', 'ops', '--format', "
        "'process']\n"
        f"herd = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range({HERD})]\n"
        "answers = [each.communicate()[0] for each in herd]\n"
        "codes = {each.returncode for each in herd}\n"
        "print('ended:', codes, len(set(answers)), all(b'\"Version\": 1' in a for a in answers))\n"
    )
    status, screen = at_terminal(
        person.shell,
        program=(str(script),),
        answers=[("MFA code of", lambda: person.authenticator.fresh() + "\n")],
    )
    assert status == 0, screen
    assert "ended: {0} 1 True" in screen, screen
    assert screen.count("MFA code of") == 1
    assert person.aws.session_count == 2  # one with MFA, one of the role


def test_a_herd_of_logins_asks_once(person: Person) -> None:
    script = person.shell.directory / "herd.py"
    script.write_text(
        "import subprocess, sys\n"
        f"command = [sys.executable, '-m', 'vaultaws', 'mfa', 'login', '{NAME}']\n"
        "herd = [subprocess.Popen(command) for _ in range(4)]\n"
        "print('ended:', {each.wait() for each in herd})\n"
    )
    status, screen = at_terminal(
        person.shell,
        program=(str(script),),
        answers=[("MFA code of", lambda: person.authenticator.fresh() + "\n")],
    )
    assert status == 0, screen
    assert "ended: {0}" in screen
    assert screen.count("MFA code of") == 1
    assert person.aws.session_count == 1


def test_one_who_gives_up_leaves_nothing(person: Person, ops: str) -> None:
    status, screen = at_terminal(
        person.shell, "mfa", "assume", "ops", answers=[("MFA code of", "\x03")]
    )
    assert status == 130, screen
    assert person.aws.session_count == 0
    found = assume(person, "ops", "--code", person.authenticator.fresh())
    assert found["role_arn"] == ops


def test_status_tells_what_is_kept_where(person: Person, ops: str) -> None:
    assert "no session is kept" in person.shell.run("mfa", "status").stderr
    code = person.authenticator.fresh()
    assume(person, "ops", "--code", code)
    person.shell.run("mfa", "login", NAME, "--code", person.authenticator.fresh())
    document = person.shell.json("mfa", "status")
    assert document["version"] == 1
    seen = {(each["profile"], each["kept_in"]): each for each in document["sessions"]}
    assert set(seen) == {
        (NAME, "credentials file"),
        (f"{NAME}-long-term", "cache"),
        ("ops", "cache"),
    }
    assert seen[NAME, "credentials file"]["who"] == person.serial
    assert seen["ops", "cache"]["role_arn"] == ops
    assert all(each["account"] == person.aws.account_id for each in seen.values())
    assert all(each["good"] for each in seen.values())
    table = person.shell.run("mfa", "status").stdout
    assert table.splitlines()[0].split() == ["PROFILE", "ACCOUNT", "WHO", "ENDS", "KEPT", "IN"]
    secrets = [
        *(value for key, value in _section(person).items() if key != "expiration"),
        person.key.secret_access_key.reveal(),
    ]
    assert not any(len(each) > 20 and each in table for each in secrets)


def _section(person: Person) -> dict[str, str]:
    return dict(parse(person.credentials_file.read_text(), Path())[NAME])
