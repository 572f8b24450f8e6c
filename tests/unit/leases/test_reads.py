"""Which action ends the wait for a new IAM key: one that AWS must allow, or none."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import CONDITIONS, statements
from tests.support.policies import policy, request, user
from vaultaws.leases.reads import READS, allowed_read
from vaultaws.model import CredentialType, Role
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import PolicySet


def role(*listed: dict[str, Any], **more: Any) -> Role:
    document = {"Version": "2012-10-17", "Statement": list(listed)}
    return Role(
        "reader", **{"credential_type": CredentialType.IAM_USER, "policy_document": document} | more
    )


def allow(action: object, resource: object = "*", **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object, **more: object) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        (role(allow("ec2:Describe*")), "ec2:DescribeRegions"),
        (role(allow("EC2:describeinstances")), "ec2:DescribeInstances"),
        (role(allow(["s3:Get*", "s3:List*"])), "s3:ListBuckets"),
        (role(allow("*")), "sns:ListTopics"),
        (role(allow("*"), deny("sns:*")), "sqs:ListQueues"),
        (role(allow("*"), deny(["sns:*", "sqs:*"], **MFA)), "s3:ListBuckets"),
        (role({"Effect": "Allow", "NotAction": "s*", "Resource": "*"}), "dynamodb:ListTables"),
        (role(allow("s3:*", "arn:aws:s3:::bucket/*")), ""),
        (role(allow("s3:*", **MFA)), ""),
        (role(allow("*"), deny("*")), ""),
        (role(allow("glacier:ListVaults")), ""),
        (role(allow("*"), policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",)), ""),
        (role(allow("*"), iam_groups=("readers",)), ""),
        (role(allow("*"), permissions_boundary_arn="arn:aws:iam::1:policy/bound"), ""),
        (role(allow("*"), credential_type=CredentialType.FEDERATION_TOKEN), ""),
        (role(policy_document=None, policy_arns=("arn:aws:iam::aws:policy/x",)), ""),
        (role(policy_document={"Statement": "no policy"}), ""),
        (None, ""),
    ],
)
def test_the_read_follows_from_the_policy(asked: Role | None, read: str) -> None:
    found = allowed_read(asked)
    assert (str(found) if found else "") == read


@given(st.lists(statements(), min_size=1, max_size=4), st.sampled_from(CONDITIONS), st.booleans())
def test_what_is_chosen_is_allowed_whatever_is_known_of_the_call(
    listed: list[dict[str, Any]], condition: dict[str, Any], mfa: bool
) -> None:
    wide = allow(["s3:*", "ec2:*"], Condition=condition)
    found = allowed_read(role(*listed, wide, allow("kms:List*")))
    if found is None:
        return
    name = next(name for name, read in READS.items() if read == found)
    context = {"aws:multifactorauthpresent": (str(mfa).lower(),), "aws:username": ("ada",)}
    held = PolicySet(identity=(policy(*listed, wide, allow("kms:List*")),))
    for known in ({}, context):
        assert decide(request(name, "*", actor=user(), context=known), held).allowed


def test_every_read_is_an_operation_of_botocore_s() -> None:
    session = botocore.session.get_session()
    for read in READS.values():
        model = session.get_service_model(read.service).operation_model(read.operation)
        assert model.input_shape is None or not model.input_shape.required_members
        assert model.input_shape is None or set(read.parameters) <= set(model.input_shape.members)
