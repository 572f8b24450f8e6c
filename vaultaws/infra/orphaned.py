"""Users that the policy of Vault's own user lets it end now, and a new one would not. Pure.

The engine ends a user by taking it out of its groups and deleting it, with the rights of the day on
which the lease ends. A role that is gone leaves users whose path, names or groups no declared role
has any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from vaultaws.aws.present import UserThere
from vaultaws.errors import UsageError
from vaultaws.model import JsonObject

_USER: Final = ":user"
_GROUP: Final = ":group/"
_SHOWN: Final = 3


class OrphansError(UsageError):
    """Users would be left whom Vault could not end any more."""


@dataclass(frozen=True)
class Names:
    """The users at one path whose names begin so; where `exact`, the one who is called so."""

    path: str
    begin: str
    exact: bool

    def covers(self, other: Names) -> bool:
        if self.path != other.path or (self.exact and not other.exact):
            return False
        return other.begin == self.begin if self.exact else other.begin.startswith(self.begin)

    def has(self, user: UserThere) -> bool:
        return self.covers(Names(user.path, user.name, exact=True))

    def __str__(self) -> str:
        return f"{self.begin}{'' if self.exact else '*'} at {self.path}"


@dataclass(frozen=True)
class Reach:
    """Users that may be deleted, and groups that users may be taken out of."""

    users: frozenset[Names]
    groups: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.users or self.groups)

    def has(self, user: UserThere) -> bool:
        return any(names.has(user) for names in self.users)

    def beyond(self, other: Reach) -> Reach:
        """What this one reaches and the other does not."""
        users = (each for each in self.users if not any(one.covers(each) for one in other.users))
        return Reach(frozenset(users), self.groups - other.groups)

    def words(self) -> Iterator[str]:
        """What it lets do, one by one."""
        yield from sorted(f"end users {names}" for names in self.users)
        yield from sorted(f"take users out of the group {group}" for group in self.groups)


@dataclass(frozen=True)
class Left:
    """A user that would be left: it cannot be deleted, or not be taken out of `group`."""

    user: UserThere
    group: str = ""

    def __str__(self) -> str:
        if self.group:
            return f"take {self.user.full} out of the group {self.group}"
        return f"delete {self.user.full}"


def reach(statements: Iterable[JsonObject]) -> Reach:
    """Whom a computed policy lets Vault's user end."""
    users, groups = set(), set()
    for action, resource in _allowed(statements):
        if action == "iam:DeleteUser":
            path, _, name = resource.rpartition(_USER)[2].rpartition("/")
            users.add(Names(f"{path}/", name.removesuffix("*"), exact=not name.endswith("*")))
        elif action == "iam:RemoveUserFromGroup":
            groups.add(resource.rpartition(_GROUP)[2])
    return Reach(frozenset(users), frozenset(groups))


def _allowed(statements: Iterable[JsonObject]) -> Iterator[tuple[str, str]]:
    for each in statements:
        actions, resources = each.get("Action"), each.get("Resource")
        if each["Effect"] == "Allow" and isinstance(actions, list) and isinstance(resources, list):
            yield from ((str(action), str(where)) for action in actions for where in resources)


def left_of(
    before: Reach,
    after: Reach,
    there: Mapping[Names, Iterable[UserThere]],
    members: Mapping[str, Iterable[UserThere]],
    own: str,
) -> tuple[Left, ...]:
    """Who would be left, of the users that are `there` under names that are lost and of the
    `members` of groups that are. `own` is Vault's own user, which it never ends."""
    deleted = (
        Left(user)
        for names, users in there.items()
        for user in users
        if names.has(user) and not after.has(user)
    )
    taken = (
        Left(user, group) for group, users in members.items() for user in users if before.has(user)
    )
    return tuple(dict.fromkeys(each for each in (*deleted, *taken) if each.user.full != own))


def refuse_orphans(left: tuple[Left, ...]) -> None:
    """Raise OrphansError where anybody would be left."""
    if not left:
        return
    more = (f"and {len(left) - _SHOWN} more",) if len(left) > _SHOWN else ()
    raise OrphansError(
        "Vault could not end users any more that are still there",
        why=f"afterwards it may not {', '.join([*map(str, left[:_SHOWN]), *more])}",
        do="end their leases first, then deploy: vaultaws leases revoke --role NAME; or say "
        "--allow-orphans",
    )
