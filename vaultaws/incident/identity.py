"""Which suspects are one and the same credential, and what is known of it together. Pure.

The one place that decides this. An observation may know a credential by its lease, another by its
key or its IAM user; a guess at a user may be wrong. So what can be one is one, what contradicts
each other stays apart, and nothing is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Final

from vaultaws.incident.model import Suspect

_TOGETHER: Final = frozenset({"holder", "other_holders", "parent_key", "made_by"})
"""Fields that are taken in pairs, from one observation."""


def united(suspects: Iterable[Suspect]) -> tuple[Suspect, ...]:
    """Each credential once, in the order in which it was first met.

    Which are one does not depend on the order; of what is known of one, the later word counts.
    """
    by_key = _named(suspects)
    leases = _Leases(by_key.values())
    found = _named(leases.filled(suspect) for suspect in by_key.values())
    covers = _Covers(found.values())
    for suspect in list(found.values()):
        over = covers.of(suspect)
        for name in over:
            found[name] = merged(suspect, found[name])
        if over:
            del found[suspect.name]
    return tuple(found.values())


def merged(known: Suspect, later: Suspect) -> Suspect:
    """What both observations of one credential tell; where both do, the later one."""
    told = {
        field.name: getattr(later, field.name) or getattr(known, field.name)
        for field in fields(Suspect)
        if field.name not in _TOGETHER
    }
    held = later if later.holders else known
    made = max((known, later), key=lambda each: (bool(each.lease_id), bool(each.parent_key)))
    return replace(
        later,
        **told,
        holder=held.holder,
        other_holders=held.other_holders,
        parent_key=made.parent_key,
        made_by=made.made_by,
    )


def _named(suspects: Iterable[Suspect]) -> dict[str, Suspect]:
    """By their names; a key id names one credential whatever else is known."""
    found: dict[str, Suspect] = {}
    for suspect in suspects:
        known = found.get(suspect.name)
        found[suspect.name] = merged(known, suspect) if known else suspect
    return found


class _Leases:
    """The keys and users that are told of each lease. A lease has one credential: where no two of
    them contradict each other, all that is told of it is of that one."""

    def __init__(self, suspects: Iterable[Suspect]) -> None:
        self._keys: defaultdict[str, set[str]] = defaultdict(set)
        self._users: defaultdict[str, set[str]] = defaultdict(set)
        for suspect in suspects:
            self._keys[suspect.lease_id].add(suspect.access_key_id)
            self._users[suspect.lease_id].add(suspect.user)

    def filled(self, suspect: Suspect) -> Suspect:
        lease = suspect.lease_id
        keys, users = self._keys[lease] - {""}, self._users[lease] - {""}
        if not lease or len(keys) > 1 or len(users) > 1:
            return suspect
        return replace(
            suspect,
            access_key_id=suspect.access_key_id or next(iter(keys), ""),
            user=suspect.user or next(iter(users), ""),
        )


class _Covers:
    """Finds, for a suspect without a key, those that tell all of it and more."""

    def __init__(self, suspects: Iterable[Suspect]) -> None:
        self._by: defaultdict[tuple[str, str], list[Suspect]] = defaultdict(list)
        for suspect in suspects:
            for field in ("lease_id", "user", "key_hash"):
                self._by[field, getattr(suspect, field)].append(suspect)

    def of(self, suspect: Suspect) -> list[str]:
        """Their names; empty for one that stands by itself."""
        if suspect.access_key_id:
            return []
        if suspect.lease_id:
            near = self._by["lease_id", suspect.lease_id]
            found = [o for o in near if suspect.user in {"", o.user}]
        elif suspect.user:  # one of a suspect's making is a way in beside the keys of its user
            of_vault = not (suspect.parent_key or suspect.made_by)
            near = self._by["user", suspect.user] if of_vault else []
            found = [o for o in near if not (o.parent_key or o.made_by)]
        else:
            found = self._by["key_hash", suspect.key_hash] if suspect.key_hash else []
        return [o.name for o in found if o.name != suspect.name]
