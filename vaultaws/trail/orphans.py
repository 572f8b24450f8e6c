"""IAM users of Vault's making that no lease explains, as the check judges them. Pure.

Whether a user has a lease is told by its name, its time and its key (`incident.unleased`); here is
asked whether Vault may still take it away by itself, and what the evidence is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vaultaws.leases import leaseless
from vaultaws.leases.inventory import Inventory
from vaultaws.leases.leaseless import Leaseless
from vaultaws.leases.words import count, iso, printable, short_key
from vaultaws.trail.audit import AuditLog, Span
from vaultaws.trail.evidence import CLOCK_SKEW, ROLLBACK, Window, silent_from
from vaultaws.trail.grounds import Grounds

_UNLISTED: Final = (
    "which IAM users have no lease is not known: this token may not list the mount's leases"
)


@dataclass(frozen=True)
class Orphans:
    """Users without a lease that live. `unsought` says why they were not looked for, empty where
    they were or nobody asked (`asked`); `notes` say of which users it is not known."""

    users: tuple[Leaseless, ...] = ()
    unsought: str = ""
    notes: tuple[str, ...] = ()
    asked: bool = True


NOT_ASKED: Final = Orphans(asked=False)


def of(inventory: Inventory | None, audit: AuditLog | None, window: Window) -> Orphans:
    """Return the orphans that were made before the window's end."""
    if inventory is None:
        return NOT_ASKED
    if inventory.users_unseen:
        return Orphans(unsought=f"IAM users without a lease: {inventory.users_unseen}")
    if inventory.leaseless is None:
        return NOT_ASKED
    if inventory.leaseless and not inventory.lists_leases:
        return Orphans(unsought=_UNLISTED)
    users = [user for user in inventory.leaseless if user.created_at <= window.end]
    now = inventory.users_at or inventory.taken_at
    passing = [user for user in users if _may_pass(user, now, audit)]
    return Orphans(
        tuple(user for user in users if user not in passing),
        notes=(*inventory.user_notes, *_notes(passing)),
    )


def _may_pass(user: Leaseless, now: datetime, audit: AuditLog | None) -> bool:
    """True where the user may be of an issuance that failed, which Vault takes back some minutes
    later. A log that is whole there and has no failure says that it is not."""
    made = user.created_at
    if made < now - ROLLBACK - CLOCK_SKEW:
        return False
    if audit is None or audit.first is None or made < audit.first + CLOCK_SKEW:
        return True
    silent = silent_from(audit.last, now)
    if silent is not None and made > silent:
        return True
    doubts = [*(Span(failed.time, failed.time) for failed in audit.failures), *audit.gaps]
    return any(
        span.starts - made <= CLOCK_SKEW and made - span.ends <= CLOCK_SKEW for span in doubts
    )


def _notes(passing: list[Leaseless]) -> Iterator[str]:
    if passing:
        said = count(len(passing), "IAM user", "IAM users")
        yield f"{said} without a lease may be of a failed issuance, which Vault takes back itself"


def best_key(user: Leaseless) -> str:
    """The id of its first active key, else of its first one, else nothing."""
    keys = [*(key for key in user.keys if key.active), *user.keys]
    return keys[0].id if keys else ""


def state_of(user: Leaseless) -> str:
    """What its keys are: its key AKIA…7TT is active."""
    active = [short_key(key.id) for key in user.keys if key.active]
    if user.unseen:
        return f"its keys were not seen ({printable(user.unseen)})"
    if len(active) > 1:
        return f"its keys {' and '.join(active)} are active"
    if active:
        return f"its key {active[0]} is active"
    return "its keys are switched off" if user.keys else "it has no key"


def grounds(user: Leaseless) -> Grounds:
    """Return on what it rests that a user is an orphan, and what could make it wrong."""
    where = f"{user.mount}/"
    return Grounds(
        printable(
            f"IAM has the user {user.name}, made at {iso(user.created_at)}, whose name or path is"
            f" of {user.role} of {where}, and no lease of {where} is of that name, time or key"
        ),
        "another server with a mount of the same root, or a person, can have made a user of such"
        " a name; a lease that was revoked this minute takes its user with it late",
    )


def command(user: Leaseless) -> str:
    """What shows more of it, where anything does."""
    key = best_key(user)
    return f"vaultaws leases show {short_key(key)}" if key else ""


def as_json(found: Orphans) -> list[dict[str, Any]] | None:
    """Return the users for machines; None where it is not known which there are."""
    if found.unsought or not found.asked:
        return None
    return [_with_grounds(user) for user in found.users]


def _with_grounds(user: Leaseless) -> dict[str, Any]:
    why = grounds(user)
    told = leaseless.as_json(user)
    return told | {"rests_on": why.rests_on, "could_be_wrong": why.could_be_wrong}
