"""Which tokens a deny in AWS has killed already, read back from where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from vaultaws.aws.cutoff import POLICY_NAME, Cut, Holder
from vaultaws.leases.inventory import Holding, Inventory, LeaseState


class Finder(Protocol):
    """What can read a deny back (`vaultaws.aws.cutoff.Cutter`)."""

    def find(self, holder: Holder, policy_name: str) -> Cut | None:
        """The deny of that name in force on `holder`. Raises AwsError."""
        ...


def in_question(inventory: Inventory) -> set[str]:
    """Roles of which some token lives beyond its lease, as far as Vault can tell."""
    return {held.role for held in inventory.holdings if held.outlives_lease()}


def moments(
    finder: Finder,
    holders_by_role: Mapping[str, tuple[Holder, ...]],
    policy_names: Sequence[str] = (POLICY_NAME,),
) -> dict[str, datetime]:
    """Until when issued tokens of each role are denied; a role that has none is left out.

    Of a principal the latest deny of any of these names counts; of a role with several principals
    each must deny, and the earliest of them counts. Raises AwsError.
    """
    holders = dict.fromkeys(holder for held in holders_by_role.values() for holder in held)
    denied = {holder: _latest(finder, holder, policy_names) for holder in holders}
    found = {}
    for role, carried_by in holders_by_role.items():
        standing = [moment for holder in carried_by if (moment := denied[holder]) is not None]
        if carried_by and len(standing) == len(carried_by):
            found[role] = min(standing)
    return found


def _latest(finder: Finder, holder: Holder, policy_names: Sequence[str]) -> datetime | None:
    cuts = [finder.find(holder, name) for name in policy_names]
    return max((cut.moment for cut in cuts if cut is not None), default=None)


def without_dead(inventory: Inventory, until: Mapping[str, datetime]) -> Inventory:
    """The inventory without tokens that are denied and whose lease is over; one that is denied
    and whose lease lives is marked."""
    found = marked(inventory, until)
    left = [held for held in found.holdings if held.state is LeaseState.LIVE or not held.denied]
    return replace(found, holdings=tuple(left))


def marked(inventory: Inventory, until: Mapping[str, datetime]) -> Inventory:
    """The inventory with every token marked that is denied, its lease over or not."""
    holdings = [_marked(held, until.get(held.role)) for held in inventory.holdings]
    return replace(inventory, holdings=tuple(holdings))


def _marked(held: Holding, until: datetime | None) -> Holding:
    """AWS counts the issue in whole seconds, rounded down, and the lease is made after it: a lease
    made before the moment has a token made before it."""
    if until is None or held.is_sts is False or held.issued_at is None or held.issued_at >= until:
        return held
    return replace(held, denied=True)
