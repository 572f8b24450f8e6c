"""IAM through the gate: ids, conflicts, quotas, boundaries, defaults, and Vault's own calls."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support.aws_clients import (
    a_user,
    allow,
    client,
    deny,
    document,
    key_of,
    query,
    refusal,
    trust,
)
from tests.support.burdened import foreign
from vaultaws.local.aws.serve import LocalAws

READ = document(allow("ec2:Describe*"))
AWS_READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQ== made-up"


def test_vaults_three_calls_to_issue_and_seven_to_revoke(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    tags = [{"Key": "made-by", "Value": "vault"}]
    user = iam.create_user(UserName="vault-1", Path="/vault/", Tags=tags)["User"]
    assert user["Arn"] == f"arn:aws:iam::{aws.account_id}:user/vault/vault-1"
    iam.put_user_policy(UserName="vault-1", PolicyName="own", PolicyDocument=READ)
    iam.attach_user_policy(UserName="vault-1", PolicyArn=AWS_READ_ONLY)
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="vault-1")
    key = key_of(iam.create_access_key(UserName="vault-1"))
    client(aws, "ec2", key).describe_regions()

    for group in iam.list_groups_for_user(UserName="vault-1")["Groups"]:
        iam.remove_user_from_group(GroupName=group["GroupName"], UserName="vault-1")
    for policy in iam.list_attached_user_policies(UserName="vault-1")["AttachedPolicies"]:
        iam.detach_user_policy(UserName="vault-1", PolicyArn=policy["PolicyArn"])
    for name in iam.list_user_policies(UserName="vault-1")["PolicyNames"]:
        iam.delete_user_policy(UserName="vault-1", PolicyName=name)
    for held in iam.list_access_keys(UserName="vault-1")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="vault-1", AccessKeyId=held["AccessKeyId"])
    iam.delete_user(UserName="vault-1")
    assert refusal(iam.get_user, UserName="vault-1").code == "NoSuchEntity"
    assert refusal(client(aws, "ec2", key).describe_regions).code == "AuthFailure"


def test_ids_are_as_iams(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="ada")
    iam.create_group(GroupName="readers")
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=trust("*"))
    iam.create_policy(PolicyName="read", PolicyDocument=READ)
    made = {
        "AIDA": iam.get_user(UserName="ada")["User"]["UserId"],
        "AGPA": iam.get_group(GroupName="readers")["Group"]["GroupId"],
        "AROA": iam.get_role(RoleName="ops")["Role"]["RoleId"],
        "ANPA": iam.get_policy(PolicyArn=f"arn:aws:iam::{aws.account_id}:policy/read")["Policy"][
            "PolicyId"
        ],
    }
    for prefix, made_id in made.items():
        assert made_id.startswith(prefix)
        assert len(made_id) == 21
    key = iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    assert key.startswith("AKIA")
    assert len(key) == 20


def test_a_user_as_it_was_made(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=READ)["Policy"]["Arn"]
    tags = [{"Key": "team", "Value": "blue"}]
    made = iam.create_user(UserName="ada", Path="/x/", Tags=tags, PermissionsBoundary=boundary)
    user = iam.get_user(UserName="ada")["User"]
    assert made["User"] == user
    assert user["Tags"] == tags
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert abs(user["CreateDate"] - aws.clock.now()) < timedelta(seconds=30)
    listed = iam.list_users(PathPrefix="/x/")["Users"]
    assert [(one["UserName"], one["UserId"]) for one in listed] == [("ada", user["UserId"])]
    assert not iam.list_users(PathPrefix="/y/")["Users"]


@pytest.mark.parametrize("name", ["", "a" * 65, "white space", "ümlaut", "sl/ash"])
def test_bad_user_names(aws: LocalAws, name: str) -> None:
    refused = refusal(client(aws, "iam").create_user, UserName=name)
    assert (refused.code, refused.status) == ("ValidationError", 400)


def test_names_are_taken_whatever_their_case(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="Ada")
    refused = refusal(iam.create_user, UserName="ada")
    assert (refused.code, refused.status) == ("EntityAlreadyExists", 409)
    assert refused.message == "User with name ada already exists."


def test_a_missing_parameter_is_named(aws: LocalAws) -> None:
    answer = query(aws, "iam", "CreateUser").send(aws)
    assert answer.status == 400
    assert b"Value null at 'userName' failed to satisfy constraint" in answer.body.replace(
        b"&apos;", b"'"
    )


def test_a_user_is_deleted_only_bare(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    ada = a_user(aws, "ada", allow("ec2:*"))
    iam.attach_user_policy(UserName="ada", PolicyArn=AWS_READ_ONLY)
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ada")
    iam.create_login_profile(UserName="ada", Password="made-up-1")
    iam.upload_ssh_public_key(UserName="ada", SSHPublicKeyBody=RSA)
    key_id = iam.list_ssh_public_keys(UserName="ada")["SSHPublicKeys"][0]["SSHPublicKeyId"]
    steps: list[tuple[str, Any, dict[str, str]]] = [
        ("delete policies", iam.delete_user_policy, {"PolicyName": "own"}),
        ("detach all policies", iam.detach_user_policy, {"PolicyArn": AWS_READ_ONLY}),
        ("delete access keys", iam.delete_access_key, {"AccessKeyId": ada.access_key_id}),
        ("remove users from group", iam.remove_user_from_group, {"GroupName": "readers"}),
        ("delete login profile", iam.delete_login_profile, {}),
        ("delete ssh public keys", iam.delete_ssh_public_key, {"SSHPublicKeyId": key_id}),
    ]
    for must, remove, params in steps:
        refused = refusal(iam.delete_user, UserName="ada")
        assert (refused.code, refused.status) == ("DeleteConflict", 409)
        assert refused.message == f"Cannot delete entity, must {must} first."
        remove(UserName="ada", **params)
    iam.delete_user(UserName="ada")


def test_groups_roles_and_policies_in_use_stay(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    a_user(aws, "ada")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ada")
    assert refusal(iam.delete_group, GroupName="readers").code == "DeleteConflict"
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=trust("*"))
    arn = iam.create_policy(PolicyName="read", PolicyDocument=READ)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="ops", PolicyArn=arn)
    assert refusal(iam.delete_role, RoleName="ops").code == "DeleteConflict"
    assert refusal(iam.delete_policy, PolicyArn=arn).code == "DeleteConflict"
    iam.detach_role_policy(RoleName="ops", PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)
    assert "more than one version" in refusal(iam.delete_policy, PolicyArn=arn).message
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.put_user_permissions_boundary(UserName="ada", PermissionsBoundary=arn)
    assert refusal(iam.delete_policy, PolicyArn=arn).code == "DeleteConflict"
    iam.delete_user_permissions_boundary(UserName="ada")
    iam.delete_policy(PolicyArn=arn)
    iam.delete_role(RoleName="ops")


def test_quotas(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="ada")
    iam.create_access_key(UserName="ada")
    iam.create_access_key(UserName="ada")
    refused = refusal(iam.create_access_key, UserName="ada")
    assert (refused.code, refused.status) == ("LimitExceeded", 409)
    assert refused.message == "Cannot exceed quota for AccessKeysPerUser: 2"
    arns = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=READ)["Policy"]["Arn"]
        for number in range(10)
    ]
    for arn in (*arns, *arns):
        iam.attach_user_policy(UserName="ada", PolicyArn=arn)
    refused = refusal(iam.attach_user_policy, UserName="ada", PolicyArn=AWS_READ_ONLY)
    assert refused.message == "Cannot exceed quota for PoliciesPerUser: 10"
    arn = arns[0]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)
    refused = refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=READ)
    assert refused.code == "LimitExceeded"


def test_policy_sizes(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="ada")
    long = document(allow(*(f"ec2:Describe{number:04}" for number in range(100))))
    iam.put_user_policy(UserName="ada", PolicyName="a", PolicyDocument=long + " " * 4000)
    refused = refusal(iam.put_user_policy, UserName="ada", PolicyName="b", PolicyDocument=long)
    assert (refused.code, refused.status) == ("LimitExceeded", 409)
    assert refused.message == "Maximum policy size of 2048 bytes exceeded for user ada"
    iam.put_user_policy(UserName="ada", PolicyName="a", PolicyDocument=READ)
    huge = document(allow(*(f"ec2:Describe{number:04}" for number in range(400))))
    refused = refusal(iam.create_policy, PolicyName="huge", PolicyDocument=huge)
    assert refused.message == "Cannot exceed quota for PolicySize: 6144"
    principals = [f"arn:aws:iam::{number:012}:root" for number in range(80)]
    policy = json.loads(trust("*"))
    policy["Statement"][0]["Principal"]["AWS"] = principals
    refused = refusal(iam.create_role, RoleName="ops", AssumeRolePolicyDocument=json.dumps(policy))
    assert refused.message == "Cannot exceed quota for ACLSizePerRole: 2048"


@pytest.mark.parametrize(
    "text", ["{", "[]", "null", document(), document({"Effect": "Allow"}), trust("*")]
)
def test_malformed_documents(aws: LocalAws, text: str) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="ada")
    refused = refusal(iam.put_user_policy, UserName="ada", PolicyName="own", PolicyDocument=text)
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)


def test_malformed_trust(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    nobody = f"arn:aws:iam::{aws.account_id}:user/nobody"
    for text in (READ, trust(nobody), document()):
        refused = refusal(iam.create_role, RoleName="ops", AssumeRolePolicyDocument=text)
        assert refused.code == "MalformedPolicyDocument"
    assert (
        nobody
        in refusal(iam.create_role, RoleName="ops", AssumeRolePolicyDocument=trust(nobody)).message
    )


def test_own_name_is_the_default(aws: LocalAws) -> None:
    ada = a_user(aws, "ada", allow("iam:*", "sts:*"))
    own = client(aws, "iam", ada)
    assert own.get_user()["User"]["UserName"] == "ada"
    second = own.create_access_key()["AccessKey"]
    assert second["UserName"] == "ada"
    keys = own.list_access_keys()["AccessKeyMetadata"]
    assert {key["AccessKeyId"] for key in keys} == {ada.access_key_id, second["AccessKeyId"]}
    own.update_access_key(AccessKeyId=second["AccessKeyId"], Status="Inactive")
    own.delete_access_key(AccessKeyId=second["AccessKeyId"])
    assert own.list_mfa_devices()["MFADevices"] == []
    assert own.list_ssh_public_keys()["SSHPublicKeys"] == []
    refused = refusal(own.delete_access_key, AccessKeyId=aws.admin.access_key_id)
    assert refused.code == "NoSuchEntity"
    arn = client(aws, "iam").create_role(
        RoleName="ops", AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:root")
    )["Role"]["Arn"]
    role = client(aws, "sts", ada).assume_role(RoleArn=arn, RoleSessionName="one")
    refused = refusal(client(aws, "iam", key_of(role)).get_user)
    assert refused.code == "ValidationError"
    assert refused.message == "Must specify userName when calling with non-User credentials"


def test_the_roots_own_user(aws: LocalAws) -> None:
    user = client(aws, "iam", aws.make_root_key()).get_user()["User"]
    assert user["Arn"] == f"arn:aws:iam::{aws.account_id}:root"


def test_an_inactive_key_is_refused_and_comes_back(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    ada = a_user(aws, "ada", allow("ec2:*"))
    params = {"UserName": "ada", "AccessKeyId": ada.access_key_id}
    iam.update_access_key(Status="Inactive", **params)
    assert refusal(client(aws, "sts", ada).get_caller_identity).code == "InvalidClientTokenId"
    iam.update_access_key(Status="Active", **params)
    client(aws, "sts", ada).get_caller_identity()
    refused = refusal(iam.update_access_key, Status="Sleeping", **params)
    assert refused.code == "ValidationError"


def test_last_use_of_a_key(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    ada = a_user(aws, "ada")
    before = iam.get_access_key_last_used(AccessKeyId=ada.access_key_id)
    assert before["UserName"] == "ada"
    assert before["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    assert refusal(client(aws, "ec2", ada).describe_regions).code == "UnauthorizedOperation"
    used = iam.get_access_key_last_used(AccessKeyId=ada.access_key_id)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("ec2", "eu-west-2")
    assert abs(used["LastUsedDate"] - aws.clock.now()) < timedelta(seconds=30)
    refused = refusal(iam.get_access_key_last_used, AccessKeyId="AKIA" + "0" * 16)
    assert refused.code == "NoSuchEntity"


def test_a_renamed_user_keeps_what_it_has(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    ada = a_user(aws, "ada", allow("ec2:Describe*", "sts:*"))
    iam.tag_user(UserName="ada", Tags=[{"Key": "team", "Value": "blue"}])
    session = key_of(client(aws, "sts", ada).get_session_token())
    iam.update_user(UserName="ada", NewUserName="lovelace", NewPath="/x/")
    for key in (ada, session):
        client(aws, "ec2", key).describe_regions()
    arn = client(aws, "sts", ada).get_caller_identity()["Arn"]
    assert arn == f"arn:aws:iam::{aws.account_id}:user/x/lovelace"
    assert iam.list_user_tags(UserName="lovelace")["Tags"][0]["Value"] == "blue"
    assert refusal(iam.get_user, UserName="ada").code == "NoSuchEntity"
    assert refusal(iam.update_user, UserName="lovelace", NewUserName="admin").code == (
        "EntityAlreadyExists"
    )


def test_policies_of_groups_and_managed_ones_count(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    ada = a_user(aws, "ada")
    ec2 = client(aws, "ec2", ada)
    assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="own", PolicyDocument=READ)
    iam.add_user_to_group(GroupName="readers", UserName="ada")
    ec2.describe_regions()
    iam.delete_group_policy(GroupName="readers", PolicyName="own")
    assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"
    arn = iam.create_policy(PolicyName="read", PolicyDocument=READ)["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    ec2.describe_regions()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(deny("*")), SetAsDefault=True)
    assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    ec2.describe_regions()


def test_boundaries_of_users_and_roles_bind(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    edge = iam.create_policy(PolicyName="edge", PolicyDocument=document(allow("sts:*")))
    arn = edge["Policy"]["Arn"]
    ada = a_user(aws, "ada", allow("ec2:*"))
    ec2 = client(aws, "ec2", ada)
    iam.put_user_permissions_boundary(UserName="ada", PermissionsBoundary=arn)
    refused = refusal(ec2.describe_regions)
    assert refused.code == "UnauthorizedOperation"
    assert "permissions boundary" in refused.message
    iam.delete_user_permissions_boundary(UserName="ada")
    ec2.describe_regions()
    assert refusal(iam.delete_user_permissions_boundary, UserName="ada").code == "NoSuchEntity"
    missing = f"arn:aws:iam::{aws.account_id}:policy/missing"
    refused = refusal(
        iam.put_user_permissions_boundary, UserName="ada", PermissionsBoundary=missing
    )
    assert refused.code == "NoSuchEntity"
    role = iam.create_role(
        RoleName="ops",
        AssumeRolePolicyDocument=trust(f"arn:aws:iam::{aws.account_id}:root"),
        PermissionsBoundary=arn,
    )["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    iam.put_role_policy(RoleName="ops", PolicyName="own", PolicyDocument=READ)
    session = client(aws, "sts").assume_role(RoleArn=role["Arn"], RoleSessionName="one")
    bounded = client(aws, "ec2", key_of(session))
    assert refusal(bounded.describe_regions).code == "UnauthorizedOperation"
    iam.delete_role_permissions_boundary(RoleName="ops")
    bounded.describe_regions()


def test_awss_own_policies_are_there_on_demand(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    assert not iam.list_policies(Scope="Local")["Policies"]
    ada = a_user(aws, "ada")
    iam.attach_user_policy(
        UserName="ada", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
    )
    client(aws, "ec2", ada).describe_regions()
    assert iam.get_policy(PolicyArn=AWS_READ_ONLY)["Policy"]["PolicyName"] == "ReadOnlyAccess"
    pathed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert iam.get_policy(PolicyArn=pathed)["Policy"]["Arn"] == pathed
    for wrong in ("NoSuch", "service-role/ReadOnlyAccess", "AWSLambdaBasicExecutionRole"):
        arn = f"arn:aws:iam::aws:policy/{wrong}"
        refused = refusal(iam.attach_user_policy, UserName="ada", PolicyArn=arn)
        assert (refused.code, refused.status) == ("NoSuchEntity", 404)
    refused = refusal(iam.delete_policy, PolicyArn=AWS_READ_ONLY)
    assert refused.code == "AccessDenied"
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    names = [policy["PolicyName"] for page in pages for policy in page["Policies"]]
    assert len(names) > 1000
    assert "AdministratorAccess" in names


def test_lists_come_in_pages(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    for number in range(7):
        iam.create_user(UserName=f"user-{number}")
    pages = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Users"]) for page in pages] == [3, 3, 2]


def test_the_accounts_summary_counts(aws: LocalAws) -> None:
    a_user(aws, "ada")
    summary = client(aws, "iam").get_account_summary()["SummaryMap"]
    assert summary["Users"] == 2
    assert summary["AccessKeysPerUserQuota"] == 2
    assert summary["UserPolicySizeQuota"] == 2048


def test_entities_of_a_stack_are_iams_own(aws: LocalAws) -> None:
    template = {
        "Resources": {
            "Ada": {
                "Type": "AWS::IAM::User",
                "Properties": {
                    "UserName": "ada",
                    "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"],
                },
            },
            "Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "Ada"}}},
        },
        "Outputs": {
            "Id": {"Value": {"Ref": "Key"}},
            "Secret": {"Value": {"Fn::GetAtt": ["Key", "SecretAccessKey"]}},
        },
    }
    cloudformation = client(aws, "cloudformation")
    cloudformation.create_stack(StackName="people", TemplateBody=json.dumps(template))
    stack = cloudformation.describe_stacks(StackName="people")["Stacks"][0]
    made = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    given = {"AccessKeyId": made["Id"], "SecretAccessKey": made["Secret"]}
    key = key_of({"AccessKey": given})
    assert client(aws, "sts", key).get_caller_identity()["UserId"].startswith("AIDA")


def test_a_stored_policy_that_cannot_be_read_denies_everything(aws: LocalAws) -> None:
    """CloudFormation stores here what IAM would refuse; a Deny in it must not be lost."""
    ada = a_user(aws, "ada", allow("*"))
    ec2 = client(aws, "ec2", ada)
    ec2.describe_regions()
    statement = deny("ec2:*", Condition={"StringEquals": {"aws:username": [["ada"]]}})
    template = {
        "Resources": {
            "Broken": {
                "Type": "AWS::IAM::Policy",
                "Properties": {
                    "PolicyName": "broken",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                    "Users": ["ada"],
                },
            },
        },
    }
    client(aws, "cloudformation").create_stack(
        StackName="broken", TemplateBody=json.dumps(template)
    )
    refused = refusal(ec2.describe_regions)
    assert refused.code == "UnauthorizedOperation"
    assert "with an explicit deny in an identity-based policy" in refused.message


def test_iam_is_seen_late_when_it_is_told_to(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    old = a_user(aws, "old", allow("ec2:*"))
    aws.control.configure(iam_delay=10)
    new = a_user(aws, "new", allow("ec2:*"))
    assert refusal(client(aws, "sts", new).get_caller_identity).code == "InvalidClientTokenId"
    iam.put_user_policy(UserName="old", PolicyName="no", PolicyDocument=document(deny("*")))
    client(aws, "ec2", old).describe_regions()
    aws.control.advance(10)
    client(aws, "ec2", new).describe_regions()
    assert refusal(client(aws, "ec2", old).describe_regions).code == "UnauthorizedOperation"
    iam.delete_access_key(UserName="new", AccessKeyId=new.access_key_id)
    iam.delete_user_policy(UserName="new", PolicyName="own")
    iam.delete_user(UserName="new")
    client(aws, "ec2", new).describe_regions()
    aws.control.advance(10)
    assert refusal(client(aws, "ec2", new).describe_regions).code == "AuthFailure"


def test_a_deactivated_key_lives_on_for_the_delay(aws: LocalAws) -> None:
    ada = a_user(aws, "ada")
    aws.control.configure(iam_delay=10)
    client(aws, "iam").update_access_key(
        UserName="ada", AccessKeyId=ada.access_key_id, Status="Inactive"
    )
    client(aws, "sts", ada).get_caller_identity()
    aws.control.advance(10)
    assert refusal(client(aws, "sts", ada).get_caller_identity).code == "InvalidClientTokenId"


def test_conditions_see_the_callers_address_and_agent(aws: LocalAws) -> None:
    home = allow(
        "ec2:DescribeRegions",
        Condition={
            "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
            "StringLike": {"aws:UserAgent": "Boto3/*"},
            "Bool": {"aws:SecureTransport": "false"},
            "StringEquals": {"aws:RequestedRegion": "eu-west-2", "aws:username": "ada"},
        },
    )
    client(aws, "ec2", a_user(aws, "ada", home)).describe_regions()
    away = {**home, "Condition": {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}
    other = client(aws, "ec2", a_user(aws, "bob", away))
    assert refusal(other.describe_regions).code == "UnauthorizedOperation"


def test_a_policy_begins_and_ends_with_the_accounts_own_time(aws: LocalAws) -> None:
    start, end = (aws.clock.now() + timedelta(seconds=s) for s in (60, 120))
    window = allow(
        "ec2:DescribeRegions",
        Condition={
            "DateGreaterThan": {"aws:CurrentTime": start.isoformat()},
            "NumericLessThan": {"aws:EpochTime": str(int(end.timestamp()))},
        },
    )
    ec2 = client(aws, "ec2", a_user(aws, "ada", window))
    assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"
    aws.clock.advance(90)
    ec2.describe_regions()
    aws.clock.advance(60)
    assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"


def test_a_users_tags_open_doors(aws: LocalAws) -> None:
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    ec2 = client(aws, "ec2", a_user(aws, "ada", allow("ec2:DescribeRegions", Condition=tagged)))
    iam = client(aws, "iam")
    for team, allowed in (("red", False), ("blue", True)):
        iam.tag_user(UserName="ada", Tags=[{"Key": "team", "Value": team}])
        if allowed:
            ec2.describe_regions()
        else:
            assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"
    iam.untag_user(UserName="ada", TagKeys=["team"])
    assert refusal(ec2.describe_regions).code == "UnauthorizedOperation"


def test_another_region_is_another_question(aws: LocalAws) -> None:
    here = allow("ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-2"}})
    ada = a_user(aws, "ada", here)
    client(aws, "ec2", ada).describe_regions()
    elsewhere = client(aws, "ec2", ada, region="us-west-2")
    assert refusal(elsewhere.describe_regions).code == "UnauthorizedOperation"


def test_each_kind_of_foreign_belonging_blocks_deletion(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    removals = {
        "delete signing certificates": lambda: iam.delete_signing_certificate(
            UserName="ada",
            CertificateId=iam.list_signing_certificates(UserName="ada")["Certificates"][0][
                "CertificateId"
            ],
        ),
        "delete service specific credentials": lambda: iam.delete_service_specific_credential(
            UserName="ada",
            ServiceSpecificCredentialId=iam.list_service_specific_credentials(UserName="ada")[
                "ServiceSpecificCredentials"
            ][0]["ServiceSpecificCredentialId"],
        ),
        "delete MFA device": lambda: iam.deactivate_mfa_device(
            UserName="ada",
            SerialNumber=iam.list_mfa_devices(UserName="ada")["MFADevices"][0]["SerialNumber"],
        ),
    }
    iam.create_user(UserName="ada")
    foreign(iam, "ada")
    iam.delete_login_profile(UserName="ada")
    (key,) = iam.list_ssh_public_keys(UserName="ada")["SSHPublicKeys"]
    iam.delete_ssh_public_key(UserName="ada", SSHPublicKeyId=key["SSHPublicKeyId"])
    told = []
    while removals:
        refused = refusal(iam.delete_user, UserName="ada")
        assert refused.code == "DeleteConflict"
        must = refused.message.removeprefix("Cannot delete entity, must ").removesuffix(" first.")
        told.append(must)
        removals.pop(must)()
    assert len(told) == 3
    iam.delete_user(UserName="ada")


def test_service_specific_credentials(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="ada")
    service = "codecommit.amazonaws.com"
    made = iam.create_service_specific_credential(UserName="ada", ServiceName=service)
    first = made["ServiceSpecificCredential"]
    assert first["ServiceUserName"] == f"ada-at-{aws.account_id}"
    assert first["ServicePassword"]
    (listed,) = iam.list_service_specific_credentials(UserName="ada")["ServiceSpecificCredentials"]
    assert listed["Status"] == "Active"
    assert "ServicePassword" not in listed
    named = {
        "UserName": "ada",
        "ServiceSpecificCredentialId": listed["ServiceSpecificCredentialId"],
    }
    iam.update_service_specific_credential(**named, Status="Inactive")
    (listed,) = iam.list_service_specific_credentials(UserName="ada")["ServiceSpecificCredentials"]
    assert listed["Status"] == "Inactive"
    again = iam.reset_service_specific_credential(**named)["ServiceSpecificCredential"]
    assert again["ServicePassword"] != first["ServicePassword"]
    iam.create_service_specific_credential(UserName="ada", ServiceName=service)
    create = iam.create_service_specific_credential
    assert refusal(create, UserName="ada", ServiceName=service).code == "LimitExceeded"
    assert refusal(create, UserName="ada", ServiceName="ec2").code == "NotSupportedService"
    iam.delete_service_specific_credential(**named)
    refused = refusal(iam.delete_service_specific_credential, **named)
    assert (refused.code, refused.status) == ("NoSuchEntity", 404)
