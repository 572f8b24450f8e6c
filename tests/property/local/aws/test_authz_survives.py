"""Whatever a call's parameters hold, authorisation asks for something and never breaks."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.calls import Account, ada, call, federated_caller, role_caller, root_caller
from vaultaws.local.aws.authz import access_requests
from vaultaws.local.aws.call import Caller

NAMES = [
    "Bucket",
    "CopySource",
    "Delete",
    "GroupName",
    "IamInstanceProfile",
    "InstanceIds",
    "Key",
    "LaunchTemplate",
    "MaxKeys",
    "Name",
    "NetworkInterfaces",
    "NewUserName",
    "Path",
    "PolicyArn",
    "QueueUrl",
    "RequestItems",
    "Resources",
    "RoleArn",
    "RoleName",
    "StackName",
    "TableName",
    "TagKeys",
    "TagSpecifications",
    "Tagging",
    "Tags",
    "TransactItems",
    "TransitiveTagKeys",
    "UserName",
    "logGroupName",
]
OPERATIONS = [
    ("cloudformation", "CreateStack"),
    ("dynamodb", "BatchGetItem"),
    ("dynamodb", "TransactWriteItems"),
    ("ec2", "CreateSecurityGroup"),
    ("ec2", "CreateTags"),
    ("ec2", "RunInstances"),
    ("iam", "CreateUser"),
    ("iam", "AddRoleToInstanceProfile"),
    ("iam", "UpdateUser"),
    ("logs", "PutLogEvents"),
    ("s3", "CopyObject"),
    ("s3", "DeleteObjects"),
    ("s3", "PutObject"),
    ("sqs", "SendMessage"),
    ("sts", "AssumeRole"),
    ("sts", "GetFederationToken"),
    ("nothing", "AtAll"),
]
INNER = st.sampled_from(
    ["Objects", "TagSet", "Tags", "Key", "Value", "Groups", "SubnetId", "Put", "Arn", "Bucket"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=6)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(INNER, inner, max_size=2),
    max_leaves=6,
)
CALLERS: st.SearchStrategy[Caller] = st.sampled_from(
    [ada(), role_caller(), federated_caller(), root_caller()]
)


@given(
    st.sampled_from(OPERATIONS),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
    CALLERS,
)
@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_any_parameters_lead_to_requests(
    operation: tuple[str, str], params: dict[str, Any], caller: Caller
) -> None:
    asked = access_requests(call(*operation, **params), caller, Account())
    assert asked
    for one in asked:
        assert one.resource
        assert ":" in one.action
        for key, values in one.context.items():
            assert key == key.lower()
            assert all(isinstance(value, str) for value in values)
