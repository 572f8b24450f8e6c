"""IAM (service authorization reference, "AWS Identity and Access Management").

Every operation has one resource type, found in `_KINDS`; what is not there is asked on "*".
Without a UserName the caller is the user, where the API says so. A few operations need more than
their own action: tags set at creation, a rename, a role put into an instance profile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vaultaws.local.aws.actions.facts import Ask, Mapper, Need
from vaultaws.local.aws.actions.params import (
    Keys,
    merged,
    named,
    request_tags,
    resource_tags,
    tag_key_list,
)
from vaultaws.local.aws.call import CallerKind

_ON_USERS: Final = """
    AttachUserPolicy ChangePassword CreateAccessKey CreateLoginProfile
    CreateServiceSpecificCredential CreateUser DeactivateMFADevice DeleteAccessKey
    DeleteLoginProfile DeleteSSHPublicKey DeleteServiceSpecificCredential DeleteSigningCertificate
    DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DetachUserPolicy EnableMFADevice
    GetAccessKeyLastUsed GetLoginProfile GetMFADevice GetSSHPublicKey GetUser GetUserPolicy
    ListAccessKeys ListAttachedUserPolicies ListGroupsForUser ListMFADevices ListSSHPublicKeys
    ListServiceSpecificCredentials ListSigningCertificates ListUserPolicies ListUserTags
    PutUserPermissionsBoundary PutUserPolicy ResetServiceSpecificCredential ResyncMFADevice TagUser
    UntagUser UpdateAccessKey UpdateLoginProfile UpdateSSHPublicKey UpdateServiceSpecificCredential
    UpdateSigningCertificate UpdateUser UploadSSHPublicKey UploadSigningCertificate
"""
_ON_GROUPS: Final = """
    AddUserToGroup AttachGroupPolicy CreateGroup DeleteGroup DeleteGroupPolicy DetachGroupPolicy
    GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies PutGroupPolicy
    RemoveUserFromGroup UpdateGroup
"""
_ON_ROLES: Final = """
    AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy
    DeleteServiceLinkedRole DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies
    ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePermissionsBoundary
    PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription
"""
_ON_POLICIES: Final = """
    CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion
    ListEntitiesForPolicy ListPolicyTags ListPolicyVersions SetDefaultPolicyVersion TagPolicy
    UntagPolicy
"""
_ON_PROFILES: Final = """
    AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile
    ListInstanceProfileTags RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile
"""
_ON_MFA_DEVICES: Final = """
    CreateVirtualMFADevice DeleteVirtualMFADevice ListMFADeviceTags TagMFADevice UntagMFADevice
"""
_LISTS: Final = {
    "ListUsers": "user",
    "ListGroups": "group",
    "ListRoles": "role",
    "ListInstanceProfiles": "instance-profile",
}
_OF_OWN_CREATION: Final = frozenset(
    {
        "CreateUser",
        "CreateGroup",
        "CreateRole",
        "CreatePolicy",
        "CreateInstanceProfile",
        "CreateVirtualMFADevice",
    }
)
_TAG_ACTIONS: Final = {
    "CreateUser": "iam:TagUser",
    "CreateRole": "iam:TagRole",
    "CreatePolicy": "iam:TagPolicy",
    "CreateInstanceProfile": "iam:TagInstanceProfile",
    "CreateVirtualMFADevice": "iam:TagMFADevice",
}
_BOUNDARY_IN_THE_CALL: Final = frozenset(
    {"CreateUser", "CreateRole", "PutUserPermissionsBoundary", "PutRolePermissionsBoundary"}
)


def _user(ask: Ask) -> str:
    name = ask.text("UserName")
    if ask.call.operation == "GetAccessKeyLastUsed":
        name = ask.facts.access_key_user(ask.account, ask.text("AccessKeyId"))
    elif not name and ask.caller.kind is CallerKind.IAM_USER:
        return ask.caller.arn
    return ask.iam_arn("user", name, path=_new_path(ask))


def _group(ask: Ask) -> str:
    return ask.iam_arn("group", ask.text("GroupName"), path=_new_path(ask))


def _role(ask: Ask) -> str:
    return ask.iam_arn("role", ask.text("RoleName"), path=_new_path(ask))


def _policy(ask: Ask) -> str:
    if ask.call.operation == "CreatePolicy":
        return ask.iam_arn("policy", ask.text("PolicyName"), path=_new_path(ask))
    return ask.text("PolicyArn") or "*"


def _profile(ask: Ask) -> str:
    return ask.iam_arn("instance-profile", ask.text("InstanceProfileName"), path=_new_path(ask))


def _mfa_device(ask: Ask) -> str:
    if ask.call.operation == "CreateVirtualMFADevice":
        return ask.iam_arn("mfa", ask.text("VirtualMFADeviceName"), path=_new_path(ask))
    return ask.text("SerialNumber") or "*"


def _new_path(ask: Ask) -> str | None:
    """The path of what the call creates; None for what exists already."""
    return ask.text("Path") or "/" if ask.call.operation in _OF_OWN_CREATION else None


def _context(ask: Ask, resource: str) -> Keys:
    operation = ask.call.operation
    return merged(
        resource_tags(ask, resource, "iam"),
        request_tags(ask.call.params.get("Tags")),
        tag_key_list(ask.call.params.get("TagKeys")),
        _policy_arn(ask) if operation.startswith(("Attach", "Detach")) else {},
        _boundary(ask, resource),
    )


def _policy_arn(ask: Ask) -> Keys:
    return named(ask.call, {"iam:policyarn": "PolicyArn"})


def _boundary(ask: Ask, resource: str) -> Keys:
    """iam:PermissionsBoundary is the boundary the call sets, else the one already set."""
    if ask.call.operation in _BOUNDARY_IN_THE_CALL:
        return named(ask.call, {"iam:permissionsboundary": "PermissionsBoundary"})
    boundary = ask.facts.permissions_boundary(resource) if resource != "*" else ""
    return {"iam:permissionsboundary": (boundary,)} if boundary else {}


def _needs(ask: Ask, resource: str) -> tuple[Need, ...]:
    context = _context(ask, resource)
    action = f"iam:{ask.call.operation}"
    needs = [Need(action, resource, context)]
    renamed = _renamed(ask)
    if renamed:
        needs.append(Need(action, renamed, context))
    tag_action = _TAG_ACTIONS.get(ask.call.operation)
    if tag_action and ask.call.params.get("Tags"):
        needs.append(Need(tag_action, resource, context))
    if ask.call.operation == "AddRoleToInstanceProfile":
        passed: Keys = {"iam:passedtoservice": ("ec2.amazonaws.com",)}
        needs.append(Need("iam:PassRole", _role(ask), passed))
    return tuple(needs)


def _renamed(ask: Ask) -> str:
    """A rename or move needs the action on the new ARN too (IAM API reference, UpdateUser)."""
    kind = {"UpdateUser": "user", "UpdateGroup": "group"}.get(ask.call.operation)
    if kind is None:
        return ""
    field = kind.capitalize() + "Name"
    name, path = ask.text(f"New{field}"), ask.text("NewPath")
    if not name and not path:
        return ""
    old_name = ask.text(field)
    return ask.iam_arn(
        kind, name or old_name, path=path or ask.facts.path(ask.account, kind, old_name)
    )


def _on(resource: Callable[[Ask], str]) -> Mapper:
    def mapper(ask: Ask) -> tuple[Need, ...]:
        return _needs(ask, resource(ask))

    return mapper


def _list(kind: str) -> Mapper:
    """Listings are asked on the kind's own ARN up to the path prefix."""

    def mapper(ask: Ask) -> tuple[Need, ...]:
        prefix = ask.text("PathPrefix") or "/"
        resource = f"arn:aws:iam::{ask.account}:{kind}{prefix}"
        return (Need(f"iam:{ask.call.operation}", resource),)

    return mapper


def _from_arn(parameter: str) -> Mapper:
    return _on(lambda ask: ask.text(parameter) or "*")


def _service_linked_role(ask: Ask) -> tuple[Need, ...]:
    """The role's own name is the service's to choose: asked on the service's path."""
    service = ask.text("AWSServiceName")
    resource = f"arn:aws:iam::{ask.account}:role/aws-service-role/{service}/"
    context: Keys = {"iam:awsservicename": (service,)} if service else {}
    return (Need("iam:CreateServiceLinkedRole", resource if service else "*", context),)


_KINDS: Final[tuple[tuple[str, Callable[[Ask], str]], ...]] = (
    (_ON_USERS, _user),
    (_ON_GROUPS, _group),
    (_ON_ROLES, _role),
    (_ON_POLICIES, _policy),
    (_ON_PROFILES, _profile),
    (_ON_MFA_DEVICES, _mfa_device),
)

MAPPERS: Final[dict[str, Mapper]] = {
    **{operation: _on(resource) for names, resource in _KINDS for operation in names.split()},
    **{operation: _list(kind) for operation, kind in _LISTS.items()},
    "ListVirtualMFADevices": _on(lambda ask: f"arn:aws:iam::{ask.account}:mfa/"),
    "SimulatePrincipalPolicy": _from_arn("PolicySourceArn"),
    "GetContextKeysForPrincipalPolicy": _from_arn("PolicySourceArn"),
    "CreateServiceLinkedRole": _service_linked_role,
}
