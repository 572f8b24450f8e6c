"""Every ready policy is explained, sound, and does what its page says and nothing beside it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.askers import ada, session
from tests.support.policies import ACCOUNT
from tests.support.readied import LIBRARY, document_of, may, policies, text_of
from vaultaws.model import CredentialType
from vaultaws.policy.placeholders import KINDS
from vaultaws.policy.ready import PARTS, directory
from vaultaws.policy.sizes import USER_INLINE_CHARACTERS, check_session_size, counted_size

ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
WITH_MFA = ada(session(mfa_minutes_ago=10))
STALE = ada(session(mfa_minutes_ago=61))
WITHOUT_MFA = ada(session())


@pytest.mark.parametrize("name", LIBRARY)
class TestEach:
    def test_has_every_part_of_an_explanation(self, name: str) -> None:
        policy = LIBRARY[name]
        assert policy.explanation.startswith(f"# {name}\n\n")
        assert [part for part in PARTS if not policy.parts.get(part)] == []
        assert re.fullmatch(r"[A-Z][^*]+\.", policy.summary)
        assert bool(policy.role_types) != bool(policy.attach)

    def test_names_only_placeholders_that_are_known(self, name: str) -> None:
        assert set(LIBRARY[name].placeholders) <= KINDS.keys()
        assert "{{" not in text_of(name)

    def test_fits_what_it_becomes(self, name: str) -> None:
        policy, text = LIBRARY[name], text_of(name)
        if CredentialType.IAM_USER in policy.role_types:
            assert counted_size(text) <= USER_INLINE_CHARACTERS
        if set(policy.role_types) & {CredentialType.FEDERATION_TOKEN, CredentialType.ASSUMED_ROLE}:
            check_session_size(json.dumps(document_of(name), separators=(",", ":")))


def test_the_index_names_each_with_its_sentence() -> None:
    page = (directory() / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[([\w-]+)\]\(\1\.md\) \| (.*) \|$", page, re.MULTILINE))
    assert rows == {name: policy.summary for name, policy in LIBRARY.items()}


def test_every_example_is_accepted() -> None:
    for kind in KINDS.values():
        assert kind.pattern.fullmatch(kind.example)


BELOW = {"Bucket": "shared", "Key": "teams/data/a.csv"}
BESIDE = {"Bucket": "shared", "Key": "teams/data-2/a.csv"}
ELSEWHERE = {"Bucket": "other", "Key": "teams/data/a.csv"}
GROUP = {"logGroupName": "/app/api"}
OTHER_GROUP = {"logGroupName": "/app/api-2"}
STACK = {"StackName": "network"}
STATE = {"Bucket": "state", "Key": "live/net.tfstate"}
LOCK = {"Bucket": "state", "Key": "live/net.tfstate.tflock"}
OWN_MFA = f"arn:aws:iam::{ACCOUNT}:mfa/ada"
OTHERS_MFA = f"arn:aws:iam::{ACCOUNT}:mfa/bob"
TASK = {"family": "api", "taskRoleArn": ROLE + "app", "executionRoleArn": ROLE + "pull"}
FUNCTION = {"FunctionName": "api"}

Asked = tuple[str, str, dict[str, Any]]
ALLOWED: dict[str, list[Asked]] = {
    "s3-read": [
        ("s3", "GetObject", BELOW),
        ("s3", "HeadObject", BELOW),
        ("s3", "ListObjectsV2", {"Bucket": "shared", "Prefix": "teams/data/"}),
        ("s3", "ListObjectsV2", {"Bucket": "shared", "Prefix": "teams/data/2026/"}),
    ],
    "s3-write": [
        ("s3", "GetObject", BELOW),
        ("s3", "PutObject", BELOW),
        ("s3", "DeleteObject", BELOW),
        ("s3", "CreateMultipartUpload", BELOW),
        ("s3", "AbortMultipartUpload", BELOW),
        ("s3", "ListObjectsV2", {"Bucket": "shared", "Prefix": "teams/data/"}),
    ],
    "logs-read": [
        ("logs", "DescribeLogGroups", {}),
        ("logs", "DescribeLogStreams", GROUP),
        ("logs", "GetLogEvents", {**GROUP, "logStreamName": "one"}),
        ("logs", "FilterLogEvents", GROUP),
    ],
    "deploy-ecs": [
        ("ecr", "GetAuthorizationToken", {}),
        ("ecs", "DescribeTaskDefinition", {"taskDefinition": "api"}),
        ("ecs", "RegisterTaskDefinition", TASK),
        ("ecs", "UpdateService", {"cluster": "live", "service": "api"}),
        ("ecs", "DescribeServices", {"cluster": "live", "services": ["api"]}),
    ],
    "deploy-lambda": [
        ("lambda", "UpdateFunctionCode", FUNCTION),
        ("lambda", "UpdateFunctionConfiguration", {**FUNCTION, "Role": ROLE + "app"}),
        ("lambda", "PublishVersion", FUNCTION),
        ("lambda", "GetFunction", {**FUNCTION, "Qualifier": "7"}),
    ],
    "deploy-cloudformation": [
        ("cloudformation", "CreateChangeSet", {**STACK, "RoleARN": ROLE + "builder"}),
        ("cloudformation", "ExecuteChangeSet", STACK),
        ("cloudformation", "DescribeStacks", STACK),
        ("cloudformation", "ValidateTemplate", {}),
    ],
    "terraform-plan": [
        ("ec2", "DescribeInstances", {}),
        ("iam", "GetRole", {"RoleName": "app"}),
        ("iam", "ListRoles", {}),
        ("s3", "GetBucketPolicy", {"Bucket": "any"}),
        ("s3", "GetBucketEncryption", {"Bucket": "any"}),
        ("s3", "ListObjectsV2", {"Bucket": "state", "Prefix": "live/"}),
        ("s3", "GetObject", STATE),
        ("s3", "PutObject", LOCK),
        ("s3", "DeleteObject", LOCK),
        ("logs", "DescribeLogGroups", {}),
    ],
    "roles-list": [("iam", "ListRoles", {}), ("iam", "GetRole", {"RoleName": "app"})],
    "s3-only": [("s3", "ListBuckets", {}), ("s3", "DeleteBucket", {"Bucket": "any"})],
    "manage-mfa": [
        ("iam", "ListUsers", {}),
        ("iam", "ListVirtualMFADevices", {}),
        ("iam", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "ada"}),
        ("iam", "EnableMFADevice", {"UserName": "ada", "SerialNumber": OWN_MFA}),
        ("iam", "ListMFADevices", {}),
        ("iam", "DeleteVirtualMFADevice", {"SerialNumber": OWN_MFA}),
    ],
}
DENIED: dict[str, list[Asked]] = {
    "s3-read": [
        ("s3", "GetObject", BESIDE),
        ("s3", "GetObject", ELSEWHERE),
        ("s3", "PutObject", BELOW),
        ("s3", "DeleteObject", BELOW),
        ("s3", "ListBuckets", {}),
        ("s3", "ListObjectsV2", {"Bucket": "shared"}),
        ("s3", "ListObjectsV2", {"Bucket": "shared", "Prefix": ""}),
        ("s3", "ListObjectsV2", {"Bucket": "shared", "Prefix": "teams/"}),
        ("s3", "ListObjectsV2", {"Bucket": "shared", "Prefix": "teams/data"}),
        ("s3", "ListObjectVersions", {"Bucket": "shared", "Prefix": "teams/data/"}),
        ("s3", "GetObject", {**BELOW, "VersionId": "1"}),
        ("s3", "CopyObject", {**BELOW, "CopySource": "shared/teams/data/a.csv"}),
    ],
    "s3-write": [
        ("s3", "PutObject", BESIDE),
        ("s3", "PutObject", ELSEWHERE),
        ("s3", "PutObject", {**BELOW, "ACL": "public-read"}),
        ("s3", "DeleteObject", {**BELOW, "VersionId": "1"}),
        ("s3", "CopyObject", {**BELOW, "CopySource": "shared/other/a.csv"}),
        ("s3", "PutBucketPolicy", {"Bucket": "shared"}),
        ("s3", "DeleteBucket", {"Bucket": "shared"}),
    ],
    "logs-read": [
        ("logs", "GetLogEvents", {**OTHER_GROUP, "logStreamName": "one"}),
        ("logs", "FilterLogEvents", OTHER_GROUP),
        ("logs", "PutLogEvents", {**GROUP, "logStreamName": "one"}),
        ("logs", "DeleteLogGroup", GROUP),
        ("logs", "PutRetentionPolicy", GROUP),
        ("logs", "PutSubscriptionFilter", GROUP),
    ],
    "deploy-ecs": [
        ("ecs", "RegisterTaskDefinition", {**TASK, "taskRoleArn": ROLE + "admin"}),
        ("ecs", "RegisterTaskDefinition", {**TASK, "family": "other"}),
        ("ecs", "UpdateService", {"cluster": "live", "service": "other"}),
        ("ecs", "UpdateService", {"cluster": "test", "service": "api"}),
        ("ecs", "DescribeServices", {"cluster": "live", "services": ["api", "other"]}),
        ("ecs", "DeleteService", {"cluster": "live", "service": "api"}),
        ("ecs", "RunTask", {"taskDefinition": "api"}),
        ("lambda", "CreateFunction", {**FUNCTION, "Role": ROLE + "app"}),
    ],
    "deploy-lambda": [
        ("lambda", "UpdateFunctionCode", {"FunctionName": "api-2"}),
        ("lambda", "UpdateFunctionConfiguration", {**FUNCTION, "Role": ROLE + "admin"}),
        ("lambda", "CreateFunction", {**FUNCTION, "Role": ROLE + "app"}),
        ("lambda", "AddPermission", FUNCTION),
        ("lambda", "Invoke", FUNCTION),
        ("lambda", "DeleteFunction", FUNCTION),
        ("ecs", "RegisterTaskDefinition", TASK),
    ],
    "deploy-cloudformation": [
        ("cloudformation", "CreateChangeSet", {"StackName": "other"}),
        ("cloudformation", "CreateChangeSet", {**STACK, "RoleARN": ROLE + "admin"}),
        ("cloudformation", "DeleteStack", STACK),
        ("lambda", "UpdateFunctionConfiguration", {**FUNCTION, "Role": ROLE + "builder"}),
        ("ec2", "DescribeVpcs", {}),
    ],
    "terraform-plan": [
        ("s3", "GetObject", {"Bucket": "state", "Key": "test/net.tfstate"}),
        ("s3", "GetObject", {"Bucket": "any", "Key": "a"}),
        ("s3", "PutObject", STATE),
        ("s3", "DeleteObject", STATE),
        ("secretsmanager", "GetSecretValue", {}),
        ("ssm", "GetParameter", {}),
        ("ssm", "GetParametersByPath", {}),
        ("kms", "Decrypt", {}),
        ("ec2", "GetConsoleOutput", {}),
        ("ec2", "RunInstances", {}),
        ("iam", "CreateUser", {"UserName": "eve"}),
        ("iam", "CreateAccessKey", {"UserName": "ada"}),
        ("logs", "GetLogEvents", {**GROUP, "logStreamName": "one"}),
        ("dynamodb", "GetItem", {"TableName": "any"}),
    ],
    "roles-list": [
        ("sts", "AssumeRole", {"RoleArn": ROLE + "app"}),
        ("iam", "ListUsers", {}),
        ("iam", "UpdateAssumeRolePolicy", {"RoleName": "app"}),
    ],
    "s3-only": [("ec2", "DescribeInstances", {}), ("iam", "ListRoles", {})],
    "manage-mfa": [
        ("iam", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "ada-2"}),
        ("iam", "EnableMFADevice", {"UserName": "bob", "SerialNumber": OTHERS_MFA}),
        ("iam", "DeactivateMFADevice", {"UserName": "ada", "SerialNumber": OWN_MFA}),
        ("iam", "DeleteVirtualMFADevice", {"SerialNumber": OTHERS_MFA}),
        ("iam", "CreateAccessKey", {}),
    ],
}


def asked(table: dict[str, list[Asked]]) -> list[Any]:
    return [
        pytest.param(name, *one, id=f"{name}-{one[1]}-{number}")
        for name, listed in table.items()
        for number, one in enumerate(listed)
    ]


@pytest.mark.parametrize(("name", "service", "operation", "params"), asked(ALLOWED))
def test_it_allows(name: str, service: str, operation: str, params: dict[str, Any]) -> None:
    assert may(policies(name), service, operation, **params)


@pytest.mark.parametrize(("name", "service", "operation", "params"), asked(DENIED))
def test_it_denies(name: str, service: str, operation: str, params: dict[str, Any]) -> None:
    assert not may(policies(name), service, operation, **params)


class TestMfa:
    def test_break_glass_allows_all_with_a_fresh_code_only(self) -> None:
        held = policies("break-glass")
        for service, operation in (("iam", "ListUsers"), ("ec2", "RunInstances")):
            assert may(held, service, operation, WITH_MFA)
            assert not may(held, service, operation, ada())
            assert not may(held, service, operation, WITHOUT_MFA)
            assert not may(held, service, operation, STALE)

    @pytest.mark.parametrize("operation", ["StopLogging", "DeleteTrail", "UpdateTrail"])
    def test_break_glass_leaves_the_trail_alone(self, operation: str) -> None:
        assert not may(policies("break-glass"), "cloudtrail", operation, WITH_MFA, Name="all")

    def test_a_device_is_switched_off_with_mfa_only(self) -> None:
        params = {"UserName": "ada", "SerialNumber": OWN_MFA}
        held = policies("manage-mfa", "block-without-mfa")
        assert may(held, "iam", "DeactivateMFADevice", WITH_MFA, **params)
        assert not may(held, "iam", "DeactivateMFADevice", ada(), **params)

    def test_without_mfa_only_the_way_to_it_is_open(self) -> None:
        held = policies("s3-only", "manage-mfa", "block-without-mfa")
        own = {"UserName": "ada", "SerialNumber": OWN_MFA}
        assert may(held, "iam", "CreateVirtualMFADevice", ada(), VirtualMFADeviceName="ada")
        assert may(held, "iam", "EnableMFADevice", ada(), **own)
        assert may(held, "sts", "GetSessionToken", ada())
        assert may(held, "s3", "ListBuckets", WITH_MFA)
        for caller in (ada(), WITHOUT_MFA):
            assert not may(held, "s3", "ListBuckets", caller)
            assert not may(held, "sts", "AssumeRole", caller, RoleArn=ROLE + "OpsSudo")
        assert not may(policies("block-without-mfa"), "s3", "ListBuckets", WITH_MFA)

    def test_ops_may_become_one_role(self) -> None:
        (statement,) = document_of("opssudo-assume")["Statement"]
        assert (statement["Action"], statement["Resource"]) == ("sts:AssumeRole", ROLE + "OpsSudo")
        assert not may(policies("opssudo-assume"), "s3", "ListBuckets")
