"""What the engine calls AWS for, and so what Vault's own IAM user must be allowed.

Pure, from the roles alone. Sources: the engine's secret_access_keys.go (issue), path_user.go
(revoke, and roll back), path_static_roles.go and rotation.go (static roles),
path_config_rotate_root.go; for the resource and the condition keys of each action the service
authorization reference of IAM and STS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vaultaws.lint import username
from vaultaws.model import CredentialType, Role, StaticRole

UNKNOWN_ACCOUNT: Final = "123456789012"
_PLAIN_REVOKE: Final = (
    "iam:ListGroupsForUser",
    "iam:ListUserPolicies",
    "iam:ListAttachedUserPolicies",
    "iam:ListAccessKeys",
    "iam:DeleteAccessKey",
    "iam:DeleteUser",
)
ENDS_A_USER: Final = (*_PLAIN_REVOKE, "iam:DetachUserPolicy", "iam:DeleteUserPolicy")
"""All that ending a user may ask on that user, whatever it was given."""
_GROUP_READS: Final = (
    "iam:ListAttachedGroupPolicies",
    "iam:ListGroupPolicies",
    "iam:GetGroupPolicy",
)
_ROTATE_ROOT: Final = ("iam:GetUser", "iam:CreateAccessKey", "iam:DeleteAccessKey")
_ROTATE_STATIC: Final = (
    "iam:GetUser",
    "iam:ListAccessKeys",
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
)

ConditionKeys = tuple[tuple[str, tuple[str, ...]], ...]
"""Condition keys in lower case with their values, sorted by key."""


class Purpose(StrEnum):
    """What fails without the action. The value completes "… cannot be"."""

    ISSUE = "issued"
    REVOKE = "revoked"
    ROTATE = "rotated"


@dataclass(frozen=True)
class Need:
    """One action on one resource. `for_role` is empty for what the key itself needs.

    Names and accounts in the resource are samples where the file cannot tell them (see Ground).
    """

    action: str
    resource: str
    for_role: str
    purpose: Purpose
    context: ConditionKeys = ()
    static: bool = False

    @property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The condition keys as the evaluator takes them."""
        return dict(self.context)


@dataclass(frozen=True)
class Ground:
    """What the resources of needs are made of: the account, the partition, the ARN of Vault's own
    user, and the template that names users."""

    account_id: str = UNKNOWN_ACCOUNT
    partition: str = "aws"
    root_arn: str = ""
    username_template: str = ""

    @property
    def own_arn(self) -> str:
        return self.root_arn or self.iam_arn("user/vault-root")

    def iam_arn(self, rest: str) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:{rest}"

    def sts_arn(self, rest: str) -> str:
        return f"arn:{self.partition}:sts::{self.account_id}:{rest}"


def needs(
    roles: Iterable[Role],
    static_roles: Iterable[StaticRole] = (),
    ground: Ground | None = None,
    *,
    rotation: bool = True,
) -> tuple[Need, ...]:
    """Everything that issuing, revoking and rotating ask of AWS, in the engine's order.

    `rotation` adds `config/rotate-root`. A role of which the engine never calls AWS (it is
    refused before) has no needs. Raises the username template's errors (lint.gotemplate).
    """
    place = ground or Ground()
    found: list[Need] = []
    for role in roles:
        found += _of_role(role, place)
    for static in static_roles:
        found += _of_static_role(static, place)
    if rotation:
        found += [Need(action, place.own_arn, "", Purpose.ROTATE) for action in _ROTATE_ROOT]
    return tuple(found)


def _of_role(role: Role, ground: Ground) -> Iterator[Need]:
    match role.credential_type:
        case CredentialType.IAM_USER:
            yield from _user_issue(role, ground)
            yield from _user_revoke(role, ground)
        case CredentialType.ASSUMED_ROLE:
            yield from _group_reads(role, ground)
            yield from _assume(role)
        case CredentialType.FEDERATION_TOKEN:
            yield from _group_reads(role, ground)
            name = username.federated_name(ground.username_template)
            user = ground.sts_arn(f"federated-user/{name}")
            yield Need("sts:GetFederationToken", user, role.name, Purpose.ISSUE)
        case CredentialType.SESSION_TOKEN:
            yield Need("sts:GetSessionToken", "*", role.name, Purpose.ISSUE)


def _user_arn(role: Role, ground: Ground) -> str:
    name = username.user_name(ground.username_template, role.name)
    return ground.iam_arn(f"user{role.user_path or '/'}{name}")


def _boundary(role: Role) -> ConditionKeys:
    boundary = role.permissions_boundary_arn
    return (("iam:permissionsboundary", (boundary,)),) if boundary else ()


def _managed(role: Role, action: str, user: str, purpose: Purpose) -> Iterator[Need]:
    """One call for each managed policy, asked with the policy and the user's boundary."""
    for arn in role.policy_arns:
        context = (*_boundary(role), ("iam:policyarn", (arn,)))
        yield Need(action, user, role.name, purpose, context)


def _groups(role: Role, ground: Ground, action: str, purpose: Purpose) -> Iterator[Need]:
    for group in role.iam_groups:
        yield Need(action, ground.iam_arn(f"group/{group}"), role.name, purpose)


def _user_issue(role: Role, ground: Ground) -> Iterator[Need]:
    user, boundary, issue = _user_arn(role, ground), _boundary(role), Purpose.ISSUE
    yield Need("iam:CreateUser", user, role.name, issue, boundary)
    yield from _managed(role, "iam:AttachUserPolicy", user, issue)
    if role.policy_document is not None:
        yield Need("iam:PutUserPolicy", user, role.name, issue, boundary)
    yield from _groups(role, ground, "iam:AddUserToGroup", issue)
    if role.iam_tags:
        yield Need("iam:TagUser", user, role.name, issue, _tag_keys(role.iam_tags))
    yield Need("iam:CreateAccessKey", user, role.name, issue)


def _user_revoke(role: Role, ground: Ground) -> Iterator[Need]:
    user, revoke = _user_arn(role, ground), Purpose.REVOKE
    for action in _PLAIN_REVOKE[:-1]:
        yield Need(action, user, role.name, revoke)
    yield from _managed(role, "iam:DetachUserPolicy", user, revoke)
    if role.policy_document is not None:
        yield Need("iam:DeleteUserPolicy", user, role.name, revoke, _boundary(role))
    yield from _groups(role, ground, "iam:RemoveUserFromGroup", revoke)
    yield Need(_PLAIN_REVOKE[-1], user, role.name, revoke)


def _group_reads(role: Role, ground: Ground) -> Iterator[Need]:
    """An STS role with groups is given the groups' policies, which the engine reads first."""
    for action in _GROUP_READS:
        yield from _groups(role, ground, action, Purpose.ISSUE)


def _assume(role: Role) -> Iterator[Need]:
    external = (("sts:externalid", (role.external_id,)),) if role.external_id else ()
    context = (*_tag_keys(role.session_tags), *external)
    actions = ("sts:AssumeRole", "sts:TagSession") if role.session_tags else ("sts:AssumeRole",)
    for arn in role.role_arns:
        for action in actions:
            yield Need(action, arn, role.name, Purpose.ISSUE, context)


def _tag_keys(tags: Iterable[tuple[str, str]]) -> ConditionKeys:
    """aws:RequestTag/KEY and aws:TagKeys of a call that sets tags."""
    pairs = sorted(tags)
    if not pairs:
        return ()
    keys = tuple(key for key, _ in pairs)
    requested = ((f"aws:requesttag/{key.lower()}", (value,)) for key, value in pairs)
    return (*requested, ("aws:tagkeys", keys))


def _of_static_role(static: StaticRole, ground: Ground) -> Iterator[Need]:
    """Another account's user (Enterprise) is reached through its role; then only that counts."""
    if static.assume_role_arn:
        context = (("sts:externalid", (static.external_id,)),) if static.external_id else ()
        yield Need(
            "sts:AssumeRole", static.assume_role_arn, static.name, Purpose.ROTATE, context, True
        )
        return
    user = ground.iam_arn(f"user/{static.username}")
    for action in _ROTATE_STATIC:
        yield Need(action, user, static.name, Purpose.ROTATE, static=True)
