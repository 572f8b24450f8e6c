"""`vaultaws cloud deploy` and `show` as people run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.aws_clients import a_user, allow, client
from tests.support.commands import Shell
from tests.support.devices import shell_for
from tests.support.enrolled import person
from tests.support.stackclient import change_set, deployed, settled
from tests.support.terminal import CTRL_C, at_terminal
from vaultaws.infra.cloudformation import load, names
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
BLOCK = ("cloud", "deploy", "block-without-mfa", "--yes", "--parameter")


def shell_of(aws: LocalAws, directory: Path, key: Credentials | None = None) -> Shell:
    used = key or aws.admin
    return shell_for(
        aws,
        directory,
        AWS_DEFAULT_REGION="eu-west-2",
        AWS_ACCESS_KEY_ID=used.access_key_id,
        AWS_SECRET_ACCESS_KEY=used.secret_access_key.reveal(),
    )


@pytest.fixture
def shell(aws: LocalAws, tmp_path: Path) -> Shell:
    return shell_of(aws, tmp_path)


def test_deployed_once_shown_and_then_nothing_to_change(aws: LocalAws, shell: Shell) -> None:
    dry = shell.run("cloud", "deploy", "ops-sudo", "--dry-run")
    assert (dry.returncode, dry.stderr) == (0, "")
    assert "  + IAM Role OpsSudo\n" in dry.stdout
    assert client(aws, "cloudformation").describe_stacks()["Stacks"] == []
    unasked = shell.run("cloud", "deploy", "ops-sudo")
    assert unasked.returncode == 1
    assert "needs a yes" in unasked.stderr
    done = shell.run("cloud", "deploy", "ops-sudo", "--yes")
    assert done.returncode == 0, done.stderr
    assert "\n3 added.\n" in done.stdout
    assert "OpsTeam" in done.stdout.splitlines()[-1]
    again = shell.run("cloud", "deploy", "ops-sudo", "--yes")
    assert (again.returncode, again.stdout.count("Nothing to change")) == (0, 1)
    sets = client(aws, "cloudformation").list_change_sets(StackName="vaultaws-ops-sudo")
    assert sets["Summaries"] == []
    changed = shell.json("cloud", "deploy", "ops-sudo", "--yes", "--parameter", "MfaAgeSeconds=600")
    assert (changed["status"], changed["executed"]) == ("UPDATE_COMPLETE", True)
    (change,) = changed["changes"]
    assert (change["action"], change["resource"]) == ("modify", "OpsSudo")
    kept = shell.json("cloud", "deploy", "ops-sudo", "--yes")
    assert kept["changes"] == []  # a parameter that is not said stays
    listed = {each["template"]: each for each in shell.json("cloud", "show")["templates"]}
    assert listed.keys() == set(names())
    assert listed["ops-sudo"]["stack"] == "vaultaws-ops-sudo"
    assert listed["ops-sudo"]["same_template"] is True
    assert listed["trail"]["stack"] is None


def test_a_stack_changed_by_hand_is_told_and_brought_back(aws: LocalAws, shell: Shell) -> None:
    assert shell.run("cloud", "deploy", "roles-list", "--yes").returncode == 0
    other = load("roles-list").body.replace("iam:GetRolePolicy", "iam:GetGroup")
    name = change_set(aws, "vaultaws-roles-list", other, fresh=False)
    client(aws, "cloudformation").execute_change_set(
        StackName="vaultaws-roles-list", ChangeSetName=name
    )
    settled(aws, "vaultaws-roles-list")
    (shown,) = shell.json("cloud", "show", "roles-list")["templates"]
    assert shown["same_template"] is False
    assert "differs" in shell.run("cloud", "show", "roles-list").stdout
    back = shell.run("cloud", "deploy", "roles-list", "--yes")
    assert "~ IAM Group RolesList  Policies" in back.stdout
    (shown,) = shell.json("cloud", "show", "roles-list")["templates"]
    assert shown["same_template"] is True


def test_a_failure_tells_its_first_reason_and_how_to_go_on(aws: LocalAws, shell: Shell) -> None:
    iam = client(aws, "iam")
    iam.create_group(GroupName="OpsTeam")
    failed = shell.run("cloud", "deploy", "ops-sudo", "--yes")
    assert failed.returncode == 2
    assert "why:   OpsTeam: " in failed.stderr
    assert "already exists" in failed.stderr
    left = shell.run("cloud", "deploy", "ops-sudo", "--yes")
    assert left.returncode == 2
    assert "do:    vaultaws cloud deploy ops-sudo --delete-failed" in left.stderr
    iam.delete_group(GroupName="OpsTeam")
    assert shell.run("cloud", "deploy", "ops-sudo", "--yes", "--delete-failed").returncode == 0


def test_who_may_not_is_told_so_and_leaves_nothing(aws: LocalAws, tmp_path: Path) -> None:
    olga = a_user(aws, "olga", allow("cloudformation:*"))
    refused = shell_of(aws, tmp_path, olga).run("cloud", "deploy", "roles-list", "--yes")
    assert refused.returncode == 2
    assert "user/olga is not authorized to perform: iam:CreateGroup" in refused.stderr
    assert client(aws, "iam").list_groups()["Groups"] == []
    ben = a_user(aws, "ben")
    denied = shell_of(aws, tmp_path, ben).run("cloud", "show")
    assert denied.returncode == 2
    assert "cloudformation:DescribeStacks" in denied.stderr


def test_the_last_administrator_is_not_locked_out(aws: LocalAws, shell: Shell) -> None:
    iam = client(aws, "iam")
    auditor = a_user(aws, "auditor", allow("iam:List*"))
    iam.create_group(GroupName="admins")
    iam.attach_group_policy(GroupName="admins", PolicyArn=ADMIN)
    iam.add_user_to_group(GroupName="admins", UserName="admin")
    refused = shell.run(*BLOCK, "Groups=admins")
    assert refused.returncode == 1
    assert "this would lock the last administrator out" in refused.stderr
    assert client(aws, "cloudformation").describe_stacks()["Stacks"] == []
    dry = shell.run(*BLOCK[:3], "--dry-run", "--parameter", "Groups=admins")
    assert dry.returncode == 1
    assert shell.run(*BLOCK, "Groups=").returncode == 0  # nobody is held to it yet
    person(aws, "ada", "admins")
    allowed = shell.run(*BLOCK, "Groups=admins")
    assert "note:  admin has no MFA device" in allowed.stderr
    listed = client(aws, "iam", auditor).list_attached_group_policies(GroupName="admins")
    attached = {each["PolicyName"] for each in listed["AttachedPolicies"]}
    assert "BlockMostAccessUnlessSignedInWithMFA" in attached


def test_who_needs_a_device_himself_keeps_nobody_from_being_locked_out(
    aws: LocalAws, shell: Shell
) -> None:
    iam = client(aws, "iam")
    iam.create_group(GroupName="admins")
    iam.add_user_to_group(GroupName="admins", UserName="admin")
    group = deployed(aws, "admin-mfa")["GroupName"]
    a_user(aws, "ben")
    iam.add_user_to_group(GroupName=group, UserName="ben")
    refused = shell.run(*BLOCK, "Groups=admins")
    assert refused.returncode == 1
    assert "this would lock the last administrator out" in refused.stderr
    assert "enforced on admin;" in refused.stderr
    person(aws, "cleo", group)
    dry = shell.run(*BLOCK, "Groups=admins", "--dry-run")
    assert dry.returncode == 0, dry.stderr


def test_who_insists_may_lock_everybody_out(aws: LocalAws, shell: Shell) -> None:
    done = shell.run(*BLOCK, "Users=admin", "--allow-lock-out", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "note:  admin has no MFA device and loses nearly all rights" in done.stderr


def test_who_cannot_see_the_administrators_is_told(aws: LocalAws, tmp_path: Path) -> None:
    olga = a_user(aws, "olga", allow("cloudformation:*", "iam:CreatePolicy"))
    refused = shell_of(aws, tmp_path, olga).run(*BLOCK, "Users=admin")
    assert refused.returncode == 2
    assert "error: who would be locked out cannot be seen" in refused.stderr
    assert client(aws, "cloudformation").describe_stacks()["Stacks"] == []


def test_no_secret_in_what_is_printed(aws: LocalAws, shell: Shell) -> None:
    done = shell.run("cloud", "deploy", "manage-mfa", "--yes", "--json")
    said = done.stdout + done.stderr + shell.run("cloud", "show", "--json").stdout
    assert aws.admin.secret_access_key.reveal() not in said
    assert json.loads(done.stdout)["outputs"][0]["name"] == "PolicyArn"


def test_at_a_terminal_it_asks_and_a_no_leaves_nothing(aws: LocalAws, shell: Shell) -> None:
    asked, stacks = ("cloud", "deploy", "roles-list"), client(aws, "cloudformation").describe_stacks
    for answer, ended in (("n\n", 1), (CTRL_C, 130)):
        code, screen = at_terminal(shell, *asked, answers=[("[y/N]", answer)])
        assert code == ended, screen
        assert "+\x1b[0m IAM Group RolesList" in screen
        assert f"Change the stack vaultaws-roles-list in account {aws.account_id}?" in screen
        assert stacks()["Stacks"] == []
    code, screen = at_terminal(shell, *asked, answers=[("[y/N]", "y\n")])
    assert code == 0, screen
    assert "1 added." in screen


def test_of_two_at_once_the_second_is_refused(aws: LocalAws, shell: Shell) -> None:
    def somebody_is_quicker() -> str:
        stack = "vaultaws-roles-list"
        name = change_set(aws, stack, load("roles-list").body)
        client(aws, "cloudformation").execute_change_set(StackName=stack, ChangeSetName=name)
        settled(aws, stack)
        return "y\n"

    asked = ("cloud", "deploy", "roles-list")
    code, screen = at_terminal(shell, *asked, answers=[("[y/N]", somebody_is_quicker)])
    assert code == 2, screen
    assert "error: AWS refused to change the stack vaultaws-roles-list" in screen
    (shown,) = shell.json("cloud", "show", "roles-list")["templates"]
    assert shown["status"] == "CREATE_COMPLETE"
