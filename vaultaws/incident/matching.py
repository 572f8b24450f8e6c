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
from vaultaws.incident.naming import Names
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
    for place in range(max(map(len, begins.values()), default=0)):
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
    *,
    stem: Callable[[Holding], str],
    has_key: Callable[[Holding], bool],
) -> Matched:
    """Give each lease that has no user by name one of its role made at its time.

    Where it is known how the names of its person's users begin (`stem`), it must be one of those,
    and it is left over where its key can tell (`has_key`); else any whose name fits the role. Of
    each such group as many as can be are matched.
    """
    taken = set(named.values())
    free = [user for user in users if user.name not in taken]
    groups: defaultdict[tuple[str, str], list[Holding]] = defaultdict(list)
    for held in leases:
        if held.lease_id not in named and held.issued_at is not None:
            groups[held.role, stem(held)].append(held)
    likely: dict[str, str] = {}
    matched: set[str] = set()
    names = {user.name: likeness.role_of(user) for user in free}
    for role, start in sorted(groups, key=lambda group: (-len(group[1]), group)):
        wanting = [held for held in groups[role, start] if not (start and has_key(held))]
        fitting = [user for user in free if user.name not in matched]
        if start:
            fitting = [user for user in fitting if user.name.startswith(start)]
        else:
            fitting = [u for u in fitting if names[u.name] == role or likeness.fits(u, role)]
        found = _by_time(fitting, wanting)
        likely |= found
        matched |= set(found.values())
    waiting = [held for group in groups.values() for held in group]
    return Matched(
        named,
        likely,
        tuple(user for user in free if names[user.name] and user.name not in matched),
        tuple(held for held in waiting if held.lease_id not in likely),
    )


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
