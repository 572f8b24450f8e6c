"""Would enforcing MFA lock the account's administrators out? Pure.

An administrator is an IAM user with AdministratorAccess, or with a statement that allows every
action on everything, by a policy of his own or of a group. Roles are not asked: what enforces MFA
here is attached to users and groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vaultaws.errors import UsageError
from vaultaws.policy.document import Effect, MalformedPolicyError, Statement, parse_policy

ADMINISTRATOR: Final = ":iam::aws:policy/AdministratorAccess"
_EVERYTHING: Final = frozenset({"*", "*:*"})
_MFA_KEYS: Final = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})


class LockOutError(UsageError):
    """MFA would be enforced where no administrator could come in any more."""


@dataclass(frozen=True)
class User:
    """An IAM user with all that grants: inline documents and managed policies' documents and ARNs,
    the user's and those of the groups."""

    name: str
    groups: tuple[str, ...] = ()
    documents: tuple[Mapping[str, Any], ...] = ()
    policy_arns: tuple[str, ...] = ()

    @property
    def is_administrator(self) -> bool:
        return any(arn.endswith(ADMINISTRATOR) for arn in self.policy_arns) or any(
            _allows_everything(document) for document in self.documents
        )


@dataclass(frozen=True)
class Enforced:
    """On whom MFA would be enforced."""

    groups: frozenset[str]
    users: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.groups or self.users)

    def holds(self, user: User) -> bool:
        return user.name in self.users or not self.groups.isdisjoint(user.groups)


def administrators(users: Iterable[User]) -> tuple[User, ...]:
    return tuple(user for user in users if user.is_administrator)


def restricted(
    found: Iterable[User], with_device: frozenset[str], enforced: Enforced
) -> tuple[str, ...]:
    """Administrators who lose their rights until they have a device."""
    return tuple(
        user.name for user in found if enforced.holds(user) and user.name not in with_device
    )


def refuse_lock_out(
    found: tuple[User, ...], with_device: frozenset[str], enforced: Enforced
) -> None:
    """Raise LockOutError when no administrator would be left who can come in."""
    lost = restricted(found, with_device, enforced)
    if not lost or len(lost) < len(found):
        return
    who = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
    raise LockOutError(
        "this would lock the last administrator out",
        why=f"MFA would be enforced on {who}, and none of the account's administrators has a "
        "device",
        do="make a device first: vaultaws mfa device create; or say --allow-lock-out",
    )


def _allows_everything(document: Mapping[str, Any]) -> bool:
    try:
        statements = parse_policy(document).statements
    except MalformedPolicyError:
        return False
    return any(_is_everything(statement) for statement in statements)


def _is_everything(statement: Statement) -> bool:
    return (
        statement.effect is Effect.ALLOW
        and not _EVERYTHING.isdisjoint(statement.actions or ())
        and "*" in (statement.resources or ())
        and all(each.key.lower() in _MFA_KEYS for each in statement.conditions)
    )
