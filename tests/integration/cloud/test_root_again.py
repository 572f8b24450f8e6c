"""Vault's own user deployed a second time: what it may not do to itself stays, and so do the rights
that end what it has made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_clients import ALLOW_ALL, a_user, allow, client, document, key_of
from tests.support.commands import Shell
from tests.support.devices import shell_for
from tests.support.enrolled import may
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials

GIVEN = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DEPLOY = ("cloud", "deploy", "vault-root")
READER = """
[roles.reader]
credential_type = "iam_user"
policy = "reader.json"
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
"""


@pytest.fixture
def shell(aws: LocalAws, tmp_path: Path) -> Shell:
    write(tmp_path, READER)
    return shell_for(
        aws,
        tmp_path,
        AWS_DEFAULT_REGION="eu-west-2",
        AWS_ACCESS_KEY_ID=aws.admin.access_key_id,
        AWS_SECRET_ACCESS_KEY=aws.admin.secret_access_key.reveal(),
    )


def write(directory: Path, roles: str) -> None:
    (directory / "reader.json").write_text(document(allow("ec2:Describe*")))
    (directory / "vaultaws.toml").write_text(f'[mount]\npath = "aws"\n\n[root]\n{roles}')


def deployed(shell: Shell, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = shell.json(*DEPLOY, "--yes", *more)
    return found


def key_of_own(aws: LocalAws, name: str = "vault-root") -> Credentials:
    return key_of(client(aws, "iam").create_access_key(UserName=name))


def may_change(aws: LocalAws, key: Credentials, name: str) -> bool:
    """Whether a key may do to a user what it may do to those that it makes."""
    policy = {"PolicyName": "p", "PolicyDocument": document(ALLOW_ALL)}
    return (
        may(aws, key, "iam", "put_user_policy", UserName=name, **policy)
        or may(aws, key, "iam", "attach_user_policy", UserName=name, PolicyArn=GIVEN)
        or may(aws, key, "iam", "delete_user", UserName=name)
    )


@pytest.mark.parametrize("path", ["/", "/vault-own/"])
def test_its_own_path_is_remembered(aws: LocalAws, shell: Shell, path: str) -> None:
    deployed(shell, "--parameter", f"UserPath={path}")
    again = deployed(shell)
    assert again["changes"] == []
    (shown,) = shell.json("cloud", "show", "vault-root")["templates"]
    assert shown["same_template"] is True
    key = key_of_own(aws)
    assert not may_change(aws, key, "vault-root")
    new = client(aws, "iam", key).create_access_key(UserName="vault-root")["AccessKey"]
    own = client(aws, "iam", key)
    own.delete_access_key(UserName="vault-root", AccessKeyId=new["AccessKeyId"])


def test_roles_that_change_leave_it_its_path(aws: LocalAws, shell: Shell, tmp_path: Path) -> None:
    deployed(shell, "--parameter", "UserPath=/", "--parameter", "UserName=vault-own")
    write(tmp_path, READER + 'iam_tags = { team = "data" }\n')
    changed = deployed(shell)
    assert {each["action"] for each in changed["changes"]} == {"modify"}
    key = key_of_own(aws, "vault-own")
    assert not may_change(aws, key, "vault-own")
    assert may(aws, key, "iam", "create_access_key", UserName="vault-own")


MOVED = READER + 'user_path = "/made/"\niam_groups = ["robots"]\n'


@pytest.fixture
def left(aws: LocalAws, shell: Shell, tmp_path: Path) -> str:
    """A stack whose role makes users at a path and in a group, and one of them."""
    write(tmp_path, MOVED)
    deployed(shell)
    iam = client(aws, "iam")
    iam.create_group(GroupName="robots")
    for path, name in (("/made/", "vault-ada-1"), ("/made/", "ben"), ("/", "vault-eve")):
        iam.create_user(UserName=name, Path=path)
        iam.add_user_to_group(GroupName="robots", UserName=name)
    return "vault-ada-1"


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (READER, "it may not delete /made/vault-ada-1, take"),
        (MOVED.replace("robots", "droids"), "it may not take /made/vault-ada-1 out of the group"),
    ],
)
def test_users_that_vault_could_not_end_any_more_hold_it_up(
    aws: LocalAws, shell: Shell, tmp_path: Path, *, left: str, then: str, told: str
) -> None:
    write(tmp_path, then)
    refused = shell.run(*DEPLOY, "--yes")
    assert refused.returncode == 1
    assert told in refused.stderr
    assert "ben" not in refused.stderr
    assert "vaultaws leases revoke --role NAME" in refused.stderr
    assert shell.run(*DEPLOY, "--dry-run").returncode == 1
    assert shell.json("cloud", "show", "vault-root")["templates"][0]["same_template"] is False
    iam = client(aws, "iam")
    iam.remove_user_from_group(GroupName="robots", UserName=left)
    iam.delete_user(UserName=left)
    done = shell.run(*DEPLOY, "--yes")
    assert done.returncode == 0, done.stderr
    assert "note:  Vault will not be able to take users out of the group robots" in done.stderr


def test_who_insists_leaves_users_behind(shell: Shell, tmp_path: Path, left: str) -> None:
    write(tmp_path, READER)
    done = shell.run(*DEPLOY, "--yes", "--allow-orphans")
    assert done.returncode == 0, done.stderr
    assert "note:  Vault will not be able to end users vault-* at /made/ any more" in done.stderr
    assert f"note:  /made/{left} stays until somebody deletes it in AWS" in done.stderr


def who_sees_no_users(aws: LocalAws, shell: Shell) -> Shell:
    olga = a_user(aws, "olga", allow("cloudformation:*"))
    named = {
        "AWS_ACCESS_KEY_ID": olga.access_key_id,
        "AWS_SECRET_ACCESS_KEY": olga.secret_access_key.reveal(),
    }
    return Shell(shell.directory, {**shell.more, **named})


@pytest.mark.usefixtures("left")
def test_who_cannot_see_the_users_is_told(aws: LocalAws, shell: Shell, tmp_path: Path) -> None:
    write(tmp_path, READER)
    hers = who_sees_no_users(aws, shell)
    refused = hers.run(*DEPLOY, "--yes")
    assert refused.returncode == 2
    assert "allow iam:ListUsers and iam:GetGroup, or say --allow-orphans" in refused.stderr
    dry = hers.run(*DEPLOY, "--dry-run", "--allow-orphans")
    assert dry.returncode == 0, dry.stderr
    assert "end users vault-* at /made/ any more" in dry.stderr


@pytest.mark.usefixtures("left")
def test_a_change_that_leaves_nobody_asks_for_no_users(
    aws: LocalAws, shell: Shell, tmp_path: Path
) -> None:
    write(tmp_path, MOVED.replace("ReadOnlyAccess", "AmazonS3ReadOnlyAccess"))
    done = who_sees_no_users(aws, shell).run(*DEPLOY, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
