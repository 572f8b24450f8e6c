"""What a call asks of IAM (service authorization reference; global condition context keys)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.askers import (
    KEY,
    NOW,
    Account,
    ada,
    call,
    federated_caller,
    role_caller,
    root_caller,
    session,
)
from tests.support.policies import ACCOUNT, OTHER_ACCOUNT, ROLE_ARN, USER_ARN
from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.policy.values import ActorKind, Context

IAM = f"arn:aws:iam::{ACCOUNT}"
EC2 = f"arn:aws:ec2:eu-west-2:{ACCOUNT}"
NOBODY = Account()


def asked(one: Call, caller: Caller | None = None, facts: Account = NOBODY) -> set[tuple[str, str]]:
    return {(item.action, item.resource) for item in access_requests(one, caller or ada(), facts)}


def context(one: Call, caller: Caller | None = None, facts: Account = NOBODY) -> Context:
    return access_requests(one, caller or ada(), facts)[0].context


SINGLE: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("iam", "GetUser", {}, "iam:GetUser", USER_ARN),
    ("iam", "GetUser", {"UserName": "bob"}, "iam:GetUser", f"{IAM}:user/bob"),
    ("iam", "CreateUser", {"UserName": "b", "Path": "/x/"}, "iam:CreateUser", f"{IAM}:user/x/b"),
    ("iam", "CreateAccessKey", {}, "iam:CreateAccessKey", USER_ARN),
    ("iam", "ListUsers", {}, "iam:ListUsers", f"{IAM}:user/"),
    ("iam", "ListUsers", {"PathPrefix": "/x/"}, "iam:ListUsers", f"{IAM}:user/x/"),
    ("iam", "ListRoles", {}, "iam:ListRoles", f"{IAM}:role/"),
    ("iam", "GetRole", {"RoleName": "ops"}, "iam:GetRole", ROLE_ARN),
    ("iam", "AddUserToGroup", {"GroupName": "g"}, "iam:AddUserToGroup", f"{IAM}:group/g"),
    ("iam", "GetGroup", {}, "iam:GetGroup", "*"),
    ("iam", "CreatePolicy", {"PolicyName": "p"}, "iam:CreatePolicy", f"{IAM}:policy/p"),
    (
        "iam",
        "GetPolicy",
        {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        "iam:GetPolicy",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    ),
    (
        "iam",
        "CreateVirtualMFADevice",
        {"VirtualMFADeviceName": "ada"},
        "iam:CreateVirtualMFADevice",
        f"{IAM}:mfa/ada",
    ),
    (
        "iam",
        "DeleteVirtualMFADevice",
        {"SerialNumber": f"{IAM}:mfa/ada"},
        "iam:DeleteVirtualMFADevice",
        f"{IAM}:mfa/ada",
    ),
    ("iam", "EnableMFADevice", {"UserName": "bob"}, "iam:EnableMFADevice", f"{IAM}:user/bob"),
    ("iam", "ListVirtualMFADevices", {}, "iam:ListVirtualMFADevices", f"{IAM}:mfa/"),
    ("iam", "GetAccountSummary", {}, "iam:GetAccountSummary", "*"),
    (
        "iam",
        "CreateServiceLinkedRole",
        {"AWSServiceName": "es.amazonaws.com"},
        "iam:CreateServiceLinkedRole",
        f"{IAM}:role/aws-service-role/es.amazonaws.com/",
    ),
    ("sts", "GetCallerIdentity", {}, "sts:GetCallerIdentity", "*"),
    ("sts", "GetSessionToken", {}, "sts:GetSessionToken", "*"),
    (
        "sts",
        "GetFederationToken",
        {"Name": "vault-1"},
        "sts:GetFederationToken",
        f"arn:aws:sts::{ACCOUNT}:federated-user/vault-1",
    ),
    ("sts", "AssumeRole", {"RoleArn": ROLE_ARN}, "sts:AssumeRole", ROLE_ARN),
    ("sts", "AssumeRole", {}, "sts:AssumeRole", "*"),
    ("ec2", "DescribeInstances", {"InstanceIds": ["i-1"]}, "ec2:DescribeInstances", "*"),
    ("ec2", "SomethingNew", {"InstanceIds": ["i-1"]}, "ec2:SomethingNew", "*"),
    ("ec2", "CreateVolume", {}, "ec2:CreateVolume", f"{EC2}:volume/*"),
    ("ec2", "DeleteTags", {"Resources": ["zz-1"]}, "ec2:DeleteTags", "*"),
    ("ec2", "StopInstances", {}, "ec2:StopInstances", "*"),
    ("s3", "ListBuckets", {}, "s3:ListAllMyBuckets", "*"),
    ("s3", "ListObjectsV2", {"Bucket": "b"}, "s3:ListBucket", "arn:aws:s3:::b"),
    ("s3", "HeadBucket", {"Bucket": "b"}, "s3:ListBucket", "arn:aws:s3:::b"),
    ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, "s3:GetObject", "arn:aws:s3:::b/k"),
    (
        "s3",
        "GetObject",
        {"Bucket": "b", "Key": "k/l", "VersionId": "1"},
        "s3:GetObjectVersion",
        "arn:aws:s3:::b/k/l",
    ),
    ("s3", "UploadPart", {"Bucket": "b", "Key": "k"}, "s3:PutObject", "arn:aws:s3:::b/k"),
    ("s3", "GetBucketCors", {"Bucket": "b"}, "s3:GetBucketCORS", "arn:aws:s3:::b"),
    (
        "s3",
        "ListBucketMetricsConfigurations",
        {"Bucket": "b"},
        "s3:GetMetricsConfiguration",
        "arn:aws:s3:::b",
    ),
    (
        "s3",
        "DeleteBucketInventoryConfiguration",
        {"Bucket": "b"},
        "s3:PutInventoryConfiguration",
        "arn:aws:s3:::b",
    ),
    ("s3", "DeleteObjects", {"Bucket": "b"}, "s3:DeleteObject", "arn:aws:s3:::b/"),
    ("s3", "SomethingNew", {}, "s3:SomethingNew", "*"),
    ("cloudtrail", "LookupEvents", {}, "cloudtrail:LookupEvents", "*"),
    (
        "cloudtrail",
        "StopLogging",
        {"Name": "main"},
        "cloudtrail:StopLogging",
        f"arn:aws:cloudtrail:eu-west-2:{ACCOUNT}:trail/main",
    ),
    (
        "cloudformation",
        "CreateStack",
        {"StackName": "s"},
        "cloudformation:CreateStack",
        f"arn:aws:cloudformation:eu-west-2:{ACCOUNT}:stack/s/*",
    ),
    ("cloudformation", "DescribeStacks", {}, "cloudformation:DescribeStacks", "*"),
    (
        "logs",
        "PutLogEvents",
        {"logGroupName": "/g", "logStreamName": "s"},
        "logs:PutLogEvents",
        f"arn:aws:logs:eu-west-2:{ACCOUNT}:log-group:/g:log-stream:s",
    ),
    (
        "logs",
        "DescribeLogGroups",
        {},
        "logs:DescribeLogGroups",
        f"arn:aws:logs:eu-west-2:{ACCOUNT}:log-group::log-stream:",
    ),
    (
        "sqs",
        "SendMessageBatch",
        {"QueueUrl": f"http://127.0.0.1:5000/{ACCOUNT}/q"},
        "sqs:SendMessage",
        f"arn:aws:sqs:eu-west-2:{ACCOUNT}:q",
    ),
    ("sqs", "ListQueues", {}, "sqs:ListQueues", "*"),
    (
        "dynamodb",
        "Query",
        {"TableName": "t", "IndexName": "i"},
        "dynamodb:Query",
        f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/t/index/i",
    ),
    ("cloudwatch", "PutMetricData", {}, "cloudwatch:PutMetricData", "*"),
    ("elbv2", "DescribeTags", {}, "elasticloadbalancing:DescribeTags", "*"),
    ("stepfunctions", "ListActivities", {}, "states:ListActivities", "*"),
    ("kms", "ListKeys", {}, "kms:ListKeys", "*"),
    ("iam", "UpdateUser", {"UserName": "b"}, "iam:UpdateUser", f"{IAM}:user/b"),
    (
        "iam",
        "SimulatePrincipalPolicy",
        {"PolicySourceArn": USER_ARN},
        "iam:SimulatePrincipalPolicy",
        USER_ARN,
    ),
    (
        "dynamodb",
        "TagResource",
        {"ResourceArn": "arn:aws:dynamodb:r:1:table/t"},
        "dynamodb:TagResource",
        "arn:aws:dynamodb:r:1:table/t",
    ),
    ("dynamodb", "BatchGetItem", {}, "dynamodb:BatchGetItem", "*"),
    ("dynamodb", "TransactGetItems", {}, "dynamodb:TransactGetItems", "*"),
    ("dynamodb", "GetItem", {}, "dynamodb:GetItem", "*"),
    ("sqs", "SendMessage", {}, "sqs:SendMessage", "*"),
    ("s3", "PutBucketTagging", {"Bucket": "b"}, "s3:PutBucketTagging", "arn:aws:s3:::b"),
]


@pytest.mark.parametrize(("service", "operation", "params", "action", "resource"), SINGLE)
def test_an_operation_asks_for_one_action_on_one_resource(
    service: str, operation: str, params: dict[str, Any], action: str, resource: str
) -> None:
    assert asked(call(service, operation, **params)) == {(action, resource)}


SEVERAL: list[tuple[Call, set[tuple[str, str]]]] = [
    (
        call("iam", "CreateUser", UserName="b", Tags=[{"Key": "team", "Value": "x"}]),
        {("iam:CreateUser", f"{IAM}:user/b"), ("iam:TagUser", f"{IAM}:user/b")},
    ),
    (
        call("iam", "UpdateUser", UserName="b", NewUserName="c"),
        {("iam:UpdateUser", f"{IAM}:user/b"), ("iam:UpdateUser", f"{IAM}:user/c")},
    ),
    (
        call("iam", "UpdateGroup", GroupName="b", NewPath="/p/"),
        {("iam:UpdateGroup", f"{IAM}:group/b"), ("iam:UpdateGroup", f"{IAM}:group/p/b")},
    ),
    (
        call("iam", "AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="ops"),
        {
            ("iam:AddRoleToInstanceProfile", f"{IAM}:instance-profile/p"),
            ("iam:PassRole", ROLE_ARN),
        },
    ),
    (
        call(
            "sts",
            "AssumeRole",
            RoleArn=ROLE_ARN,
            Tags=[{"Key": "a", "Value": "b"}],
            SourceIdentity="ada",
        ),
        {
            ("sts:AssumeRole", ROLE_ARN),
            ("sts:TagSession", ROLE_ARN),
            ("sts:SetSourceIdentity", ROLE_ARN),
        },
    ),
    (
        call("ec2", "TerminateInstances", InstanceIds=["i-1", "i-2"]),
        {
            ("ec2:TerminateInstances", f"{EC2}:instance/i-1"),
            ("ec2:TerminateInstances", f"{EC2}:instance/i-2"),
        },
    ),
    (
        call("ec2", "CreateSecurityGroup", VpcId="vpc-1"),
        {
            ("ec2:CreateSecurityGroup", f"{EC2}:security-group/*"),
            ("ec2:CreateSecurityGroup", f"{EC2}:vpc/vpc-1"),
        },
    ),
    (
        call("s3", "CopyObject", Bucket="to", Key="k", CopySource="/from/a%20b?versionId=3"),
        {
            ("s3:GetObjectVersion", "arn:aws:s3:::from/a b"),
            ("s3:PutObject", "arn:aws:s3:::to/k"),
        },
    ),
    (
        call("s3", "UploadPartCopy", Bucket="to", Key="k", CopySource="nonsense"),
        {("s3:GetObject", "*"), ("s3:PutObject", "arn:aws:s3:::to/k")},
    ),
    (
        call("s3", "PutObject", Bucket="b", Key="k", ACL="private", Tagging="team=x"),
        {
            ("s3:PutObject", "arn:aws:s3:::b/k"),
            ("s3:PutObjectAcl", "arn:aws:s3:::b/k"),
            ("s3:PutObjectTagging", "arn:aws:s3:::b/k"),
        },
    ),
    (
        call(
            "s3",
            "DeleteObjects",
            Bucket="b",
            Delete={"Objects": [{"Key": "x"}, {"Key": "y", "VersionId": "1"}]},
        ),
        {("s3:DeleteObject", "arn:aws:s3:::b/x"), ("s3:DeleteObjectVersion", "arn:aws:s3:::b/y")},
    ),
    (
        call("cloudformation", "DeleteStack", StackName="s", RoleARN=ROLE_ARN),
        {
            (
                "cloudformation:DeleteStack",
                f"arn:aws:cloudformation:eu-west-2:{ACCOUNT}:stack/s/*",
            ),
            ("iam:PassRole", ROLE_ARN),
        },
    ),
    (
        call(
            "dynamodb",
            "TransactWriteItems",
            TransactItems=[{"Put": {"TableName": "t"}}, {"Delete": {"TableName": "u"}}],
        ),
        {
            ("dynamodb:PutItem", f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/t"),
            ("dynamodb:DeleteItem", f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/u"),
        },
    ),
    (
        call("dynamodb", "BatchGetItem", RequestItems={"t": {}, "u": {}}),
        {
            ("dynamodb:BatchGetItem", f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/t"),
            ("dynamodb:BatchGetItem", f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/u"),
        },
    ),
]


@pytest.mark.parametrize(
    ("one", "expected"), SEVERAL, ids=[f"{one.service}.{one.operation}" for one, _ in SEVERAL]
)
def test_some_operations_ask_for_more(one: Call, expected: set[tuple[str, str]]) -> None:
    assert asked(one) == expected


def test_a_copy_can_name_its_source_in_parts() -> None:
    source = {"Bucket": "from", "Key": "k", "VersionId": "3"}
    assert asked(call("s3", "CopyObject", Bucket="to", Key="k", CopySource=source)) == {
        ("s3:GetObjectVersion", "arn:aws:s3:::from/k"),
        ("s3:PutObject", "arn:aws:s3:::to/k"),
    }


def test_a_role_handed_to_an_unmapped_service_must_be_passed() -> None:
    assert asked(call("lambda", "CreateFunction", FunctionName="f", Role=ROLE_ARN)) == {
        ("lambda:CreateFunction", "*"),
        ("iam:PassRole", ROLE_ARN),
    }


def test_a_launch_template_may_pass_a_role() -> None:
    one = call("ec2", "RunInstances", LaunchTemplate={"LaunchTemplateName": "x"})
    assert ("iam:PassRole", "*") in asked(one)
    assert ("iam:PassRole", "*") not in asked(call("ec2", "RunInstances"))


def test_run_instances_asks_for_everything_it_touches() -> None:
    one = call(
        "ec2",
        "RunInstances",
        ImageId="ami-1",
        InstanceType="t3.nano",
        SubnetId="subnet-1",
        KeyName="k",
        NetworkInterfaces=[{"Groups": ["sg-1"]}],
        IamInstanceProfile={"Arn": f"{IAM}:instance-profile/web"},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}
        ],
        LaunchTemplate={"LaunchTemplateId": "lt-1"},
    )
    facts = Account(profile_roles={"web": ROLE_ARN})
    run = "ec2:RunInstances"
    assert asked(one, facts=facts) == {
        (run, f"{EC2}:instance/*"),
        (run, f"{EC2}:volume/*"),
        (run, f"{EC2}:network-interface/*"),
        (run, f"{EC2}:subnet/subnet-1"),
        (run, f"{EC2}:security-group/sg-1"),
        (run, f"{EC2}:key-pair/k"),
        (run, f"{EC2}:launch-template/lt-1"),
        (run, "arn:aws:ec2:eu-west-2::image/ami-1"),
        ("ec2:CreateTags", f"{EC2}:instance/*"),
        ("iam:PassRole", ROLE_ARN),
    }
    instance = context(one, facts=facts)
    assert instance["ec2:instancetype"] == ("t3.nano",)
    assert instance["aws:requesttag/team"] == ("blue",)


def test_an_unknown_instance_profile_asks_to_pass_any_role() -> None:
    one = call("ec2", "RunInstances", IamInstanceProfile={"Name": "none"})
    assert ("iam:PassRole", "*") in asked(one)


def test_paths_come_from_the_account() -> None:
    facts = Account(
        paths={("user", "bob"): "/ops/", ("role", "r"): "/x/y/"}, key_users={KEY: "bob"}
    )
    assert asked(call("iam", "DeleteUser", UserName="bob"), facts=facts) == {
        ("iam:DeleteUser", f"{IAM}:user/ops/bob")
    }
    assert asked(call("iam", "GetRole", RoleName="r"), facts=facts) == {
        ("iam:GetRole", f"{IAM}:role/x/y/r")
    }
    used = call("iam", "GetAccessKeyLastUsed", AccessKeyId=KEY)
    assert asked(used, facts=facts) == {("iam:GetAccessKeyLastUsed", f"{IAM}:user/ops/bob")}
    assert asked(used) == {("iam:GetAccessKeyLastUsed", "*")}


def test_without_a_user_name_a_role_asks_for_any_user() -> None:
    assert asked(call("iam", "GetUser"), role_caller()) == {("iam:GetUser", "*")}


class TestGlobalKeys:
    one = call("ec2", "DescribeInstances")

    def test_of_a_long_term_key(self) -> None:
        assert context(self.one) == {
            "aws:currenttime": ("2026-11-21T08:30:00Z",),
            "aws:epochtime": (str(int(NOW.timestamp())),),
            "aws:securetransport": ("false",),
            "aws:sourceip": ("192.0.2.7",),
            "aws:requestedregion": ("eu-west-2",),
            "aws:useragent": ("aws-cli/2",),
            "aws:principalarn": (USER_ARN,),
            "aws:principalaccount": (ACCOUNT,),
            "aws:principaltype": ("User",),
            "aws:userid": (ada().principal_id,),
            "aws:username": ("ada",),
            "aws:viaawsservice": ("false",),
        }

    def test_mfa_is_absent_for_a_long_term_key_and_said_for_a_session(self) -> None:
        assert "aws:multifactorauthpresent" not in context(self.one)
        without = context(self.one, ada(session()))
        assert without["aws:multifactorauthpresent"] == ("false",)
        assert "aws:multifactorauthage" not in without
        with_mfa = context(self.one, ada(session(mfa_minutes_ago=5)))
        assert with_mfa["aws:multifactorauthpresent"] == ("true",)
        assert with_mfa["aws:multifactorauthage"] == ("300",)
        assert with_mfa["aws:tokenissuetime"] == ("2026-11-21T08:00:00Z",)

    def test_a_role_session_carries_no_mfa_of_its_own(self) -> None:
        found = context(self.one, role_caller(session(mfa_minutes_ago=5)))
        assert found["aws:multifactorauthpresent"] == ("false",)

    def test_of_a_role_session(self) -> None:
        facts = Account(tags_by_arn={ROLE_ARN: {"Team": "blue", "tier": "1"}})
        found = context(self.one, role_caller(session(tags={"team": "red"})), facts)
        assert found["aws:principalarn"] == (ROLE_ARN,)
        assert found["aws:principaltype"] == ("AssumedRole",)
        assert found["aws:principaltag/team"] == ("red",)
        assert found["aws:principaltag/tier"] == ("1",)
        assert "aws:username" not in found

    def test_of_a_federated_user(self) -> None:
        facts = Account(tags_by_arn={USER_ARN: {"team": "blue"}})
        found = context(self.one, federated_caller(), facts)
        assert found["aws:principalarn"] == (f"arn:aws:sts::{ACCOUNT}:federated-user/vault-1",)
        assert found["aws:userid"] == (f"{ACCOUNT}:vault-1",)
        assert found["aws:principaltag/team"] == ("blue",)
        assert "aws:username" not in found

    def test_of_the_root_user(self) -> None:
        found = context(self.one, root_caller())
        assert found["aws:principaltype"] == ("Account",)
        assert "aws:username" not in found

    def test_a_source_identity_stays_with_the_session(self) -> None:
        found = context(self.one, role_caller(session(source_identity="ada")))
        assert found["aws:sourceidentity"] == ("ada",)


class TestCallKeys:
    def test_of_assume_role(self) -> None:
        found = context(
            call(
                "sts",
                "AssumeRole",
                RoleArn=ROLE_ARN,
                RoleSessionName="one",
                ExternalId="x",
                DurationSeconds=900,
                Tags=[{"Key": "Team", "Value": "blue"}],
                TransitiveTagKeys=["Team"],
                SerialNumber="s",
                TokenCode="123456",
            ),
            facts=Account(tags_by_arn={ROLE_ARN: {"tier": "1"}}),
        )
        assert found["sts:externalid"] == ("x",)
        assert found["sts:rolesessionname"] == ("one",)
        assert found["sts:durationseconds"] == ("900",)
        assert found["sts:transitivetagkeys"] == ("Team",)
        assert found["aws:requesttag/team"] == ("blue",)
        assert found["aws:tagkeys"] == ("Team",)
        assert found["aws:resourcetag/tier"] == found["iam:resourcetag/tier"] == ("1",)
        assert found["aws:multifactorauthpresent"] == ("true",)

    def test_the_other_account_of_a_role_is_seen(self) -> None:
        role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/x"
        (one,) = access_requests(call("sts", "AssumeRole", RoleArn=role), ada(), NOBODY)
        assert one.crosses_accounts
        (own,) = access_requests(call("sts", "AssumeRole", RoleArn=ROLE_ARN), ada(), NOBODY)
        assert not own.crosses_accounts

    def test_the_boundary_a_call_sets_or_meets(self) -> None:
        arn = f"{IAM}:policy/limit"
        made = context(call("iam", "CreateUser", UserName="b", PermissionsBoundary=arn))
        assert made["iam:permissionsboundary"] == (arn,)
        facts = Account(boundaries={f"{IAM}:user/b": arn})
        met = context(call("iam", "PutUserPolicy", UserName="b"), facts=facts)
        assert met["iam:permissionsboundary"] == (arn,)
        assert "iam:permissionsboundary" not in context(call("iam", "PutUserPolicy", UserName="b"))
        unset = context(call("iam", "CreateUser", UserName="b"), facts=facts)
        assert "iam:permissionsboundary" not in unset

    def test_of_iam(self) -> None:
        found = context(call("iam", "AttachUserPolicy", UserName="b", PolicyArn="arn:p"))
        assert found["iam:policyarn"] == ("arn:p",)
        assert context(call("iam", "UntagUser", UserName="b", TagKeys=["x", "y"]))[
            "aws:tagkeys"
        ] == ("x", "y")

    def test_of_s3(self) -> None:
        listed = context(call("s3", "ListObjectsV2", Bucket="b", Prefix="home/", MaxKeys=5))
        assert (listed["s3:prefix"], listed["s3:max-keys"]) == (("home/",), ("5",))
        put = context(call("s3", "PutObject", Bucket="b", Key="k", Tagging="team=x"))
        assert put["s3:requestobjecttag/team"] == ("x",)

    def test_tags_of_other_services_may_be_a_mapping(self) -> None:
        found = context(call("logs", "CreateLogGroup", logGroupName="g", tags={"Team": "blue"}))
        assert found["aws:requesttag/team"] == ("blue",)
        assert found["aws:tagkeys"] == ("Team",)

    def test_dynamodb_leading_keys_are_never_taken_as_missing(self) -> None:
        assert context(call("dynamodb", "GetItem", TableName="t"))["dynamodb:leadingkeys"]


def test_the_kind_of_actor() -> None:
    one = call("ec2", "DescribeInstances")
    kinds = [
        access_requests(one, caller, NOBODY)[0].actor.kind
        for caller in (ada(), ada(session()), role_caller(), federated_caller(), root_caller())
    ]
    assert kinds == [
        ActorKind.USER,
        ActorKind.SESSION_TOKEN,
        ActorKind.ROLE,
        ActorKind.FEDERATION_TOKEN,
        ActorKind.ROOT,
    ]
