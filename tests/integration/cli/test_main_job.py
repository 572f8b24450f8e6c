"""The main job at the command line, on every server: declare, issue, use, find, revoke."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.commands import Shell
from tests.support.people import ACCESS, declare, operator, person, root_shell
from tests.support.waiting import until
from tests.support.wired import Wired
from vaultaws.model import Credentials, Secret

ROLES = """
[roles.reader]
credential_type = "iam_user"
policy = "policies/ec2readonly.json"

[roles.managed]
credential_type = "iam_user"
policy_arns = ["arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"]

[roles.reader-sts]
credential_type = "federation_token"
policy = "policies/ec2readonly.json"
default_ttl = "15m"
max_ttl = "1h"
"""


@pytest.fixture
def declared(wired: Wired, tmp_path: Path) -> Shell:
    """The operator's shell in a directory whose file has been applied."""
    declare(wired, tmp_path, ROLES, ACCESS)
    done = root_shell(wired, tmp_path).run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    return operator(wired, tmp_path)


def issue(shell: Shell, role: str, *arguments: str) -> dict[str, Any]:
    done = shell.run("creds", role, "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def credentials(found: dict[str, Any]) -> Credentials:
    token = found["session_token"]
    return Credentials(
        found["access_key_id"], Secret(found["secret_access_key"]), Secret(token) if token else None
    )


def refusal(wired: Wired, found: dict[str, Any], operation: str, **parameters: Any) -> str:
    try:
        getattr(wired.client("ec2", credentials(found)), operation)(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_plan_after_apply_is_empty_and_apply_is_idle(declared: Shell, wired: Wired) -> None:
    done = declared.run("plan", "--detailed-exitcode")
    assert done.returncode == 0, done.stdout
    assert "Nothing to change" in done.stdout
    again = root_shell(wired, declared.directory).run("apply", "--yes")
    assert again.returncode == 0
    assert "nothing was written" in again.stdout


def test_a_changed_policy_is_shown_then_written(declared: Shell, wired: Wired) -> None:
    policy = declared.directory / "policies" / "ec2readonly.json"
    policy.write_text(policy.read_text().replace("ec2:Describe*", "ec2:DescribeInstances"))
    shown = declared.run("plan", "--detailed-exitcode")
    assert shown.returncode == 3
    assert "~ role reader" in shown.stdout
    assert declared.json("plan")["changes"][0]["action"] == "change"
    assert root_shell(wired, declared.directory).run("apply", "--yes").returncode == 0
    assert declared.run("plan", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("role", ["reader", "managed"])
def test_an_iam_user_reads_and_runs_nothing(declared: Shell, wired: Wired, role: str) -> None:
    found = issue(declared, role)
    assert found["access_key_id"].startswith("AKIA")
    assert found["waited"]["seconds"] >= 0
    assert refusal(wired, found, "describe_instances") == ""
    denied = refusal(wired, found, "run_instances", ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    assert denied == "UnauthorizedOperation"
    done = declared.run("leases", "revoke", found["lease_id"], "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: refusal(wired, found, "describe_instances") == "AuthFailure")


def test_a_person_issues_what_access_grants_and_no_more(
    declared: Shell, wired: Wired, tmp_path: Path
) -> None:
    ada = person(wired, tmp_path, "ada", f"vaultaws-{wired.mount}-analysts")
    found = issue(ada, "reader-sts", "--ttl", "15m")
    assert found["access_key_id"].startswith("ASIA")
    done = ada.run("creds", "managed")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error:" in done.stderr


def test_env_format_works_in_a_shell(declared: Shell) -> None:
    done = declared.run("creds", "reader-sts")
    script = f'{done.stdout}\nprintf %s "$AWS_ACCESS_KEY_ID$AWS_SESSION_TOKEN"'
    printed = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert printed.stdout.startswith("ASIA")
    assert len(printed.stdout) > 40


def test_process_format_is_what_an_sdk_reads(declared: Shell) -> None:
    document = json.loads(declared.run("creds", "reader-sts", "--format", "process").stdout)
    assert document["Version"] == 1
    assert document["Expiration"].endswith("Z")


def test_a_token_outlives_its_lease_until_it_is_cut(
    declared: Shell, wired: Wired, tmp_path: Path
) -> None:
    found = issue(person(wired, tmp_path, "ada", f"vaultaws-{wired.mount}-analysts"), "reader-sts")
    key = found["access_key_id"]
    assert declared.run("leases", "revoke", found["lease_id"], "--yes").returncode == 3
    assert refusal(wired, found, "describe_instances") == ""
    (row,) = declared.json("leases", "list", "--key", key)["credentials"]
    assert (row["person"], row["outlives_lease"]) == ("ada", True)
    assert "TOKEN ENDS" in declared.run("leases", "list").stdout
    cut = declared.run("leases", "revoke", "--key", key, "--cut", "--yes")
    assert cut.returncode == 0, cut.stdout + cut.stderr
    until(lambda: refusal(wired, found, "describe_instances") == "UnauthorizedOperation")
    # AWS counts issue times in whole seconds: a token of the cut's own second is denied too.
    until(lambda: refusal(wired, issue(declared, "reader-sts"), "describe_instances") == "")


def test_the_trail_explains_by_person_and_flags_a_thief(
    declared: Shell, wired: Wired, tmp_path: Path
) -> None:
    ada = person(wired, tmp_path, "ada", f"vaultaws-{wired.mount}-analysts")
    keys = {issue(ada, role)["access_key_id"] for role in ("reader", "reader-sts")}

    def explained() -> bool:
        seen = json.loads(declared.run("trail", "check", "--json").stdout)["credentials"]
        found = {row["access_key_id"]: row for row in seen}
        return all(
            key in found and (found[key]["standing"], found[key]["person"]) == ("explained", "ada")
            for key in keys
        )

    until(explained)
    iam = wired.client("iam", wired.root_credentials)
    iam.create_user(UserName="vault-thief-" + wired.mount)
    stolen = iam.create_access_key(UserName="vault-thief-" + wired.mount)["AccessKey"]
    report = declared.json("trail", "check", code=3)
    (thief,) = [
        row for row in report["credentials"] if row["access_key_id"] == stolen["AccessKeyId"]
    ]
    assert thief["standing"] == "unexplained"
    text = declared.run("trail", "check")
    assert text.returncode == 3
    assert "unexplained  !!" in text.stdout


def test_roles_are_listed_and_shown(declared: Shell) -> None:
    assert declared.json("roles", "list")["roles"] == ["managed", "reader", "reader-sts"]
    names = declared.run("roles", "list", "--names").stdout
    assert names.split() == ["managed", "reader", "reader-sts"]
    head, *rows = declared.run("roles", "list").stdout.splitlines()
    assert head.split() == ["NAME", "TYPE", "TTL", "GRANTS", "LEASES"]
    assert [row.split()[0] for row in rows] == ["managed", "reader", "reader-sts"]
    assert "15 min … 1 h" in rows[2]
    assert "federation_token" in declared.run("roles", "show", "reader-sts").stdout
    shown = declared.json("roles", "show", "reader")
    assert shown["policy_document"]["Statement"]
