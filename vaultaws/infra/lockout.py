"""Would enforcing MFA lock the account's administrators out? Pure.

An administrator is an IAM user with AdministratorAccess, or with a statement that allows every
action on everything, by a policy of his own or of a group. He can come in if that holds as he can
sign in: with a device, or as well without. Roles are not asked: what enforces MFA here is attached
to users and groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from vaultaws.errors import UsageError
from vaultaws.policy.document import (
    VERSION_2012,
    Effect,
    MalformedPolicyError,
    PolicyDocument,
    Statement,
    parse_policy,
)
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, Actor, ActorKind, AttachedPolicy, PolicySet

ADMINISTRATOR: Final = ":iam::aws:policy/AdministratorAccess"
_EVERYTHING: Final = frozenset({"*", "*:*"})
_PRESENT: Final = "aws:multifactorauthpresent"
_AGE: Final = "aws:multifactorauthage"
_MFA_KEYS: Final = frozenset({_PRESENT, _AGE})
_WITH_DEVICE: Final[Mapping[str, tuple[str, ...]]] = {_PRESENT: ("true",), _AGE: ("0",)}
_WITH_KEY: Final[Mapping[str, tuple[str, ...]]] = {}
_AT_THE_CONSOLE: Final[Mapping[str, tuple[str, ...]]] = {_PRESENT: ("false",)}
_RESCUE: Final = "iam:AttachUserPolicy"
"""What an administrator must be able to do, to let others in again."""
_ALL: Final = Statement(Effect.ALLOW, actions=("*",), resources=("*",))


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
        contexts = (_WITH_DEVICE, _WITH_KEY, _AT_THE_CONSOLE)
        return bool(self._allowing) and any(self._may(each) for each in contexts)

    def comes_in(self, *, device: bool, enforced: bool = False) -> bool:
        """Whether this person's rights can be used: with their device, or without one, by key and
        at the console alike. `enforced`: not without."""
        if device and self._may(_WITH_DEVICE):
            return True
        return not enforced and self._may(_WITH_KEY) and self._may(_AT_THE_CONSOLE)

    def _may(self, context: Mapping[str, tuple[str, ...]]) -> bool:
        arn = f"arn:aws:iam::123456789012:user/{self.name}"
        actor = Actor(ActorKind.USER, arn, arn.split(":")[4], "", arn)
        document = PolicyDocument(VERSION_2012, (*self._allowing, *self._denying))
        policies = PolicySet(identity=(AttachedPolicy("all", document),))
        return decide(AccessRequest(actor, _RESCUE, "*", context), policies).allowed

    @property
    def _allowing(self) -> tuple[Statement, ...]:
        given = any(arn.endswith(ADMINISTRATOR) for arn in self.policy_arns)
        whole = (_ALL,) if given else ()
        return (*whole, *(each for each in self._told() if _is_everything(each)))

    @property
    def _denying(self) -> tuple[Statement, ...]:
        return tuple(each for each in self._told() if each.effect is Effect.DENY)

    def _told(self) -> Iterator[Statement]:
        """The statements that hold always, or by MFA alone."""
        for document in self.documents:
            with suppress(MalformedPolicyError):
                for each in parse_policy(document).statements:
                    if all(one.key.lower() in _MFA_KEYS for one in each.conditions):
                        yield each


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
        user.name
        for user in found
        if enforced.holds(user) and user.name not in with_device and user.comes_in(device=False)
    )


def refuse_lock_out(
    found: tuple[User, ...], with_device: frozenset[str], enforced: Enforced
) -> None:
    """Raise LockOutError when administrators can come in now, and none could afterwards."""
    now = [user for user in found if user.comes_in(device=user.name in with_device)]
    left = [
        user
        for user in now
        if user.comes_in(device=user.name in with_device, enforced=enforced.holds(user))
    ]
    if left or not now:
        return
    names = [user.name for user in now]
    who = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    raise LockOutError(
        "this would lock the last administrator out",
        why=f"MFA would be enforced on {who}; no administrator would be left who has a device or "
        "needs none",
        do="make a device first: vaultaws mfa device create; or say --allow-lock-out",
    )


def _is_everything(statement: Statement) -> bool:
    return (
        statement.effect is Effect.ALLOW
        and not _EVERYTHING.isdisjoint(statement.actions or ())
        and "*" in (statement.resources or ())
    )
