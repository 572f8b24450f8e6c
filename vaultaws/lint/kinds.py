"""Which fields go with which credential type.

The engine checks some of it when a role is written, and the rest never: then issuance fails, or
the field does nothing (the engine's path_roles.go, path_user.go, secret_access_keys.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vaultaws.config.schema import Config
from vaultaws.lint.rooting import Rooting, rooting
from vaultaws.lint.rule import Hit, Rule, Severity
from vaultaws.model import CredentialType, Role

_VALIDATION: Final = "the engine's role validation (builtin/logical/aws/path_roles.go)"
_ISSUANCE: Final = "the engine's issuance (builtin/logical/aws/path_user.go)"

FEDERATION_WITHOUT_POLICY: Final = Rule(
    "federation-without-policy",
    Severity.ERROR,
    "a federation_token role without any policy",
    "A federated user has what Vault's own user and the session's policies both allow. Without a "
    "session policy that is nothing, and the engine refuses to issue it.",
    "the engine's secret_access_keys.go; AWS STS API reference: GetFederationToken, Permissions",
)
FEDERATION_MANAGED_ONLY: Final = Rule(
    "federation-managed-only",
    Severity.WARNING,
    "a federation_token role whose only policies are managed ones",
    "Older engines refuse to issue it, newer ones pass the managed policies on. `vaultaws creds` "
    "refuses it, so that a role that works on one server does not fail on the next.",
    "the engine's secret_access_keys.go, before and after it passed policy_arns to "
    "GetFederationToken",
)
ASSUMED_WITHOUT_ARN: Final = Rule(
    "assumed-role-without-arn",
    Severity.ERROR,
    "an assumed_role role that names no AWS role",
    "The engine stores it, and refuses every issuance: it cannot tell which role to assume.",
    _ISSUANCE,
)
ASSUMED_WITH_SEVERAL: Final = Rule(
    "assumed-role-with-several-arns",
    Severity.NOTE,
    "an assumed_role role that names several AWS roles",
    "The engine then issues only to those who say which of them they want (role_arn).",
    _ISSUANCE,
)
SESSION_WITH_POLICY: Final = Rule(
    "session-token-with-policy",
    Severity.ERROR,
    "a session_token role with a policy",
    "GetSessionToken takes no policy, and the engine refuses to store such a role.",
    _VALIDATION,
)
SESSION_HAS_ALL: Final = Rule(
    "session-token-has-root-rights",
    Severity.NOTE,
    "a session_token role lends all that Vault's own user may do",
    "A session token has the rights of the IAM user whose key Vault holds; only IAM itself, and "
    "STS but for AssumeRole, are closed to it without MFA.",
    "AWS STS API reference: GetSessionToken, Permissions",
)
ASSUMED_ONLY: Final = Rule(
    "field-of-assumed-role",
    Severity.ERROR,
    "role_arns, session_tags or external_id on another type",
    "The engine takes these on assumed_role roles only and refuses the write.",
    _VALIDATION,
)
USER_ONLY: Final = Rule(
    "field-of-iam-user",
    Severity.ERROR,
    "user_path or permissions_boundary_arn on an STS type",
    "The engine takes these on iam_user roles only and refuses the write.",
    _VALIDATION,
)
IGNORED: Final = Rule(
    "field-without-effect",
    Severity.WARNING,
    "a field that the engine stores and never uses for this type",
    "iam_tags are set on IAM users only, iam_groups mean nothing to session_token, and "
    "mfa_serial_number means something to session_token only.",
    "the engine's secret_access_keys.go",
)
USER_WITHOUT_RIGHTS: Final = Rule(
    "iam-user-without-rights",
    Severity.WARNING,
    "an iam_user role with no policy and no group",
    "It issues a user that may do nothing.",
    "IAM user guide, Policy evaluation logic: what nothing allows is denied",
)
ROLE_ROOT_CANNOT: Final = Rule(
    "root-role-cannot-issue",
    Severity.ERROR,
    "federation_token or session_token while Vault itself is an assumed role",
    "GetFederationToken and GetSessionToken need an IAM user's long-term key. With identity tokens "
    "Vault is an assumed role, and AWS refuses both.",
    "IAM user guide, Compare AWS STS credentials",
)
SERVER_ROOT_MAY_NOT: Final = Rule(
    "server-root-may-not-issue",
    Severity.WARNING,
    "federation_token or session_token with the server's own credentials",
    "GetFederationToken and GetSessionToken need an IAM user's long-term key. What the server "
    "finds in its surroundings is often an instance role's, and AWS then refuses both.",
    "IAM user guide, Compare AWS STS credentials",
)
RULES: Final = (
    FEDERATION_WITHOUT_POLICY,
    FEDERATION_MANAGED_ONLY,
    ASSUMED_WITHOUT_ARN,
    ASSUMED_WITH_SEVERAL,
    SESSION_WITH_POLICY,
    SESSION_HAS_ALL,
    ASSUMED_ONLY,
    USER_ONLY,
    IGNORED,
    USER_WITHOUT_RIGHTS,
    ROLE_ROOT_CANNOT,
    SERVER_ROOT_MAY_NOT,
)
_ROOTED: Final = {Rooting.ROLE: ROLE_ROOT_CANNOT, Rooting.SERVER: SERVER_ROOT_MAY_NOT}


def check(config: Config) -> Iterator[Hit]:
    """Every rule about types and their fields."""
    of_type = {
        CredentialType.IAM_USER: _iam_user,
        CredentialType.ASSUMED_ROLE: _assumed_role,
        CredentialType.FEDERATION_TOKEN: _federation_token,
        CredentialType.SESSION_TOKEN: _session_token,
    }
    long_term_needed = _ROOTED.get(rooting(config.root))
    for role in config.roles:
        yield from of_type[role.credential_type](role)
        yield from _misplaced(role)
        if long_term_needed is not None and role.credential_type in {
            CredentialType.FEDERATION_TOKEN,
            CredentialType.SESSION_TOKEN,
        }:
            yield long_term_needed.at(
                ("roles", role.name, "credential_type"),
                f"AWS issues a {role.credential_type} to an IAM user's long-term key only",
                do="make it an assumed_role, or give Vault an IAM user's key",
            )


def _iam_user(role: Role) -> Iterator[Hit]:
    if role.policy_document is None and not role.policy_arns and not role.iam_groups:
        yield USER_WITHOUT_RIGHTS.at(
            ("roles", role.name),
            f"{role.name} issues users that may do nothing",
            do="say policy, policy_arns or iam_groups",
        )


def _assumed_role(role: Role) -> Iterator[Hit]:
    if not role.role_arns:
        yield ASSUMED_WITHOUT_ARN.at(
            ("roles", role.name),
            f"{role.name} names no AWS role to assume, so every issuance is refused",
            do='role_arns = ["arn:aws:iam::123456789012:role/NAME"]',
        )
    elif len(role.role_arns) > 1:
        yield ASSUMED_WITH_SEVERAL.at(
            ("roles", role.name, "role_arns"),
            f"of {len(role.role_arns)} AWS roles, whoever asks must name one",
            do="nothing, if that is meant; else one role for each AWS role",
        )


def _federation_token(role: Role) -> Iterator[Hit]:
    if role.policy_document is None and not role.policy_arns and not role.iam_groups:
        yield FEDERATION_WITHOUT_POLICY.at(
            ("roles", role.name),
            f"{role.name} has no session policy; the token would have no rights, "
            "and the engine refuses it",
            do="give it an inline policy (policy = …), or make it an assumed_role",
        )
    elif role.policy_document is None and not role.iam_groups:
        yield FEDERATION_MANAGED_ONLY.at(
            ("roles", role.name, "policy_arns"),
            f"{role.name} holds only managed policies, and vaultaws creds refuses it",
            do="give it an inline policy (policy = …), or make it an assumed_role",
        )


def _session_token(role: Role) -> Iterator[Hit]:
    where = ("roles", role.name)
    if role.policy_document is not None or role.policy_arns:
        key = "policy" if role.policy_document is not None else "policy_arns"
        yield SESSION_WITH_POLICY.at(
            (*where, key),
            "a session token takes no policy, and the engine refuses the write",
            do="remove it, or make the role a federation_token",
        )
    yield SESSION_HAS_ALL.at(
        (*where, "credential_type"),
        f"whoever may issue {role.name} may do what Vault's own user may",
        do="nothing, if that is meant; else federation_token with a policy",
    )


def _misplaced(role: Role) -> Iterator[Hit]:
    """Fields of another type: refused at the write, or without effect."""
    kind = role.credential_type
    for key, rule, said, types in (
        ("role_arns", ASSUMED_ONLY, bool(role.role_arns), _ASSUMED),
        ("session_tags", ASSUMED_ONLY, bool(role.session_tags), _ASSUMED),
        ("external_id", ASSUMED_ONLY, bool(role.external_id), _ASSUMED),
        ("user_path", USER_ONLY, bool(role.user_path), _USER),
        ("permissions_boundary_arn", USER_ONLY, bool(role.permissions_boundary_arn), _USER),
        ("iam_tags", IGNORED, bool(role.iam_tags), _USER),
        ("iam_groups", IGNORED, bool(role.iam_groups), _NOT_SESSION),
        ("mfa_serial_number", IGNORED, bool(role.mfa_serial_number), _SESSION),
    ):
        if said and kind not in types:
            effect = "does nothing" if rule is IGNORED else "is refused by the engine"
            yield rule.at(
                ("roles", role.name, key),
                f"{key} {effect} on a role of type {kind}",
                do=f"remove it, or make the role {' or '.join(sorted(types))}",
            )


_USER: Final = frozenset({CredentialType.IAM_USER})
_ASSUMED: Final = frozenset({CredentialType.ASSUMED_ROLE})
_SESSION: Final = frozenset({CredentialType.SESSION_TOKEN})
_NOT_SESSION: Final = frozenset(CredentialType) - _SESSION
