"""The doctor on real servers: what is well, and what is missing by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Shell
from tests.support.people import ROLE, declare, operator, person, root_shell
from tests.support.stage import Reply, Stage
from tests.support.wired import Wired, must
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.wire import ask
from vaultaws.model import ServerProduct

Checks = list[dict[str, Any]]


def examined(shell: Shell, *arguments: str, code: int) -> Checks:
    found: Checks = shell.json("doctor", *arguments, code=code)["checks"]
    return found


def of(found: Checks, check: str, state: str) -> list[str]:
    return [item["what"] for item in found if (item["check"], item["state"]) == (check, state)]


def whys(found: Checks, check: str) -> str:
    return "\n".join(str(item["why"]) for item in found if item["check"] == check)


def test_an_operator_with_everything(declared: Shell, wired: Wired) -> None:
    found = examined(declared, "--for", "operator", code=0)
    assert {item["state"] for item in found} <= {"ok", "warn"}
    assert {item["check"] for item in found} == {
        *("settings", "server", "token", "mount", "roles", "plan", "apply", "leases", "root"),
        *("aws", "cache", "environment", "profiles"),
    }
    assert of(found, "roles", "ok") == ["may issue 1 role: reader"]
    assert of(found, "token", "warn") == ["it is a root token"]
    assert "clocks agree with the server" in of(found, "server", "ok")
    assert "clocks agree with AWS" in of(found, "aws", "ok")
    assert "region eu-west-2" in of(found, "aws", "ok")
    text = declared.run("doctor")
    assert text.returncode == 0
    token = wired.server.root_token.reveal()
    assert token not in text.stdout + text.stderr


def test_a_person_who_lacks_rights_hears_which(
    declared: Shell, wired: Wired, tmp_path: Path
) -> None:
    acl = f'path "{wired.mount}/roles" {{ capabilities = ["list"] }}'
    must(wired.ask(f"sys/policies/acl/lister-{wired.mount}", {"policy": acl}))
    ben = person(wired, tmp_path, "ben", f"lister-{wired.mount}")
    found = examined(ben, code=3)
    assert of(found, "roles", "bad") == ["may not issue reader"]
    assert f"{wired.mount}/creds/reader" in whys(found, "roles")
    found = examined(ben, "--role", "nobody", "--for", "operator", code=3)
    assert of(found, "roles", "bad") == ["may not issue nobody"]
    assert f"update on {wired.mount}/config/root" in whys(found, "apply")
    assert f"sudo on sys/leases/lookup/{wired.mount}/creds" in whys(found, "leases")
    text = ben.run("doctor")
    assert text.returncode == 3
    assert "do:  ask for a policy with read on" in text.stdout
    assert text.stderr.splitlines()[-1].startswith("1 bad")


def test_a_role_that_is_not_there_is_no_matter_of_rights(declared: Shell) -> None:
    found = examined(declared, "--role", "raeder", "--role", "reader", code=3)
    (missing,) = of(found, "roles", "bad")
    assert "raeder" in missing
    assert "reader" in whys(found, "roles")
    assert of(found, "roles", "ok") == ["may issue 1 role: reader"]


def test_an_iam_action_that_vaults_user_lacks(wired: Wired, tmp_path: Path) -> None:
    declare(wired, tmp_path, ROLE)
    assert root_shell(wired, tmp_path).run("apply", "--yes").returncode == 0
    iam = wired.client("iam")
    deny = '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "iam:CreateUser", '
    deny += '"Resource": "*"}}'
    iam.put_user_policy(UserName=wired.root_user, PolicyName="deny", PolicyDocument=deny)
    found = examined(operator(wired, tmp_path), "--for", "operator", code=3)
    assert of(found, "root", "bad") == ["Vault's own user may not call iam:CreateUser"]


def test_another_engine_and_no_engine(wired: Wired, tmp_path: Path) -> None:
    shell = operator(wired, tmp_path)
    for mount, words in (("cubbyhole", "not an AWS engine"), ("nothing-here", "no secrets engine")):
        found = examined(shell, "--mount", mount, code=3)
        assert words in of(found, "mount", "bad")[0]
        assert of(found, "roles", "skipped")


def test_a_wrong_token(wired: Wired, tmp_path: Path) -> None:
    found = examined(operator(wired, tmp_path, VAULT_TOKEN="planted-token"), code=3)
    assert "does not know the token" in of(found, "token", "bad")[0]
    assert "planted" not in str(found)


def test_a_sealed_server(own_server: RunningServer, tmp_path: Path) -> None:
    must(
        ask(
            own_server.address,
            "/v1/sys/seal",
            token=own_server.root_token,
            method="PUT",
            data={},
        )
    )
    shell = Shell(tmp_path, {"VAULT_ADDR": own_server.address, "VAULT_TOKEN": "made-up"})
    found = examined(shell, code=3)
    assert "is sealed" in of(found, "server", "bad")[0]
    assert of(found, "token", "skipped")


@pytest.mark.parametrize("reply", [Reply(hang=True), Reply(200, b"<html>"), Reply(drop=True)])
def test_a_server_that_is_none(tmp_path: Path, reply: Reply) -> None:
    stage = Stage(lambda _: reply)
    try:
        more = {"VAULT_ADDR": stage.address, "VAULT_TOKEN": "made-up", "VAULT_CLIENT_TIMEOUT": "1"}
        more["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9" if reply.hang else stage.address
        found = examined(Shell(tmp_path, more), code=3)
    finally:
        stage.stop()
    assert of(found, "server", "bad")
    assert of(found, "roles", "skipped")


def test_settings_that_are_wrong(tmp_path: Path) -> None:
    """The rest is looked at all the same."""
    shell = Shell(tmp_path, {"VAULT_ADDR": "junk", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    found = examined(shell, code=3)
    assert "VAULT_ADDR" in of(found, "settings", "bad")[0]
    assert of(found, "environment", "ok")
    assert of(found, "aws", "warn")


def test_no_secret_is_told(tmp_path: Path) -> None:
    """Planted in every place that is looked at, also in broken ones."""
    (tmp_path / ".vault-token").write_text("planted-token")
    (tmp_path / ".vault-token").chmod(0o644)
    (tmp_path / ".aws").mkdir()
    keys = f"aws_access_key_id = {'AKIA' + 'A' * 16}\naws_secret_access_key = planted-secret\n"
    (tmp_path / ".aws" / "credentials").write_text(f"[old]\n{keys}")
    (tmp_path / ".aws" / "config").write_text("[default]\nplanted-line\n")
    more = {
        "VAULT_ADDR": "http://vault.test:8200",
        "VAULT_PROXY_ADDR": "http://user:planted-word@127.0.0.1:9",
        "HTTPS_PROXY": "http://user:planted-word@127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "ASIA" + "A" * 16,
        "AWS_SECRET_ACCESS_KEY": "planted-secret",
        "AWS_SESSION_TOKEN": "planted-token",
        "AWS_CREDENTIAL_EXPIRATION": "2026-01-01T00:00:00Z",
    }
    shell = Shell(tmp_path, more)
    for arguments in ((), ("--json",), ("--for", "operator")):
        done = shell.run("doctor", *arguments)
        assert done.returncode == 3
        assert "planted" not in done.stdout + done.stderr
    found = examined(shell, code=3)
    assert {item["check"] for item in found if item["state"] == "bad"} == {
        *("server", "files", "environment", "profiles")
    }


def test_a_namespace_is_no_fault_where_there_are_some(declared: Shell, wired: Wired) -> None:
    """Only the root namespace answers for the server's health. Community Vault ignores the name,
    so all would be done in the root one."""
    openbao = wired.server.product is ServerProduct.OPENBAO
    if openbao:
        must(wired.ask("sys/namespaces/team", {}))
    found = examined(declared, "--namespace", "team", code=3)
    assert of(found, "server", "bad") == ([] if openbao else ["it has no namespaces"])
    assert "clocks agree with the server" in of(found, "server", "ok")
    assert bool(of(found, "mount", "bad")) is openbao
