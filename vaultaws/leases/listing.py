"""The inventory as people and machines read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.leases.words import ago, count, iso, printable, short_key, table, until

JSON_VERSION: Final = 1
_HEAD: Final = ("PERSON", "ROLE", "KEY", "ISSUED", "LEASE ENDS", "TOKEN ENDS", "LAST USED")


def render_table(inventory: Inventory) -> str:
    """Return the listing, its summary and its notes as text."""
    now = inventory.taken_at
    parts = []
    if inventory.holdings:
        parts.append(table([_HEAD, *(_row(held, now) for held in inventory.holdings)]))
    parts.append(_summary(inventory))
    parts += [f"note: {note}" for note in inventory.notes]
    return "\n".join(parts)


def as_json(inventory: Inventory) -> dict[str, Any]:
    """Return the listing for machines; times are ISO 8601, null where not known."""
    return {
        "version": JSON_VERSION,
        "mount": inventory.mount,
        "taken_at": iso(inventory.taken_at),
        "credentials": [_json(held) for held in inventory.holdings],
        "notes": list(inventory.notes),
    }


def _row(held: Holding, now: datetime) -> tuple[str, ...]:
    use = held.last_use
    return (
        printable(held.person) or "—",
        held.role,
        short_key(held.access_key_id),
        ago(held.issued_at, now),
        _lease_end(held, now),
        _token_end(held, now),
        f"{printable(use.service)} · {ago(use.time, now)}" if use else "—",
    )


def _lease_end(held: Holding, now: datetime) -> str:
    if held.state is not LeaseState.LIVE:
        return held.state.value
    return until(held.lease_ends, now) if held.lease_ends else "—"


def _token_end(held: Holding, now: datetime) -> str:
    if held.is_sts is False:
        return "with lease"
    if held.denied:
        return "denied in AWS"
    if held.token_ends is None:
        return "unknown"
    bound = "" if held.token_ends_exact else "at most "
    mark = " !" if held.outlives_lease() else ""
    return f"{bound}{until(held.token_ends, now)}{mark}"


def _summary(inventory: Inventory) -> str:
    holdings = inventory.holdings
    if not holdings:
        return f"No credentials of {inventory.mount}/ are out."
    text = count(len(holdings), "credential", "credentials")
    outliving = [held for held in holdings if held.outlives_lease()]
    if not outliving:
        return text
    verb = "outlives its lease" if len(outliving) == 1 else "outlive their leases"
    return f"{text}: {len(outliving)} {verb} ({_cut_command(outliving[0])})"


def _cut_command(held: Holding) -> str:
    if held.access_key_id:
        return f"vaultaws leases revoke --key {short_key(held.access_key_id)} --cut"
    return f"vaultaws leases revoke --role {held.role} --cut"


def _json(held: Holding) -> dict[str, Any]:
    use = held.last_use
    return {
        "person": held.person,
        "entity_id": held.entity_id,
        "role": held.role,
        "mount": held.mount,
        "access_key_id": held.access_key_id or None,
        "lease_id": held.lease_id,
        "lease_state": held.state.value,
        "issued_at": iso(held.issued_at),
        "lease_ends_at": iso(held.lease_ends),
        "is_sts": held.is_sts,
        "token_ends_at": iso(held.token_ends),
        "token_ends_exact": held.token_ends_exact,
        "outlives_lease": held.outlives_lease(),
        "denied": held.denied,
        "last_used": {"service": use.service, "at": iso(use.time)} if use else None,
    }
