"""Policies whose wildcards let the holder become more than the policy says.

The evaluator is asked about a stranger in the account: what is allowed on him is allowed on
anyone. An action on named users or roles only is not found here, and neither is one under a
condition that a plain call does not meet.
Sources: IAM user guide, "Security best practices in IAM"; the escalation paths that Principal
Mapper and Prowler look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vaultaws.lint.asking import Holder
from vaultaws.lint.needs import UNKNOWN_ACCOUNT
from vaultaws.lint.rule import Hit, Rule, Severity
from vaultaws.lint.subjects import Subject
from vaultaws.model import CredentialType

ESCALATES: Final = Rule(
    "policy-grants-escalation",
    Severity.WARNING,
    "a policy of users that grants a way to any other right",
    "With one of these actions on anyone (iam:PassRole, iam:CreateAccessKey, iam:AttachUserPolicy, "
    "iam:PutUserPolicy, iam:UpdateAssumeRolePolicy, sts:AssumeRole …) its holder can give himself "
    "what the policy does not grant, and can outlive his lease. Name the resources instead of a "
    "wildcard, or set permissions_boundary_arn (lint then trusts the boundary).",
    "IAM user guide, Security best practices in IAM: least privilege",
)
EVERYTHING: Final = Rule(
    "policy-grants-everything",
    Severity.WARNING,
    "a policy that allows every action on everything",
    "An iam_user with it is an administrator; a federation_token with it is lent all that Vault's "
    "own user may do.",
    "IAM user guide, Security best practices in IAM: least privilege",
)
RULES: Final = (ESCALATES, EVERYTHING)

_ON_USERS: Final = (
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreateServiceSpecificCredential",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:UpdateLoginProfile",
)
_ON_GROUPS: Final = ("iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:PutGroupPolicy")
_ON_ROLES: Final = (
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "sts:AssumeRole",
)
_ON_POLICIES: Final = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
_KINDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("user", _ON_USERS),
    ("group", _ON_GROUPS),
    ("role", _ON_ROLES),
    ("policy", _ON_POLICIES),
)
_STRANGER: Final = "Z9-a-stranger"
_ANY_ACTION: Final = "nosuchservice:NoSuchAction"
_ACCOUNTS: Final = re.compile(r":([0-9]{12}):")
_PARTITIONS: Final = re.compile(r"\barn:(aws[a-z-]*):")
_SHOWN: Final = 3


def check(subject: Subject) -> Iterator[Hit]:
    """Find, statement by statement, what a policy grants on strangers."""
    if subject.parsed is None:
        return
    types = {role.credential_type for role in subject.roles}
    lent = CredentialType.FEDERATION_TOKEN in types
    minted = not subject.roles or any(
        role.credential_type is CredentialType.IAM_USER and not role.permissions_boundary_arn
        for role in subject.roles
    )
    if not (lent or minted):
        return
    start = _start(subject.text)
    holder = Holder(f"{start}user/vault-holder", subject.parsed)
    granting = holder.granted_by(_ANY_ACTION, f"{start}nosuchthing/any")
    if granting is not None:
        message = "it allows every action on everything"
        remedy = "name the actions that the role is for"
        yield subject.at(EVERYTHING, subject.place_of(granting), message, do=remedy)
    elif minted:
        yield from _escalating(subject, holder, start)


def _escalating(subject: Subject, holder: Holder, start: str) -> Iterator[Hit]:
    granted: dict[int, list[str]] = {}
    for kind, actions in _KINDS:
        for action in actions:
            granting = holder.granted_by(action, f"{start}{kind}/{_STRANGER}")
            if granting is not None:
                granted.setdefault(granting, []).append(action)
    for index, named in granted.items():
        more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
        message = f"it grants {', '.join(named[:_SHOWN])}{more} on anyone"
        remedy = "name the resources, or set permissions_boundary_arn"
        yield subject.at(ESCALATES, subject.place_of(index), message, do=remedy)


def _start(text: str) -> str:
    """How ARNs of IAM begin in the partition and account that the policy speaks of, if any."""
    partition, account = _PARTITIONS.search(text), _ACCOUNTS.search(text)
    return (
        f"arn:{partition[1] if partition else 'aws'}:iam::"
        f"{account[1] if account else UNKNOWN_ACCOUNT}:"
    )
