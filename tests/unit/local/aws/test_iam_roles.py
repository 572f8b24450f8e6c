"""Roles and groups through the gate: quotas, edits, and what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.aws_clients import a_user, allow, client, document, key_of, refusal, trust
from vaultaws.local.aws.iam import roles
from vaultaws.local.aws.serve import LocalAws

READ = document(allow("ec2:Describe*"))


def account_trust(aws: LocalAws) -> str:
    return trust(f"arn:aws:iam::{aws.account_id}:root")


def test_a_role_as_it_was_made(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    tags = [{"Key": "team", "Value": "blue"}]
    made = iam.create_role(
        RoleName="ops",
        Path="/x/",
        Description="for people",
        MaxSessionDuration=7200,
        Tags=tags,
        AssumeRolePolicyDocument=account_trust(aws),
    )["Role"]
    role = iam.get_role(RoleName="ops")["Role"]
    assert made["Arn"] == role["Arn"] == f"arn:aws:iam::{aws.account_id}:role/x/ops"
    assert (role["Description"], role["MaxSessionDuration"]) == ("for people", 7200)
    assert made["Tags"] == role["Tags"] == tags
    assert made["AssumeRolePolicyDocument"] == role["AssumeRolePolicyDocument"]
    iam.update_role(RoleName="ops")
    role = iam.get_role(RoleName="ops")["Role"]
    assert role["MaxSessionDuration"] == 3600
    refused = refusal(iam.create_role, RoleName="OPS", AssumeRolePolicyDocument=account_trust(aws))
    assert (refused.code, refused.status) == ("EntityAlreadyExists", 409)


def test_a_new_trust_counts_at_once(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    ada = a_user(aws, "ada", allow("sts:AssumeRole"))
    iam.create_user(UserName="bob")
    arn = iam.create_role(RoleName="ops", AssumeRolePolicyDocument=account_trust(aws))["Role"][
        "Arn"
    ]
    sts, role = client(aws, "sts", ada), {"RoleArn": arn, "RoleSessionName": "one"}
    sts.assume_role(**role)
    bobs = trust(f"arn:aws:iam::{aws.account_id}:user/bob")
    iam.update_assume_role_policy(RoleName="ops", PolicyDocument=bobs)
    assert refusal(sts.assume_role, **role).code == "AccessDenied"
    refused = refusal(iam.update_assume_role_policy, RoleName="ops", PolicyDocument=READ)
    assert refused.code == "MalformedPolicyDocument"


def test_a_role_in_a_profile_stays(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=account_trust(aws))
    iam.create_instance_profile(InstanceProfileName="box")
    iam.add_role_to_instance_profile(InstanceProfileName="box", RoleName="ops")
    refused = refusal(iam.delete_role, RoleName="ops")
    assert refused.message.endswith("must remove roles from instance profile first.")


def test_boundaries_of_roles(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=account_trust(aws))
    edge = iam.create_policy(PolicyName="edge", PolicyDocument=READ)["Policy"]["Arn"]
    assert refusal(iam.delete_role_permissions_boundary, RoleName="ops").code == "NoSuchEntity"
    iam.put_role_permissions_boundary(RoleName="ops", PermissionsBoundary=edge)
    shown = iam.get_role(RoleName="ops")["Role"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == edge
    missing = f"{edge}-missing"
    for call, params in (
        (iam.put_role_permissions_boundary, {"RoleName": "ops"}),
        (
            iam.create_role,
            {"RoleName": "new", "AssumeRolePolicyDocument": account_trust(aws)},
        ),
    ):
        assert refusal(call, PermissionsBoundary=missing, **params).code == "NoSuchEntity"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("get_role", {"RoleName": "no"}),
        ("delete_role", {"RoleName": "no"}),
        ("delete_group", {"GroupName": "no"}),
        ("add_user_to_group", {"GroupName": "no", "UserName": "admin"}),
        ("get_policy", {"PolicyArn": "arn:aws:iam::{account}:policy/no"}),
        ("delete_policy", {"PolicyArn": "arn:aws:iam::{account}:policy/no"}),
        ("delete_user_policy", {"UserName": "admin", "PolicyName": "no"}),
        (
            "detach_user_policy",
            {"UserName": "admin", "PolicyArn": "arn:aws:iam::{account}:policy/no"},
        ),
        ("delete_user", {"UserName": "no"}),
        (
            "resync_mfa_device",
            {
                "UserName": "admin",
                "SerialNumber": "arn:aws:iam::{account}:mfa/no",
                "AuthenticationCode1": "123456",
                "AuthenticationCode2": "123456",
            },
        ),
        ("delete_virtual_mfa_device", {"SerialNumber": "arn:aws:iam::{account}:mfa/no"}),
    ],
)
def test_what_is_not_there(aws: LocalAws, operation: str, params: dict[str, Any]) -> None:
    own = {name: value.format(account=aws.account_id) for name, value in params.items()}
    refused = refusal(getattr(client(aws, "iam"), operation), **own)
    assert (refused.code, refused.status) == ("NoSuchEntity", 404)


def test_groups_have_quotas_and_names(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_group(GroupName="readers")
    assert refusal(iam.create_group, GroupName="READERS").code == "EntityAlreadyExists"
    for number in range(roles.MAX_GROUPS_PER_USER):
        iam.create_group(GroupName=f"group-{number}")
        iam.add_user_to_group(GroupName=f"group-{number}", UserName="admin")
    refused = refusal(iam.add_user_to_group, GroupName="readers", UserName="admin")
    assert refused.message == "Cannot exceed quota for GroupsPerUser: 10"
    iam.remove_user_from_group(GroupName="group-0", UserName="admin")
    iam.add_user_to_group(GroupName="readers", UserName="admin")
    iam.put_group_policy(GroupName="group-0", PolicyName="own", PolicyDocument=READ)
    assert refusal(iam.delete_group, GroupName="group-0").code == "DeleteConflict"
    iam.delete_group_policy(GroupName="group-0", PolicyName="own")
    iam.delete_group(GroupName="group-0")


def test_a_role_that_was_deleted_is_still_seen_but_mints_nothing(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    arn = iam.create_role(RoleName="ops", AssumeRolePolicyDocument=account_trust(aws))["Role"][
        "Arn"
    ]
    sts, role = client(aws, "sts"), {"RoleArn": arn, "RoleSessionName": "one"}
    key = key_of(sts.assume_role(**role))
    aws.control.configure(iam_delay=10)
    iam.delete_role(RoleName="ops")
    assert refusal(sts.assume_role, **role).code == "AccessDenied"
    client(aws, "sts", key).get_caller_identity()
    aws.control.advance(10)
    assert refusal(client(aws, "sts", key).get_caller_identity).code == "InvalidClientTokenId"
