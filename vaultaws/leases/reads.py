"""A read that a role's users may surely do: the last step of the wait for a new IAM key. Pure.

GetCallerIdentity needs no right, so it tells that a key is known, not that its policies are. The
actions below read only, need no parameters, cost nothing, and ask for the resource `*` (AWS
Service Authorization Reference).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from vaultaws.aws.actions import Action
from vaultaws.model import CredentialType, Role
from vaultaws.policy.document import (
    Effect,
    MalformedPolicyError,
    PolicyDocument,
    Statement,
    parse_policy,
)
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, Actor, ActorKind, AttachedPolicy, PolicySet

READS: Final[Mapping[str, Action]] = {
    "sns:ListTopics": Action("sns", "ListTopics"),
    "sqs:ListQueues": Action("sqs", "ListQueues", {"MaxResults": 1}),
    "s3:ListAllMyBuckets": Action("s3", "ListBuckets"),
    "dynamodb:ListTables": Action("dynamodb", "ListTables", {"Limit": 1}),
    "kms:ListAliases": Action("kms", "ListAliases", {"Limit": 1}),
    "iam:ListAccountAliases": Action("iam", "ListAccountAliases"),
    "lambda:ListFunctions": Action("lambda", "ListFunctions", {"MaxItems": 1}),
    "secretsmanager:ListSecrets": Action("secretsmanager", "ListSecrets", {"MaxResults": 1}),
    "ssm:DescribeParameters": Action("ssm", "DescribeParameters", {"MaxResults": 1}),
    "ecs:ListClusters": Action("ecs", "ListClusters", {"maxResults": 1}),
    "route53:ListHostedZones": Action("route53", "ListHostedZones", {"MaxItems": "1"}),
    "cloudwatch:ListMetrics": Action("cloudwatch", "ListMetrics"),
    "ec2:DescribeRegions": Action("ec2", "DescribeRegions"),
    "ec2:DescribeVpcs": Action("ec2", "DescribeVpcs", {"MaxResults": 5}),
    "ec2:DescribeInstances": Action("ec2", "DescribeInstances", {"MaxResults": 5}),
}
"""By the name that policies give it. Those whose client is built fastest come first."""

_ACCOUNT: Final = "123456789012"
_USER: Final = f"arn:aws:iam::{_ACCOUNT}:user/vault-user"
_ACTOR: Final = Actor(ActorKind.USER, _USER, _ACCOUNT, "AIDA" + "0" * 17, _USER)


def allowed_read(role: Role | None) -> Action | None:
    """The first of the reads that AWS must allow the role's IAM users, or None.

    Only an inline policy is known whole: managed policies, those of groups, and a boundary are
    not, and any of them may deny.
    """
    if role is None or role.credential_type is not CredentialType.IAM_USER:
        return None
    if role.policy_document is None or role.policy_arns or role.iam_groups:
        return None
    if role.permissions_boundary_arn:
        return None
    try:
        certain = _certain(parse_policy(role.policy_document))
    except MalformedPolicyError:
        return None
    policies = PolicySet(identity=(AttachedPolicy("inline", certain),))
    for name, read in READS.items():
        if decide(AccessRequest(_ACTOR, name, "*", {}), policies).allowed:
            return read
    return None


def _certain(document: PolicyDocument) -> PolicyDocument:
    """What holds whatever the conditions: no allow that has any, and every deny."""
    kept = [_unconditional(each) for each in document.statements if _counts(each)]
    return replace(document, statements=tuple(kept))


def _counts(statement: Statement) -> bool:
    return statement.effect is Effect.DENY or not statement.conditions


def _unconditional(statement: Statement) -> Statement:
    return replace(statement, conditions=())
