"""Leases that Vault should have ended and has not: the keys of their users go on working. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.leases.words import iso, printable
from vaultaws.trail.grounds import Grounds

GRACE: Final = timedelta(minutes=5)
"""Vault ends leases one after another, and tries again what failed: a late end is not yet one that
does not come."""


def of(inventory: Inventory | None) -> tuple[Holding, ...]:
    """Return the leases of IAM users that are past their end by more than `GRACE`, or that the
    server has given up revoking. One whose user is known to be gone opens nothing."""
    if inventory is None:
        return ()
    return tuple(held for held in inventory.holdings if _is_overdue(held, inventory.taken_at))


def _is_overdue(held: Holding, now: datetime) -> bool:
    if held.state is not LeaseState.LIVE or held.is_sts or held.user_gone:
        return False
    return bool(held.stuck) or (held.lease_ends is not None and held.lease_ends < now - GRACE)


def words(held: Holding) -> str:
    """Say whose lease should be over: reader for ada, since 09:40: Vault has given up (…)."""
    since = f", over since {held.lease_ends:%Y-%m-%d %H:%M}" if held.lease_ends else ""
    holder = f" for {held.person}" if held.person else ""
    state = f"Vault has given up revoking it: {held.stuck}" if held.stuck else "Vault still tries"
    return printable(f"the lease of {held.role}{holder}{since}, was not ended. {state}")


def grounds(held: Holding) -> Grounds:
    """Return on what it rests that a lease is overdue, and what could make it wrong."""
    end = f", whose end was {iso(held.lease_ends)}" if held.lease_ends else ""
    given_up = f", among the irrevocable ones: {held.stuck}" if held.stuck else ""
    return Grounds(
        printable(f"Vault lists the lease {held.lease_id}{end}{given_up}"),
        "its user may be gone from IAM already; a server that was sealed ends what is due when it"
        " is opened",
    )


def as_json(found: tuple[Holding, ...]) -> list[dict[str, Any]]:
    """Return the leases for machines."""
    return [
        {
            "lease_id": held.lease_id,
            "role": held.role,
            "person": held.person or None,
            "access_key_id": held.access_key_id or None,
            "lease_ended_at": iso(held.lease_ends),
            "irrevocable": held.stuck or None,
            "rests_on": (why := grounds(held)).rests_on,
            "could_be_wrong": why.could_be_wrong,
        }
        for held in found
    ]
