"""`mfa login` as people run it: files, words, formats, commands, and every refusal of AWS."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.aws_clients import client, refusal
from tests.support.devices import NAME, Person, key_section, shell_for
from tests.support.terminal import at_terminal
from vaultaws.clock import SystemClock
from vaultaws.handoff.inifile import parse
from vaultaws.local.aws.clock import MovableClock
from vaultaws.local.aws.serve import LocalAws
from vaultaws.mfa.profiles import keys_of

UNTIL = r"until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ \(in "


def login(person: Person, *more: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    codes = () if code is None else ("--code", code)
    return person.shell.run("mfa", "login", NAME, *codes, *more)


def section(person: Person, name: str = NAME) -> dict[str, str]:
    return dict(parse(person.credentials_file.read_text(), person.credentials_file)[name])


def expire(person: Person) -> None:
    text = person.credentials_file.read_text()
    new = re.sub(r"expiration = .*", "expiration = 2016-12-29 18:44:20", text)
    person.credentials_file.write_text(new)


def test_a_session_is_kept_and_found_again(person: Person, aws: LocalAws) -> None:
    before = person.credentials_file.read_text()
    done = login(person, code=person.authenticator.fresh())
    assert (done.returncode, done.stdout) == (0, "")
    assert "no session yet" in done.stderr
    assert re.search(rf"{NAME} is good {UNTIL}", done.stderr)
    text = person.credentials_file.read_text()
    assert text.startswith(before)
    kept = keys_of(section(person))
    assert kept is not None
    assert client(aws, "sts", kept).get_caller_identity()["Arn"].endswith(f"user/{NAME}")
    client(aws, "iam", kept).list_users()  # IAM takes sessions with MFA only
    again = login(person)
    assert (again.returncode, again.stdout) == (0, "")
    assert re.search(rf"{NAME} is still good {UNTIL}", again.stderr)
    assert person.credentials_file.read_text() == text


def test_an_expired_session_is_renewed(person: Person) -> None:
    login(person, code=person.authenticator.fresh())
    first = section(person)
    expire(person)
    done = login(person, code=person.authenticator.fresh())
    assert "Your credentials have expired, renewing" in done.stderr
    assert section(person)["aws_access_key_id"] != first["aws_access_key_id"]


def test_force_renews_a_good_session(person: Person) -> None:
    login(person, code=person.authenticator.fresh())
    first = section(person)
    done = login(person, "--force", code=person.authenticator.fresh())
    assert done.returncode == 0
    assert section(person)["aws_access_key_id"] != first["aws_access_key_id"]


def test_the_duration_is_what_was_asked(person: Person) -> None:
    login(person, "--duration", "36h", code=person.authenticator.fresh())
    end = datetime.strptime(section(person)["expiration"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    left = end - person.aws.clock.now()
    assert timedelta(hours=35, minutes=55) < left <= timedelta(hours=36)


def test_a_code_is_asked_at_the_terminal(person: Person) -> None:
    status, screen = at_terminal(
        person.shell,
        "mfa",
        "login",
        NAME,
        answers=[(f"MFA code of {person.serial}: ", lambda: person.authenticator.fresh() + "\n")],
    )
    assert status == 0, screen
    assert f"{NAME} is good" in screen


def test_a_question_never_mixes_with_stdout(person: Person) -> None:
    """stdout in a pipe, as `$(…)` has it: the question goes to the terminal itself."""
    script = (
        "import subprocess, sys\n"
        "out = subprocess.run([sys.executable, '-m', 'vaultaws', 'mfa', 'login', 'ada', "
        "'--format', 'process'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)\n"
        "print('stdout:', out.stdout.count('code'), '\"Version\": 1' in out.stdout)\n"
    )
    status, screen = at_terminal(
        person.shell,
        program=("-c", script),
        answers=[("MFA code of", lambda: person.authenticator.fresh() + "\n")],
    )
    assert status == 0, screen
    assert "stdout: 0 True" in screen


@pytest.mark.parametrize("form", ["env", "process", "json"])
def test_a_session_is_printed_too(person: Person, form: str) -> None:
    done = login(person, "--format", form, code=person.authenticator.fresh())
    kept = section(person)
    assert kept["aws_session_token"] in done.stdout
    again = login(person, "--format", form)
    assert again.stdout == done.stdout


def test_a_session_need_not_be_kept(person: Person) -> None:
    before = person.credentials_file.read_text()
    code = person.authenticator.fresh()
    done = login(person, "--no-write", "--format", "json", code=code)
    document = json.loads(done.stdout)
    assert document["version"] == 1
    assert document["access_key_id"].startswith("ASIA")
    assert person.credentials_file.read_text() == before
    assert login(person, "--no-write").returncode == 1


def test_a_command_gets_the_session_and_gives_its_code(person: Person) -> None:
    script = (
        "import os, sys\n"
        "names = sorted(n for n in os.environ if n.startswith('AWS_') and 'ENDPOINT' not in n)\n"
        "print(names, os.environ['AWS_ACCESS_KEY_ID'])\n"
        "sys.exit(7)\n"
    )
    stale = person.with_environ(AWS_PROFILE="none", AWS_SECURITY_TOKEN="old")
    code = person.authenticator.fresh()
    done = login(stale, "--", sys.executable, "-c", script, code=code)
    assert done.returncode == 7, done.stderr
    assert section(person)["aws_access_key_id"] in done.stdout
    assert "AWS_PROFILE" not in done.stdout
    assert "AWS_SECURITY_TOKEN" not in done.stdout
    assert login(person, "--", "no-such-program").returncode == 127
    assert "no command stands behind --" in login(person, "--").stderr


def test_a_shell_gets_the_session(person: Person) -> None:
    login(person, code=person.authenticator.fresh())
    at_shell = person.with_environ(SHELL="/bin/bash").shell
    status, screen = at_terminal(
        at_shell,
        "mfa",
        "login",
        NAME,
        "--shell",
        answers=[("(ada 1", "echo key=$AWS_ACCESS_KEY_ID; exit 3\n")],
    )
    assert status == 3, screen
    assert f"key={section(person)['aws_access_key_id']}" in screen


def test_keys_under_their_own_name_are_not_written_over(person: Person) -> None:
    person.credentials_file.write_text(key_section("work", person.key))
    person.profiles(f"[profile work]\nmfa_serial = {person.serial}\nregion = eu-west-2\n")
    done = person.shell.run("mfa", "login", "work", "--code", person.authenticator.fresh())
    assert done.returncode == 0, done.stderr
    assert section(person, "work")["aws_access_key_id"] == person.key.access_key_id
    assert section(person, "work-session")["aws_access_key_id"].startswith("ASIA")


def test_files_in_other_places(person: Person, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    person.credentials_file.rename(elsewhere)
    away = person.with_environ(
        AWS_SHARED_CREDENTIALS_FILE=str(elsewhere), AWS_PROFILE=NAME, AWS_DEFAULT_REGION="eu-west-2"
    )
    done = away.shell.run("mfa", "login", "--code", person.authenticator.fresh())
    assert done.returncode == 0, done.stderr
    assert f"[{NAME}]" in elsewhere.read_text()
    assert not person.credentials_file.exists()


def test_a_role_of_aws_mfas_file(person: Person) -> None:
    arn = person.role("OpsSudo")
    with person.credentials_file.open("a") as file:
        file.write(f"assume_role = {arn}\n")
    done = login(person, code=person.authenticator.fresh())
    assert done.returncode == 0, done.stderr
    kept = section(person)
    assert (kept["assumed_role"], kept["assumed_role_arn"]) == ("True", arn)
    assert "still good" in login(person).stderr


def test_a_program_makes_the_code(person: Person) -> None:
    totp = Path(person.shell.directory / "totp.py")
    totp.write_text(f"print({person.authenticator.fresh()!r})\n")
    with person.credentials_file.open("a") as file:
        file.write(f"mfa_process = {sys.executable} {totp}\n")
    done = login(person)
    assert done.returncode == 0, done.stderr


def refused(done: subprocess.CompletedProcess[str], person: Person, before: str) -> str:
    """It failed, printed nothing on stdout, wrote nothing, and showed no secret."""
    assert done.returncode in (1, 2), done.stderr
    assert done.stdout == ""
    assert person.credentials_file.read_text() == before
    for secret in (person.key.secret_access_key.reveal(), person.authenticator.secret):
        assert secret not in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_wrong_code(person: Person) -> None:
    before = person.credentials_file.read_text()
    told = refused(login(person, code=person.authenticator.wrong()), person, before)
    assert "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass" in told
    assert "wait for the device's next code" in told


def test_a_used_code_is_not_sent_again(person: Person) -> None:
    code = person.authenticator.fresh()
    login(person, code=code)
    before = person.credentials_file.read_text()
    told = refused(login(person, "--force", code=code), person, before)
    assert "the MFA code was used already" in told


def test_a_code_that_another_program_used(person: Person, aws: LocalAws) -> None:
    code, before = person.authenticator.fresh(), person.credentials_file.read_text()
    sts = client(aws, "sts", person.key)
    sts.get_session_token(SerialNumber=person.serial, TokenCode=code)
    told = refused(login(person, code=code), person, before)
    assert "invalid MFA one time pass code" in told
    assert (
        refusal(sts.get_session_token, SerialNumber=person.serial, TokenCode=code).code
        == "AccessDenied"
    )


def test_a_device_that_is_not_ones_own(person: Person) -> None:
    before = person.credentials_file.read_text()
    other = person.serial.replace("mfa/ada", "mfa/ben")
    code = person.authenticator.fresh()
    told = refused(login(person, "--device", other, code=code), person, before)
    assert "unable to validate MFA code" in told
    assert "vaultaws mfa device list" in told


def test_no_device_is_known(person: Person) -> None:
    text = key_section(f"{NAME}-long-term", person.key)
    person.credentials_file.write_text(text)
    told = refused(login(person, code="123456"), person, text)
    assert "no MFA device is known for ada-long-term" in told


@pytest.mark.parametrize("fate", ["Inactive", "deleted"])
def test_a_key_that_is_inactive_or_gone(person: Person, aws: LocalAws, fate: str) -> None:
    iam, key = client(aws, "iam"), person.key.access_key_id
    if fate == "deleted":
        iam.delete_access_key(UserName=NAME, AccessKeyId=key)
    else:
        iam.update_access_key(UserName=NAME, AccessKeyId=key, Status=fate)
    before = person.credentials_file.read_text()
    told = refused(login(person, code=person.authenticator.fresh()), person, before)
    assert "does not know the access key, or it is inactive (InvalidClientTokenId)" in told
    assert "make the key active or make a new one" in told


def test_a_wrong_secret_key(person: Person) -> None:
    secret = person.key.secret_access_key.reveal()
    before = person.credentials_file.read_text().replace(secret, "not-" + secret[4:])
    person.credentials_file.write_text(before)
    told = refused(login(person, code=person.authenticator.fresh()), person, before)
    assert "the secret key is wrong" in told


def test_a_code_is_not_spent_on_what_cannot_be_done(person: Person) -> None:
    """A file that cannot be edited and a program that is not there are found before the code."""
    code = person.authenticator.fresh()
    assert login(person, "--", "no-such-program", code=code).returncode == 127
    own = person.credentials_file.parent
    moved = own.rename(own.with_name("moved"))
    own.symlink_to(moved / "credentials")
    away = person.with_environ(
        AWS_SHARED_CREDENTIALS_FILE=str(own / "x"), AWS_CONFIG_FILE=str(moved / "config")
    )
    assert login(away, code=code).returncode == 1
    assert person.aws.session_count == 0
    own.unlink()
    moved.rename(own)
    assert login(person, code=code).returncode == 0


def test_nobody_to_ask(person: Person) -> None:
    before = person.credentials_file.read_text()
    told = refused(login(person), person, before)
    assert "there is no terminal to ask at" in told
    assert "mfa_process" in told


def test_aws_is_away(person: Person) -> None:
    away = person.with_environ(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    code, before = person.authenticator.fresh(), person.credentials_file.read_text()
    told = refused(login(away, code=code), person, before)
    assert "no answer from AWS" in told
    # the code may have been used: it is not sent a second time
    assert "used already" in refused(login(person, code=code), person, before)


class AheadClock(SystemClock):
    """A clock twenty minutes ahead of this machine's."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=20)


def test_a_clock_that_is_off(tmp_path: Path) -> None:
    with LocalAws(seed=1, clock=MovableClock(AheadClock())) as aws:
        shell = shell_for(aws, tmp_path)
        file = tmp_path / ".aws" / "credentials"
        file.parent.mkdir()
        serial = f"arn:aws:iam::{aws.account_id}:mfa/admin"
        file.write_text(key_section("a-long-term", aws.admin) + f"aws_mfa_device = {serial}\n")
        done = shell.run("mfa", "login", "a", "--code", "123456")
    assert done.returncode == 2
    (seconds,) = re.findall(r"clock is (\d+) seconds behind that of AWS", done.stderr)
    assert 1190 <= int(seconds) <= 1260
    assert "set the machine's clock" in done.stderr
