"""`creds` for every credential type, with every parameter, on real servers."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Shell
from tests.support.issuing import Roles, every_type
from tests.support.logins import READ_ONLY
from tests.support.people import operator, person
from tests.support.terminal import CTRL_C, at_terminal
from tests.support.wired import Wired, must
from vaultaws.local.aws.control_client import ControlClient
from vaultaws.model import Credentials, Secret


@pytest.fixture
def roles(wired: Wired) -> Roles:
    return every_type(wired)


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    return operator(wired, tmp_path)


def issued(shell: Shell, *arguments: str) -> dict[str, Any]:
    done = shell.run("creds", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def caller(wired: Wired, found: dict[str, Any]) -> str:
    key = Credentials(
        found["access_key_id"],
        Secret(found["secret_access_key"]),
        Secret(found["session_token"]) if found["session_token"] else None,
    )
    arn: str = wired.client("sts", key).get_caller_identity()["Arn"]
    return arn


def refused(shell: Shell, *arguments: str) -> str:
    done = shell.run("creds", *arguments)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    return done.stderr


def leases(wired: Wired) -> list[str]:
    found = (wired.vault.list_leases(f"{wired.mount}/{path}") for path in ("creds", "sts"))
    return [lease for listed in found for lease in listed]


def test_every_type_through_its_path(roles: Roles, shell: Shell, wired: Wired) -> None:
    user = issued(shell, "reader")
    assert user["lease_id"].startswith(f"{wired.mount}/creds/reader/")
    assert user["waited"]["read"] == "ec2:DescribeRegions"
    assert "-reader-" in caller(wired, user)
    federated = issued(shell, "reader-sts", "--ttl", "20m")
    assert federated["lease_id"].startswith(f"{wired.mount}/sts/reader-sts/")
    assert federated["waited"] is None
    assert ":federated-user/" in caller(wired, federated)
    session = issued(shell, "session", "--via", "creds")
    assert session["lease_id"].startswith(f"{wired.mount}/creds/session/")
    assert caller(wired, session).endswith(f"user/{wired.root_user}")
    assumed = issued(shell, "ops", "--role-arn", roles.arns[1], "--session-name", "ada@corp")
    name = roles.arns[1].rpartition("/")[2]
    assert f":assumed-role/{name}/ada" in assumed["arn"]
    assert caller(wired, assumed) == assumed["arn"]


def test_an_mfa_code_from_the_option_and_from_the_terminal(roles: Roles, shell: Shell) -> None:
    code = roles.device.code()
    assert issued(shell, "guarded", "--mfa-code", code)["session_token"]
    again = shell.run("creds", "guarded", "--mfa-code", code)
    assert again.returncode == 2
    assert "AWS did not take the MFA code" in again.stderr
    assert code not in again.stderr + again.stdout
    assert "run it at a terminal" in refused(shell, "guarded")
    question = f"MFA code of {roles.device.serial}: "
    for answer, status, said in (
        ("12 34\n", 1, "a code is six digits"),
        (CTRL_C, 130, "stopped"),
        (lambda: f"{roles.device.code()}\n", 0, "export AWS_SESSION_TOKEN="),
    ):
        ended, screen = at_terminal(shell, "creds", "guarded", answers=[(question, answer)])
        assert (ended, said in screen) == (status, True), screen
        assert "12 34" not in screen


def test_the_question_reaches_the_terminal_when_all_else_leads_elsewhere(
    roles: Roles, shell: Shell
) -> None:
    """As an SDK runs it for credential_process: nothing but the answer may come out."""
    wrapper = shell.directory / "sdk.py"
    wrapper.write_text(
        "import subprocess, sys\n"
        "asked = [sys.executable, '-m', 'vaultaws', 'creds', 'guarded', '--format', 'process']\n"
        "done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, text=True)\n"
        "print('ANSWER', done.returncode, repr(done.stderr), done.stdout[:13])\n"
    )
    question = f"MFA code of {roles.device.serial}: "
    code = roles.device.code()
    ended, screen = at_terminal(shell, answers=[(question, f"{code}\n")], program=[str(wrapper)])
    assert ended == 0, screen
    assert "ANSWER 0 '' {\"Version\": 1" in screen
    assert code not in screen


def test_what_cannot_be_is_refused_with_nothing_issued(
    roles: Roles, shell: Shell, wired: Wired
) -> None:
    both = f"{roles.arns[0]}, {roles.arns[1]}"
    for arguments, said in {
        ("ops",): f"the engine cannot choose among {both}",
        ("ops", "--role-arn", "arn:aws:iam::1:role/x"): f"it names {both}",
        ("ops", "--role-arn", roles.arns[0], "--session-name", "a b"): "2 to 64 letters",
        ("reader", "--session-name", "ada"): "of type iam_user; only assumed_role takes it",
        ("session", "--mfa-code", "123456"): "names no MFA device",
        ("reader-sts", "--ttl", "899"): "AWS STS gives no less than 900 s (15 min)",
        ("reader", "--policy", "{}"): "the engine takes no policy with a request",
        ("session", "--policy", "x.json"): "such a session may do all that Vault's own user may",
    }.items():
        assert said in refused(shell, *arguments)
    assert leases(wired) == []


def test_the_engine_ignores_what_is_refused(roles: Roles, wired: Wired) -> None:
    """Why --policy is refused: the server gives the role's whole rights in silence."""
    narrow = '{"Version":"2012-10-17","Statement":[]}'
    answer = must(wired.ask(f"{wired.mount}/sts/reader-sts", {"policy": narrow, "ttl": "15m"}))
    data = answer.body["data"]
    key = Credentials(
        data["access_key"], Secret(data["secret_key"]), Secret(data["security_token"])
    )
    assert wired.client("ec2", key).describe_regions()["Regions"]


def test_lives_that_differ_are_told_and_the_earlier_end_is_handed_over(
    roles: Roles, shell: Shell, wired: Wired
) -> None:
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", {"max_lease_ttl": "30m"}))
    long = {"credential_type": "federation_token", "max_sts_ttl": "2h"}
    must(wired.ask(f"{wired.mount}/roles/long", {**long, "policy_document": READ_ONLY}))
    before = datetime.now(UTC)
    done = shell.run("creds", "long", "--format", "process")
    assert done.returncode == 0, done.stderr
    ends = datetime.fromisoformat(json.loads(done.stdout)["Expiration"])
    assert before + timedelta(minutes=29) < ends <= before + timedelta(minutes=31)
    assert "the token outlives its lease" in done.stderr
    ignored = shell.run("creds", "reader", "--ttl", "5m", "--no-wait")
    assert "the ttl is ignored" in ignored.stderr


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ({"ttl": "5m"}, "before its own end unless the token is renewed"),
        ({"ttl": "5m", "no_parent": True}, "before its own end unless the token is renewed"),
        ({"ttl": "5m", "renewable": False}, "before its own end\n"),
        ({"ttl": "5m", "type": "batch"}, "the lease is cut to the life of your Vault token"),
        ({"ttl": "9h", "num_uses": 20}, "the lease ends with the last of them"),
        ({"ttl": "9h"}, ""),
    ],
)
def test_a_lease_that_dies_with_its_token_is_told(
    roles: Roles, wired: Wired, tmp_path: Path, token: dict[str, Any], said: str
) -> None:
    rules = f'path "{wired.mount}/*" {{ capabilities = ["read"] }}'
    must(wired.ask(f"sys/policies/acl/issue-{wired.mount}", {"policy": rules}))
    asked = {"policies": [f"issue-{wired.mount}"], **token}
    made = must(wired.ask("auth/token/create", asked)).body["auth"]["client_token"]
    holder = operator(wired, tmp_path, VAULT_TOKEN=made)
    done = holder.run("creds", "reader", "--no-wait")
    assert done.returncode == 0, done.stderr
    assert (said in done.stderr) if said else (done.stderr == "")


def test_a_wait_that_runs_out_revokes_and_ends_with_124(
    roles: Roles, shell: Shell, wired: Wired
) -> None:
    control = ControlClient(wired.aws.endpoint, wired.aws.control_token)
    before = wired.user_names("-reader-")
    control.configure(iam_delay=30.0)
    try:
        done = shell.run("creds", "reader", "--wait", "2s")
        untried = shell.run("creds", "reader", "--no-wait", "--format", "json")
        token = shell.run("creds", "reader-sts", "--wait", "2s")
    finally:
        control.configure(iam_delay=0.0)
    assert (done.returncode, done.stdout) == (124, "")
    assert "the credentials were not good within 2 s" in done.stderr
    assert "was revoked" in done.stderr
    assert (untried.returncode, token.returncode) == (0, 0)
    assert json.loads(untried.stdout)["waited"] is None
    assert len(wired.vault.list_leases(f"{wired.mount}/creds")) == 1
    assert len(wired.user_names("-reader-")) == len(before) + 1


def test_a_set_for_a_closed_stdout_is_revoked(roles: Roles, shell: Shell, wired: Wired) -> None:
    before = leases(wired)
    words = [sys.executable, "-m", "vaultaws", "creds", "reader", "--no-wait"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *words],
        env=shell.environ,
        cwd=shell.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "was revoked" in done.stderr
    assert leases(wired) == before


def test_a_note_that_nobody_can_take_does_not_spoil_what_was_handed_over(
    roles: Roles, shell: Shell
) -> None:
    words = [sys.executable, "-m", "vaultaws", "creds", "reader", "--no-wait", "--ttl", "1h"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            words,
            env=shell.environ,
            cwd=shell.directory,
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
        )
    assert (done.returncode, "AWS_ACCESS_KEY_ID" in done.stdout) == (0, True)


def test_a_code_needs_the_right_to_update_and_the_refusal_names_it(
    roles: Roles, wired: Wired, tmp_path: Path
) -> None:
    rules = f'path "{wired.mount}/*" {{ capabilities = ["read"] }}'
    must(wired.ask(f"sys/policies/acl/read-{wired.mount}", {"policy": rules}))
    ada = person(wired, tmp_path, "ada", f"read-{wired.mount}")
    assert issued(ada, "session")["session_token"]
    done = ada.run("creds", "guarded", "--mfa-code", roles.device.code())
    assert done.returncode == 2
    assert f"permission denied on {wired.mount}/sts/guarded" in done.stderr
    assert f"ask for a policy with update on {wired.mount}/sts/guarded" in done.stderr


def test_a_token_that_may_not_read_the_role_is_told_what_is_missing(
    roles: Roles, wired: Wired, tmp_path: Path
) -> None:
    rules = f'path "{wired.mount}/creds/*" {{ capabilities = ["read", "update"] }}'
    must(wired.ask(f"sys/policies/acl/narrow-{wired.mount}", {"policy": rules}))
    ada = person(wired, tmp_path, "ada", f"narrow-{wired.mount}")
    done = ada.run("creds", "guarded")
    assert done.returncode == 2
    assert "error: role guarded needs an MFA code" in done.stderr
    assert issued(ada, "guarded", "--mfa-code", roles.device.code())["session_token"]
    done = ada.run("creds", "session", "--via", "sts")
    assert f"permission denied on {wired.mount}/sts/session" in done.stderr
    assert issued(ada, "reader-sts")["session_token"]


def test_an_sts_type_needs_neither_boto3_nor_hvac(roles: Roles, shell: Shell) -> None:
    """They take longer to import than Vault takes to answer."""
    heavy = ("boto3", "botocore", "filelock", "hvac", "requests")
    script = (
        "import sys\nfrom vaultaws.cli.main import run\n"
        "code = run(['creds', 'reader-sts', '--format', 'process'])\n"
        f"print(sorted(set({heavy}) & set(sys.modules)), code, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=shell.environ,
        cwd=shell.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "[] 0\n"


@pytest.mark.parametrize("options", [{"num_uses": 1}, {"wrap": True}])
def test_a_token_for_one_use_is_told_from_a_wrong_one(
    roles: Roles, wired: Wired, tmp_path: Path, options: dict[str, Any]
) -> None:
    if "wrap" in options:
        answer = wired.vault._transport.request(
            "POST", "/v1/auth/token/create", {"X-Vault-Wrap-TTL": "300"}, json={"ttl": "5m"}
        )
        assert answer
        token = answer["wrap_info"]["token"]
    else:
        asked = {"policies": ["default"], "ttl": "5m", **options}
        token = must(wired.ask("auth/token/create", asked)).body["auth"]["client_token"]
    done = operator(wired, tmp_path, VAULT_TOKEN=token).run("creds", "reader-sts")
    assert done.returncode == 2
    assert "used the token up" in done.stderr
    assert token not in done.stderr
    expired = operator(wired, tmp_path, VAULT_TOKEN=token).run("creds", "reader-sts")
    assert "it is wrong, expired or revoked" in expired.stderr
