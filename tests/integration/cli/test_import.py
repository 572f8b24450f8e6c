"""`vaultaws import` on real servers: what it writes, and that `plan` is empty afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Shell
from tests.support.people import operator
from tests.support.wired import Wired, must

READ_EC2 = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
}
ARN = "arn:aws:iam::123456789012"


def role(wired: Wired, name: str, **fields: Any) -> None:
    must(wired.ask(f"{wired.mount}/roles/{name}", fields))


@pytest.fixture
def shell(wired: Wired, tmp_path: Path) -> Shell:
    """The operator's shell, beside a mount with a role of each type."""
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", {"default_lease_ttl": "15m"}))
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", {"max_lease_ttl": "36h"}))
    document = json.dumps(READ_EC2)
    role(
        wired,
        "reader",
        credential_type="iam_user",
        policy_document=document,
        iam_tags={"team": "data"},
        user_path="/people/",
        permissions_boundary_arn=f"{ARN}:policy/edge",
    )
    role(
        wired,
        "reader-sts",
        credential_type="federation_token",
        policy_document=document,
        default_sts_ttl="15m",
        max_sts_ttl="1h30m",
    )
    role(
        wired,
        "ops.night@site",
        credential_type="assumed_role",
        role_arns=[f"{ARN}:role/b", f"{ARN}:role/a"],
        session_tags={"a b": 'q"u\\o'},
        external_id="x-1",
    )
    role(
        wired,
        "session",
        credential_type="session_token",
        mfa_serial_number=f"{ARN}:mfa/root",
    )
    return operator(wired, tmp_path)


def plan_is_empty(shell: Shell) -> None:
    done = shell.run("plan", "--detailed-exitcode", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["changes"] == []


def texts(folder: Path) -> dict[str, bytes]:
    files = [folder / "vaultaws.toml", *(folder / "policies").glob("*")]
    return {path.name: path.read_bytes() for path in files}


def test_plan_is_empty_after_import(shell: Shell, wired: Wired) -> None:
    done = shell.run("import")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["policies/reader.json", "vaultaws.toml"]
    text = (shell.directory / "vaultaws.toml").read_text()
    assert 'default_lease_ttl = "15m"' in text
    assert wired.root_credentials.access_key_id not in text
    assert f"ends with …{wired.root_credentials.access_key_id[-4:]}" in text
    assert "username_template" not in text
    assert text.count('policy = "policies/reader.json"') == 2
    plan_is_empty(shell)


def test_a_second_import_writes_nothing(shell: Shell) -> None:
    assert shell.run("import").returncode == 0
    first = texts(shell.directory)
    again = shell.run("import")
    assert again.returncode == 0
    assert again.stdout == ""
    assert "nothing was written" in again.stderr
    assert texts(shell.directory) == first
