"""What a call asks of IAM (service authorization reference; global condition context keys)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.askers import (
    KEY,
    Account,
    ada,
    call,
    federated_caller,
    role_caller,
    root_caller,
    session,
)
from tests.support.policies import ACCOUNT, ROLE_ARN, USER_ARN
from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Call, Caller
from vaultaws.policy.values import ActorKind

IAM = f"arn:aws:iam::{ACCOUNT}"
EC2 = f"arn:aws:ec2:eu-west-2:{ACCOUNT}"
NOBODY = Account()


def asked(one: Call, caller: Caller | None = None, facts: Account = NOBODY) -> set[tuple[str, str]]:
    return {(item.action, item.resource) for item in access_requests(one, caller or ada(), facts)}


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


@pytest.mark.parametrize(
    ("service", "operation", "params", "resource", "passed"),
    [
        (
            "lambda",
            "UpdateFunctionConfiguration",
            {"FunctionName": "f", "Role": ROLE_ARN},
            f"arn:aws:lambda:eu-west-2:{ACCOUNT}:function:f",
            "lambda.amazonaws.com",
        ),
        (
            "ecs",
            "RegisterTaskDefinition",
            {"family": "f", "taskRoleArn": ROLE_ARN},
            f"arn:aws:ecs:eu-west-2:{ACCOUNT}:task-definition/f:*",
            "ecs-tasks.amazonaws.com",
        ),
    ],
)
def test_a_deployed_role_is_passed_to_its_service(
    service: str, operation: str, params: dict[str, str], resource: str, passed: str
) -> None:
    one = call(service, operation, **params)
    assert asked(one) == {(f"{service}:{operation}", resource), ("iam:PassRole", ROLE_ARN)}
    (hand_over,) = [
        each for each in access_requests(one, ada(), Account()) if each.action == "iam:PassRole"
    ]
    assert hand_over.context["iam:passedtoservice"] == (passed,)


def test_a_role_handed_to_an_unmapped_service_must_be_passed() -> None:
    assert asked(call("stepfunctions", "CreateStateMachine", name="f", roleArn=ROLE_ARN)) == {
        ("states:CreateStateMachine", "*"),
        ("iam:PassRole", ROLE_ARN),
    }


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
