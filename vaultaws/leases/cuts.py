"""Which tokens a deny in AWS has killed already, read back from where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from vaultaws.aws.cutoff import Cut, Holder
from vaultaws.leases.inventory import Holding, Inventory, LeaseState


class Finder(Protocol):
    """What can read a deny back (`vaultaws.aws.cutoff.Cutter`)."""

    def find(self, holder: Holder) -> Cut | None:
        """The deny in force on `holder`. Raises AwsError."""
        ...


def in_question(inventory: Inventory) -> set[str]:
    """Roles of which some token lives beyond its lease, as far as Vault can tell."""
    return {held.role for held in inventory.holdings if held.outlives_lease()}


def moments(
    finder: Finder, holders_by_role: Mapping[str, tuple[Holder, ...]]
) -> dict[str, datetime]:
    """Until when issued tokens of each role are denied; a role that has none is left out.

    Of a role with several principals each must deny, and the earliest moment counts. Raises
    AwsError.
    """
    holders = dict.fromkeys(holder for held in holders_by_role.values() for holder in held)
    cuts = {holder: finder.find(holder) for holder in holders}
    found = {}
    for role, carried_by in holders_by_role.items():
        standing = [cut.moment for holder in carried_by if (cut := cuts[holder]) is not None]
        if carried_by and len(standing) == len(carried_by):
            found[role] = min(standing)
    return found


def without_dead(inventory: Inventory, until: Mapping[str, datetime]) -> Inventory:
    """The inventory without tokens that are denied and whose lease is over; one that is denied
    and whose lease lives is marked."""
    marked = [_marked(held, until.get(held.role)) for held in inventory.holdings]
    left = [held for held in marked if held.state is LeaseState.LIVE or not held.denied]
    return replace(inventory, holdings=tuple(left))


def _marked(held: Holding, until: datetime | None) -> Holding:
    """AWS counts the issue in whole seconds, rounded down, and the lease is made after it: a lease
    made before the moment has a token made before it."""
    if until is None or held.is_sts is False or held.issued_at is None or held.issued_at >= until:
        return held
    return replace(held, denied=True)
