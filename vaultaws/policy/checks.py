"""What IAM refuses when a policy is stored, beyond the grammar. Messages are IAM's own.

Source: IAM user guide, "Grammar of the IAM JSON policy language", and the answers of IAM itself
as far as they are known from public reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NoReturn

from vaultaws.policy.conditions import is_known
from vaultaws.policy.document import (
    SYNTAX,
    Effect,
    MalformedPolicyError,
    PolicyDocument,
    Statement,
)
from vaultaws.policy.match import ARN_PARTS

PARTITIONS: Final = frozenset(
    {
        "*",
        "aws",
        "aws-cn",
        "aws-eusc",
        "aws-iso",
        "aws-iso-b",
        "aws-iso-e",
        "aws-iso-f",
        "aws-us-gov",
    }
)
_SID: Final = re.compile(r"[A-Za-z0-9]*")
_VENDOR: Final = re.compile(r"[A-Za-z0-9.-]+")
_IAM_KINDS: Final = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
    "*",
)
_TRUST_ACTIONS: Final = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)


class PolicyKind(Enum):
    """Where a policy is put; the rules differ."""

    IDENTITY = "identity"  # inline and managed policies, boundaries and session policies
    TRUST = "trust"


def check_policy(document: PolicyDocument, kind: PolicyKind) -> None:
    """Raise MalformedPolicyError as IAM does when such a policy is stored or passed."""
    _check_sids(document)
    for statement in document.statements:
        _check_operators(statement)
        if kind is PolicyKind.TRUST:
            _check_trust(statement)
        else:
            _check_identity(statement)
        for action in _actions(statement):
            _check_action(action)


def _refuse(message: str) -> NoReturn:
    raise MalformedPolicyError(message)


def _check_sids(document: PolicyDocument) -> None:
    sids = [statement.sid for statement in document.statements if statement.sid]
    if len(sids) != len(set(sids)):
        _refuse("Statement IDs (SID) in a single policy must be unique.")
    if not all(_SID.fullmatch(sid) for sid in sids):
        _refuse(
            "Statement IDs (SID) must be alpha-numeric. "
            "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )


def _check_operators(statement: Statement) -> None:
    if not all(is_known(condition.operator) for condition in statement.conditions):
        _refuse(SYNTAX)


def _check_identity(statement: Statement) -> None:
    if statement.principals is not None or statement.not_principals is not None:
        _refuse("Policy document should not specify a principal.")
    if not statement.actions and not statement.not_actions:
        _refuse("Policy statement must contain actions.")
    resources = statement.resources or statement.not_resources
    if not resources:
        _refuse("Policy statement must contain resources.")
    for resource in resources:
        _check_resource(resource)


def _check_trust(statement: Statement) -> None:
    if statement.resources is not None or statement.not_resources is not None:
        _refuse("Has prohibited field Resource.")
    if statement.principals is None and statement.not_principals is None:
        _refuse("Missing required field Principal")
    if statement.not_principals is not None and statement.effect is Effect.ALLOW:
        _refuse("Allow with NotPrincipal is not allowed.")
    if not statement.actions:
        _refuse("Missing required field Action")
    if not all(_is_trust_action(action) for action in statement.actions):
        _refuse("AssumeRole policy may only specify STS AssumeRole actions.")


def _is_trust_action(action: str) -> bool:
    """The actions of assuming, or a wildcard of STS's."""
    lowered = action.lower()
    return lowered in _TRUST_ACTIONS or (lowered.startswith("sts:") and "*" in lowered)


def _actions(statement: Statement) -> Iterator[str]:
    yield from statement.actions or ()
    yield from statement.not_actions or ()


def _check_action(action: str) -> None:
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon:
        _refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if ":" in name:
        _refuse("Actions/Condition can contain only one colon.")
    if vendor != "*" and not _VENDOR.fullmatch(vendor):
        _refuse(f"Vendor {vendor} is not valid")


def _check_resource(resource: str) -> None:
    if resource == "*":
        return
    parts = resource.split(":", ARN_PARTS - 1)
    if len(parts) == 1:
        _refuse(f'Resource {resource} must be in ARN format or "*".')
    padded = [*parts, *["*"] * (ARN_PARTS - len(parts))]
    _, partition, vendor, region, account, rest = padded
    if partition not in PARTITIONS:
        shown = ":".join(("arn", partition, vendor, region, account, rest))
        _refuse(f'Partition "{partition}" is not valid for resource "{shown}".')
    if len(parts) == 2 or not vendor:
        _refuse("Resource vendor must be fully qualified and cannot contain regexes.")
    if vendor == "iam" and len(parts) == ARN_PARTS:
        _check_iam_resource(resource, region, rest)


def _check_iam_resource(resource: str, region: str, rest: str) -> None:
    if region:
        _refuse(f"IAM resource {resource} cannot contain region information.")
    if not rest.startswith(_IAM_KINDS):
        kinds = ", ".join(_IAM_KINDS[:-1])
        _refuse(f'IAM resource path must either be "*" or start with {kinds}.')
