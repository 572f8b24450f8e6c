"""Which IAM user is of which lease, told by names and times. Pure.

A lease does not name its user. Where the audit log knows who asked, the name that the template gave
does; elsewhere the time must do: the engine makes the user, then the lease.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from vaultaws.aws.identity import IamUser
from vaultaws.incident.likeness import Likeness
from vaultaws.incident.naming import AROUND_SECONDS, Names
from vaultaws.leases.inventory import Holding

AROUND: Final = timedelta(minutes=2)
"""How far apart a user's making and its lease may be: IAM may be slow, clocks may differ."""

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Matched:
    """`named` and `likely` are user names by lease id: by name or key, and by time alone.
    `users` and `leases` are what is left over on both sides."""

    named: Mapping[str, str]
    likely: Mapping[str, str]
    users: tuple[IamUser, ...]
    leases: tuple[Holding, ...]


def by_names(
    users: Sequence[IamUser],
    leases: Iterable[Holding],
    starts: Callable[[Holding], tuple[str, ...]],
) -> dict[str, str]:
    """User names by lease id, by how the name of each lease's user begins; the likeliest second
    first. Users of one person, role and second cannot be told apart: each goes to one lease."""
    names = Names(user.name for user in users)
    begins = {held.lease_id: starts(held) for held in leases}
    found: dict[str, str] = {}
    taken: set[str] = set()
    for place in range(len(AROUND_SECONDS)):
        for lease, wanted in begins.items():
            if lease in found or place >= len(wanted):
                continue
            name = next((each for each in names.starting(wanted[place]) if each not in taken), "")
            if name:
                found[lease] = name
                taken.add(name)
    return found


def match(
    users: Sequence[IamUser],
    leases: Sequence[Holding],
    likeness: Likeness,
    named: Mapping[str, str],
) -> Matched:
    """Give each lease that has no user by name one of its role made at its time.

    Of each role as many as can be are matched. A user that fits the names of several roles may be
    of any of them.
    """
    taken = set(named.values())
    free = [user for user in users if user.name not in taken]
    rest = [held for held in leases if held.lease_id not in named and held.issued_at is not None]
    roles = {user.name: likeness.role_of(user) for user in free}
    of_role: defaultdict[str, list[IamUser]] = defaultdict(list)
    for user in free:
        of_role[roles[user.name]].append(user)
    with_role: defaultdict[str, list[Holding]] = defaultdict(list)
    for held in rest:
        with_role[held.role].append(held)
    likely: dict[str, str] = {}
    for role, held_now in with_role.items():
        likely |= _by_time(of_role[role], held_now)
    matched = set(likely.values())
    left_users = [user for user in free if roles[user.name] and user.name not in matched]
    left_leases = [held for held in rest if held.lease_id not in likely]
    for role in sorted({held.role for held in left_leases}):
        fitting = [user for user in left_users if likeness.fits(user, role)]
        more = _by_time(fitting, [held for held in left_leases if held.role == role])
        likely |= more
        left_users = [user for user in left_users if user.name not in set(more.values())]
    left = tuple(held for held in left_leases if held.lease_id not in likely)
    return Matched(named, likely, tuple(left_users), left)


def _by_time(users: Iterable[IamUser], leases: Iterable[Holding]) -> dict[str, str]:
    """Pairs no further apart than `AROUND`, both in the order of time: none could be more."""
    waiting = sorted(users, key=lambda user: (user.created_at, user.name))
    found, at = {}, 0
    for issued, lease in sorted(
        (each.issued_at, each.lease_id) for each in leases if each.issued_at
    ):
        while at < len(waiting) and waiting[at].created_at < issued - AROUND:
            at += 1
        if at < len(waiting) and waiting[at].created_at <= issued + AROUND:
            found[lease] = waiting[at].name
            at += 1
    return found


class ByTime(Generic[Thing]):
    """Things by when they were made; those of which nothing tells it are near to every moment."""

    def __init__(self, things: Iterable[Thing], made: Callable[[Thing], datetime | None]) -> None:
        dated = [(moment, thing) for thing in things if (moment := made(thing)) is not None]
        self._dated = sorted(dated, key=lambda pair: pair[0])
        self._undated = [thing for thing in things if made(thing) is None]

    def near(self, moment: datetime | None) -> list[Thing]:
        """What was made no further from `moment` than `AROUND`."""
        if moment is None:
            return [*(thing for _, thing in self._dated), *self._undated]
        first = bisect_left(self._dated, moment - AROUND, key=lambda pair: pair[0])
        last = bisect_right(self._dated, moment + AROUND, key=lambda pair: pair[0])
        return [*(thing for _, thing in self._dated[first:last]), *self._undated]
