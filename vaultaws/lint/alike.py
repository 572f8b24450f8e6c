"""Roles that need the same of AWS but for their names, so that ten thousand are asked as one.

Names matter only where Vault's own user is allowed or denied something by the name of the user
that the engine makes. Two names that nobody writes stand for all: what both are allowed, every
name is, unless a Deny speaks of some of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from vaultaws.lint import username
from vaultaws.lint.asking import Holder
from vaultaws.lint.needs import Ground, needs
from vaultaws.lint.overlap import arns_overlap
from vaultaws.model import Role
from vaultaws.policy.document import Effect, PolicyDocument

_PROBES: Final = ("Zq9x", "_k.W")
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")

Groups = Mapping[str, tuple[str, ...]]
"""The name of a role that is to be asked, and of all for whom it stands."""


def gathered(
    roles: Iterable[Role], ground: Ground, own: Holder, document: PolicyDocument
) -> tuple[list[Role], Groups]:
    """The roles to ask, and whom each stands for. Those that surely lack nothing are left out."""
    alike: dict[tuple[object, ...], list[Role]] = {}
    for role in roles:
        alike.setdefault(_shape(role), []).append(role)
    asked: list[Role] = []
    stands_for: dict[str, tuple[str, ...]] = {}
    for group in alike.values():
        first = group[0]
        if first.credential_type.is_sts:
            asked.append(first)
            stands_for[first.name] = tuple(role.name for role in group)
        elif len(group) <= len(_PROBES) or not _any_name_may(first, ground, own, document):
            asked += group
    return asked, stands_for


def _shape(role: Role) -> tuple[object, ...]:
    """All that needs are made of, but the name."""
    return (
        role.credential_type,
        role.policy_document is not None,
        role.policy_arns,
        role.role_arns,
        role.iam_groups,
        role.iam_tags,
        role.session_tags,
        role.external_id,
        role.user_path,
        role.permissions_boundary_arn,
    )


def _any_name_may(role: Role, ground: Ground, own: Holder, document: PolicyDocument) -> bool:
    """Whether a role like this lacks nothing whatever its name."""
    probes = [replace(role, name=name) for name in _PROBES]
    asked = needs(probes, ground=ground, rotation=False)
    if not all(own.may(need.action, need.resource, need.keys) for need in asked):
        return False
    name = username.user_name(ground.username_template, _PROBES[0])
    users = ground.iam_arn(f"user{role.user_path or '/'}{name.partition(_PROBES[0])[0]}*")
    return not _denies_some(document, users, own.name)


def _denies_some(document: PolicyDocument, users: str, own_name: str) -> bool:
    """Whether a Deny may speak of some of these users."""
    for statement in document.statements:
        if statement.effect is Effect.DENY:
            named = (
                _VARIABLE.sub("*", item.replace("${aws:username}", own_name))
                for item in statement.resources or ("*",)
            )
            if any(arns_overlap(item, users) for item in named):
                return True
    return False
