"""The policy of Vault's own user: what it holds, what it never holds, what cannot be said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.aws_clients import allow, deny
from tests.support.rootfiles import (
    ACCOUNT,
    EVERY,
    OWN,
    READER,
    declared,
    ground,
    holder,
    in_account,
)
from vaultaws.config.schema import Root
from vaultaws.errors import ConfigError
from vaultaws.infra.cloudformation import load
from vaultaws.infra.rootpolicy import computed, own_user
from vaultaws.lint.needs import Purpose, needs
from vaultaws.local.aws.cfn.template import read
from vaultaws.model import CredentialType, Role

MADE = f"arn:aws:iam::{ACCOUNT}:user/vault/vault-userpass-ada-reader-1795249800-abcdefghij"
BOUNDARY = {"iam:permissionsboundary": (f"arn:aws:iam::{ACCOUNT}:policy/b",)}
USER = EVERY[0]


def test_users_are_made_at_their_path_with_their_boundary_alone() -> None:
    own = holder(computed(declared()))
    assert own.may("iam:CreateUser", MADE, BOUNDARY)
    assert not own.may("iam:CreateUser", MADE)
    assert not own.may("iam:CreateUser", MADE, {"iam:permissionsboundary": ("other",)})
    assert not own.may("iam:CreateUser", MADE.replace("/vault/", "/"), BOUNDARY)
    assert not own.may("iam:CreateUser", MADE.replace("/vault/vault-", "/vault/"), BOUNDARY)
    assert not own.may("iam:CreateUser", MADE.replace("/vault/", "/vault/vault-x/"), BOUNDARY)


def test_only_the_declared_policies_and_tags_are_given() -> None:
    own = holder(computed(declared()))
    readonly = {**BOUNDARY, "iam:policyarn": ("arn:aws:iam::aws:policy/ReadOnlyAccess",)}
    assert own.may("iam:AttachUserPolicy", MADE, readonly)
    admin = {**BOUNDARY, "iam:policyarn": ("arn:aws:iam::aws:policy/AdministratorAccess",)}
    assert not own.may("iam:AttachUserPolicy", MADE, admin)
    tag = {"aws:requesttag/team": ("data",), "aws:tagkeys": ("Team",)}
    assert own.may("iam:TagUser", MADE, tag)
    assert not own.may("iam:TagUser", MADE, {**tag, "aws:requesttag/team": ("ops",)})
    assert not own.may("iam:TagUser", MADE, {**tag, "aws:tagkeys": ("Team", "Owner")})


@pytest.mark.parametrize(
    "then",
    [
        replace(USER, policy_arns=(f"arn:aws:iam::{ACCOUNT}:policy/other",)),
        replace(USER, policy_arns=(), policy_document=None, iam_tags=()),
        replace(USER, permissions_boundary_arn=""),
        replace(USER, permissions_boundary_arn=f"arn:aws:iam::{ACCOUNT}:policy/c"),
        replace(USER, name="another"),
    ],
)
def test_what_was_issued_before_a_role_changed_can_be_ended(then: Role) -> None:
    own = holder(computed(declared(then)))
    issued = needs([USER], (), ground(), rotation=False)
    assert [
        need.action
        for need in issued
        if need.purpose is Purpose.REVOKE and not own.may(need.action, need.resource, need.keys)
    ] == []


def test_nothing_but_what_its_own_users_have_is_taken_away() -> None:
    own = holder(computed(declared()))
    for action in ("iam:DetachUserPolicy", "iam:DeleteUserPolicy", "iam:DeleteUser"):
        assert own.may(action, MADE)
        for other in ("/ada", "/vault/ada", "/vault/deeper/vault-ada", "/vaultaws/vault-root"):
            assert not own.may(action, f"arn:aws:iam::{ACCOUNT}:user{other}")
    assert not own.may("iam:DeleteUserPermissionsBoundary", MADE, BOUNDARY)
    assert own.may("iam:RemoveUserFromGroup", f"arn:aws:iam::{ACCOUNT}:group/robots")
    assert not own.may("iam:RemoveUserFromGroup", f"arn:aws:iam::{ACCOUNT}:group/held-to-mfa")


def test_its_own_key_is_replaced_and_nothing_else_of_itself_changed() -> None:
    at_the_top = replace(USER, user_path="", permissions_boundary_arn="")
    policy = computed(declared(at_the_top), "/vault-root")
    denied = [each["Action"] for each in policy.statements if each["Effect"] == "Deny"]
    assert any("iam:PutUserPolicy" in str(actions) for actions in denied)
    for action in ("iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:GetUser"):
        assert holder(policy).may(action, OWN)
    for action in ("iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:DeleteUser"):
        assert not holder(policy).may(action, OWN)


def test_tokens_are_lent_what_they_grant_but_never_iam_nor_sts() -> None:
    statements = [
        allow("s3:GetObject", "iam:GetUser", resource="arn:aws:s3:::b/*"),
        deny("s3:*"),
        allow("*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
    ]
    role = Role(
        "lent",
        CredentialType.FEDERATION_TOKEN,
        policy_document={"Version": "2012-10-17", "Statement": statements},
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
    )
    policy = computed(declared(role))
    assert policy.lent == role.policy_arns
    own = holder(policy)
    assert own.may("s3:GetObject", "arn:aws:s3:::b/k")
    assert not own.may("s3:GetObject", "arn:aws:s3:::c/k")
    secure = {"aws:securetransport": ("true",)}
    assert own.may("ec2:RunInstances", "*", secure)
    assert not own.may("iam:CreateUser", "*", secure)
    assert not own.may("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/any", secure)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (declared(replace(USER, user_path=""), template="{{ .DisplayName }}"), "every user"),
        (declared(template="{{ nothing }}"), "cannot be foreseen"),
        (declared(template='v-{{ timestamp "2006" }}-{{ random 8 }}'), "cannot be foreseen"),
        (replace(declared(), root=Root(credentials="server")), "no IAM user of its own"),
        (
            declared(
                Role(
                    "wide",
                    CredentialType.FEDERATION_TOKEN,
                    policy_document={"Statement": allow("i*:Get*")},
                )
            ),
            "grants i",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(config: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        computed(config)


def test_a_value_is_never_taken_for_a_policy_variable() -> None:
    role = replace(USER, iam_tags=(("who", "${aws:username}"),))
    own = holder(computed(declared(role)))
    asked = {"aws:requesttag/who": ("${aws:username}",), "aws:tagkeys": ("who",)}
    assert own.may("iam:TagUser", MADE, asked)
    assert not own.may("iam:TagUser", MADE, {**asked, "aws:requesttag/who": ("vault-root",)})


def test_roles_of_groups_are_pointed_out() -> None:
    role = Role(
        "grouped", CredentialType.FEDERATION_TOKEN, policy_document=READER, iam_groups=("robots",)
    )
    (note,) = computed(declared(role)).notes
    assert "grouped" in note


def test_the_same_file_gives_the_same_policy() -> None:
    assert in_account(computed(declared())) == in_account(computed(declared(*EVERY[::-1])))


def test_the_path_and_name_of_vaults_user_are_the_templates() -> None:
    parameters = read(load("vault-root").body).parameters
    defaults = {name: str(parameters[name]["Default"]) for name in ("UserPath", "UserName")}
    assert own_user({}) == own_user(defaults)
    assert own_user({"UserPath": "/own/", "UserName": "v", "Boundary": ""}) == "/own/v"
