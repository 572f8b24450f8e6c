"""The server's own command line, on what `vaultaws apply` configured; our inventory sees it all."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import find
from tests.support.commands import Shell
from tests.support.people import ACCESS, TWO_ROLES, declare, operator, person, root_shell
from tests.support.places import here
from tests.support.wired import Wired
from vaultaws.local.servers.dev import DevServer
from vaultaws.model import Credentials, Secret


@pytest.fixture
def applied(wired: Wired, tmp_path: Path) -> Shell:
    """The operator's shell beside a file that has been applied."""
    declare(wired, tmp_path, TWO_ROLES, ACCESS)
    code, out, err = here(root_shell(wired, tmp_path), "apply", "--yes")
    assert code == 0, out + err
    return operator(wired, tmp_path)


def told(wired: Wired, shell: Shell, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of `vault` or `bao`, in a person's environment."""
    source = find(wired.server.kind)
    assert isinstance(source, DevServer)
    return subprocess.run(
        [str(source.binary), *arguments],
        env=shell.environ,
        cwd=shell.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def answer(wired: Wired, shell: Shell, *arguments: str) -> dict[str, Any]:
    done = told(wired, shell, *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def credentials(found: dict[str, Any]) -> Credentials:
    data = found["data"]
    token = data.get("security_token") or data.get("session_token")
    return Credentials(
        data["access_key"], Secret(data["secret_key"]), Secret(token) if token else None
    )


def refusal(wired: Wired, key: Credentials, operation: str, **parameters: Any) -> str:
    try:
        getattr(wired.client("ec2", key), operation)(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def listed(shell: Shell) -> dict[str, dict[str, Any]]:
    """What `vaultaws leases list` knows, by lease."""
    code, out, err = here(shell, "leases", "list", "--json")
    assert code in (0, 3), err
    return {row["lease_id"]: row for row in json.loads(out)["credentials"]}


def test_it_issues_and_revokes_and_our_inventory_sees_it(
    applied: Shell, wired: Wired, tmp_path: Path
) -> None:
    ada = person(wired, tmp_path, "ada", f"vaultaws-{wired.mount}-analysts")
    user = answer(wired, ada, "read", "-format=json", f"{wired.mount}/creds/reader")
    words = ("write", "-format=json", f"{wired.mount}/sts/reader-sts", "ttl=20m")
    token = answer(wired, ada, *words)
    keys = {found["lease_id"]: credentials(found) for found in (user, token)}
    for key in keys.values():
        assert refusal(wired, key, "describe_instances") == ""
        run = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
        assert refusal(wired, key, "run_instances", **run) == "UnauthorizedOperation"
    before = listed(applied)
    assert set(before) == set(keys)
    assert {row["person"] for row in before.values()} == {"ada"}
    for lease in keys:
        done = told(wired, applied, "lease", "revoke", "-sync", lease)
        assert done.returncode == 0, done.stderr
    assert wired.vault.list_leases(wired.mount) == []
    assert refusal(wired, keys[user["lease_id"]], "describe_instances") == "AuthFailure"
    assert refusal(wired, keys[token["lease_id"]], "describe_instances") == ""
    after = listed(applied)
    assert user["lease_id"] not in after
    denied = told(wired, ada, "read", f"{wired.mount}/config/root")
    assert denied.returncode == 2
    assert "permission denied" in denied.stderr
