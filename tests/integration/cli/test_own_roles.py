"""What people are told of roles when they may issue some and list none."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.cli.test_completion import bash
from tests.support.commands import Shell
from tests.support.installed import install
from tests.support.people import ACCESS, TWO_ROLES, declare, person, root_shell
from tests.support.wired import Wired, must
from vaultaws.plan.names import acl_name

WRITER = TWO_ROLES.split("[roles.reader-sts]")[0].replace("roles.reader", "roles.writer")


@pytest.fixture
def ada(wired: Wired, tmp_path: Path) -> Shell:
    """A developer with the access that was applied; the mount has a role that she has no part in,
    and one that her policy names has gone."""
    declare(wired, tmp_path, f"{TWO_ROLES}{WRITER}", ACCESS)
    applied = root_shell(wired, tmp_path).run("apply", "--yes")
    assert applied.returncode == 0, applied.stderr
    gone = f'path "{wired.mount}/+/gone" {{ capabilities = ["read"] }}'
    named = "\n".join(gone.replace("+", part) for part in ("creds", "roles"))
    must(wired.ask(f"sys/policies/acl/gone-{wired.mount}", {"policy": named}))
    policies = (acl_name(wired.mount, "analysts"), f"gone-{wired.mount}")
    return person(wired, tmp_path, "ada", *policies)


def test_a_developer_sees_the_roles_that_she_may_have(
    ada: Shell, wired: Wired, tmp_path: Path
) -> None:
    told = ada.run("roles", "list")
    assert told.returncode == 0, told.stderr
    lines = [line.split()[:2] for line in told.stdout.splitlines()]
    assert lines[1:] == [["reader", "iam_user"], ["reader-sts", "federation_token"]]
    assert f"may not list the roles of {wired.mount}/" in told.stderr
    listed = ada.json("roles", "list")
    assert (listed["roles"], listed["complete"]) == (["reader", "reader-sts"], False)
    command = install(tmp_path / "bin")
    path = f"{command.parent}:{os.environ['PATH']}"
    typing = replace(ada, more={**ada.more, "PATH": path, "XDG_CACHE_HOME": str(tmp_path / "c")})
    assert bash(typing, "vaultaws creds read") == ["reader", "reader-sts"]
    assert bash(typing, "vaultaws exec wri") == []
    checks = ada.json("doctor", code=0)["checks"]
    assert any("may issue 3 roles: gone, reader, reader-sts" in check["what"] for check in checks)


def test_a_role_that_she_may_not_have_is_refused_with_those_that_she_may(
    ada: Shell, wired: Wired
) -> None:
    refused = ada.run("creds", "writer")
    assert (refused.returncode, refused.stdout) == (2, "")
    what, _, do = refused.stderr.splitlines()
    assert f"permission denied on {wired.mount}/creds/writer" in what
    assert do.endswith("or take one that you may: gone, reader, reader-sts")


@pytest.mark.parametrize("bare", [False, True], ids=["by-pattern", "without-default"])
def test_whose_policies_name_none_is_refused_as_by_the_server(
    wired: Wired, tmp_path: Path, *, bare: bool
) -> None:
    """A pattern names nobody; without the policy `default` a token may not ask about itself."""
    must(wired.ask(f"{wired.mount}/roles/reader", json.loads(ROLE)))
    path = "reader" if bare else "*"
    policy = f'path "{wired.mount}/creds/{path}" {{ capabilities = ["read"] }}'
    must(wired.ask(f"sys/policies/acl/any-{wired.mount}", {"policy": policy}))
    asked = {"policies": [f"any-{wired.mount}"], "no_default_policy": bare}
    token = must(wired.ask("auth/token/create", asked)).body["auth"]["client_token"]
    shell = Shell(tmp_path, {**wired.environ({}), "VAULT_TOKEN": token})
    refused = shell.run("roles", "list")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"ask for a policy with list on {wired.mount}/roles" in refused.stderr


ROLE = '{"credential_type": "federation_token", "policy_arns": "arn:aws:iam::aws:policy/X"}'
