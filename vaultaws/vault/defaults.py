"""One form for a declared value and the same value read back. Pure.

What the engine fills in (seen on Vault 1.21.1 and OpenBao 2.7.2): a name template where none is
given; null for empty lists and maps. `/` as a user's path is IAM's own default. Policies keep
their text: what they mean is compared elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from vaultaws.model import CredentialType, Pairs, Role, RootConfig, StaticRole

USERNAME_TEMPLATE: Final = (
    '{{ if (eq .Type "STS") }}{{ printf "vault-%s-%s"  (unix_time) (random 20) | truncate 32 }}'
    '{{ else }}{{ printf "vault-%s-%s-%s" (printf "%s-%s" (.DisplayName) (.PolicyName) |'
    " truncate 42) (unix_time) (random 20) | truncate 64 }}{{ end }}"
)
"""The engine's own, since Vault 1.8 (builtin/logical/aws, defaultUserNameTemplate)."""


def normal(role: Role) -> Role:
    """Blank what is a default, sort what has no order."""
    at_the_top = role.credential_type is CredentialType.IAM_USER and role.user_path == "/"
    return replace(
        role,
        policy_arns=_names(role.policy_arns),
        role_arns=_names(role.role_arns),
        iam_groups=_names(role.iam_groups),
        iam_tags=_tags(role.iam_tags),
        session_tags=_tags(role.session_tags),
        user_path="" if at_the_top else role.user_path,
    )


def normal_root(root: RootConfig) -> RootConfig:
    """Blank the engine's own name template. Fallbacks keep their order: it is the order of use."""
    template = "" if root.username_template == USERNAME_TEMPLATE else root.username_template
    return replace(root, username_template=template, max_retries=max(root.max_retries, -1))


def normal_static(role: StaticRole) -> StaticRole:
    """The engine fills nothing in."""
    return role


def _names(values: Iterable[str]) -> tuple[str, ...]:
    """The engine strips white space around each entry of a list."""
    return tuple(sorted({value.strip() for value in values} - {""}))


def _tags(tags: Pairs) -> Pairs:
    return tuple(sorted(dict(tags).items()))
