"""What a responder must be allowed, in Vault and in AWS, and what for. Pure.

`doctor --for incident` asks for each of these; policies/vaultaws-responder.json and .hcl grant
exactly them. A Vault token has what the policy `default` grants besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SEE: Final = "see who holds what"
STOP: Final = "stop issuing"
CUT: Final = "cut off tokens"
USERS: Final = "stop IAM users and their keys"
END: Final = "end leases"
REPLACE: Final = "replace static keys"
PROVE: Final = "prove it"
CLEAR: Final = "clear and delete IAM users that Vault left"
ROOT: Final = "replace the root key"


@dataclass(frozen=True)
class VaultNeed:
    """A capability. `path` stands below the root; MOUNT is the engine's, * any name."""

    purpose: str
    path: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True)
class AwsNeed:
    """Actions of IAM or CloudTrail on one kind of resource: user, role, group, policy, mfa, or *
    where AWS knows none. `own` narrows policies to those that vaultaws makes, or attaches."""

    purpose: str
    actions: tuple[str, ...]
    resource: str
    own: bool = False


VAULT: Final = (
    VaultNeed(SEE, "MOUNT/config/root", ("read",)),
    VaultNeed(SEE, "MOUNT/roles", ("list",)),
    VaultNeed(SEE, "MOUNT/roles/*", ("read",)),
    VaultNeed(SEE, "sys/mounts", ("read",)),
    VaultNeed(SEE, "sys/audit", ("read", "sudo")),
    VaultNeed(SEE, "sys/audit-hash/*", ("update",)),
    VaultNeed(SEE, "sys/leases", ("read", "sudo")),
    VaultNeed(SEE, "sys/leases/lookup", ("update",)),
    VaultNeed(SEE, "sys/leases/lookup/MOUNT/*", ("list", "sudo")),
    VaultNeed(STOP, "sys/policies/acl/default", ("read", "update")),
    VaultNeed(STOP, "sys/auth", ("read",)),
    VaultNeed(STOP, "identity/lookup/entity", ("update",)),
    VaultNeed(STOP, "identity/entity/id/*", ("read", "update")),
    VaultNeed(STOP, "auth/token/accessors", ("list", "sudo")),
    VaultNeed(STOP, "auth/token/lookup-accessor", ("update",)),
    VaultNeed(STOP, "auth/token/revoke-accessor", ("update",)),
    VaultNeed(END, "sys/leases/revoke", ("update",)),
    VaultNeed(END, "sys/leases/revoke-force/MOUNT/*", ("update", "sudo")),
    VaultNeed(REPLACE, "MOUNT/static-roles", ("list",)),
    VaultNeed(REPLACE, "MOUNT/static-roles/*", ("read", "create", "update", "delete")),
    VaultNeed(REPLACE, "MOUNT/static-creds/*", ("read",)),
    VaultNeed(PROVE, "MOUNT/creds/*", ("read",)),
    VaultNeed(PROVE, "MOUNT/sts/*", ("read",)),
    VaultNeed(ROOT, "MOUNT/config/rotate-root", ("update",)),
    VaultNeed(ROOT, "MOUNT/roles/vaultaws-probe-*", ("create", "update", "delete")),
    VaultNeed(ROOT, "MOUNT/sts/vaultaws-probe-*", ("read",)),
)

AWS: Final = (
    AwsNeed(SEE, ("cloudtrail:LookupEvents", "iam:ListUsers"), "*"),
    AwsNeed(
        SEE,
        ("iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys", "iam:ListUserTags"),
        "user",
    ),
    AwsNeed(
        CUT,
        (
            "iam:DeleteUserPermissionsBoundary",
            "iam:DeleteUserPolicy",
            "iam:DetachUserPolicy",
            "iam:GetUserPolicy",
            "iam:ListAttachedUserPolicies",
            "iam:PutUserPermissionsBoundary",
            "iam:PutUserPolicy",
        ),
        "user",
    ),
    AwsNeed(
        CUT,
        (
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
        ),
        "role",
    ),
    AwsNeed(CUT, ("iam:AttachUserPolicy",), "user", own=True),
    AwsNeed(CUT, ("iam:AttachRolePolicy",), "role", own=True),
    AwsNeed(CUT, ("iam:GetPolicy", "iam:GetPolicyVersion"), "policy"),
    AwsNeed(
        CUT,
        (
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:ListPolicyVersions",
        ),
        "policy",
        own=True,
    ),
    AwsNeed(USERS, ("iam:DeleteAccessKey", "iam:UpdateAccessKey"), "user"),
    AwsNeed(
        CLEAR,
        (
            "iam:DeactivateMFADevice",
            "iam:DeleteLoginProfile",
            "iam:DeleteServiceSpecificCredential",
            "iam:DeleteSigningCertificate",
            "iam:DeleteSSHPublicKey",
            "iam:DeleteUser",
            "iam:GetLoginProfile",
            "iam:ListGroupsForUser",
            "iam:ListMFADevices",
            "iam:ListServiceSpecificCredentials",
            "iam:ListSigningCertificates",
            "iam:ListSSHPublicKeys",
            "iam:ListUserPolicies",
        ),
        "user",
    ),
    AwsNeed(CLEAR, ("iam:RemoveUserFromGroup",), "group"),
    AwsNeed(CLEAR, ("iam:DeleteVirtualMFADevice",), "mfa"),
)

DENY_ALL: Final = "arn:aws:iam::aws:policy/AWSDenyAll"
OWN_POLICIES: Final = "arn:aws:iam::*:policy/vaultaws-*"
_ARNS: Final = {
    "*": "*",
    "user": "arn:aws:iam::*:user/*",
    "role": "arn:aws:iam::*:role/*",
    "group": "arn:aws:iam::*:group/*",
    "policy": "arn:aws:iam::*:policy/*",
    "mfa": "arn:aws:iam::*:mfa/*",
}


def arn_of(need: AwsNeed) -> str:
    """The resource as a policy names it."""
    return OWN_POLICIES if need.own and need.resource == "policy" else _ARNS[need.resource]


def attached_only(need: AwsNeed) -> tuple[str, ...]:
    """The policies that alone may be attached; empty where nothing is attached."""
    attaches = need.own and need.resource in {"user", "role"}
    return (OWN_POLICIES, DENY_ALL) if attaches else ()


def path_at(need: VaultNeed, mount: str) -> str:
    """The path at a mount."""
    return need.path.replace("MOUNT", mount)
