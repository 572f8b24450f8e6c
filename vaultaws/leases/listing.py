"""The inventory as people and machines read it."""

from __future__ import annotations

import csv
import io
import unicodedata
from datetime import datetime
from typing import Any, Final

from vaultaws.leases import leaseless
from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.leases.words import ago, count, iso, printable, short_key, table, until

JSON_VERSION: Final = 1
_FORMULA: Final = ("=", "+", "-", "@", "|", "%")
_COLUMNS: Final = (
    "person",
    "entity_id",
    "role",
    "mount",
    "credential_type",
    "access_key_id",
    "token_accessor",
    "lease_id",
    "lease_state",
    "renewable",
    "irrevocable",
    "issued_at",
    "lease_ends_at",
    "is_sts",
    "token_ends_at",
    "token_ends_exact",
    "outlives_lease",
    "denied",
    "last_used_service",
    "last_used_at",
    "iam_user",
    "iam_user_gone",
)
HEAD: Final = ("PERSON", "ROLE", "KEY", "ISSUED", "LEASE ENDS", "TOKEN ENDS", "LAST USED")


def render_table(inventory: Inventory) -> str:
    """Return the listing, its summary and its notes as text."""
    rows = table_rows(inventory)
    parts = [table(rows)] if len(rows) > 1 else []
    parts.append(summary(inventory))
    parts += [f"note: {printable(note)}" for note in inventory.notes]
    return "\n".join(parts)


def table_rows(inventory: Inventory) -> list[tuple[str, ...]]:
    """The head of the table, a row for each holding, then those of users without a lease."""
    now = inventory.taken_at
    rows = [(held.mount, _row(held, now)) for held in inventory.holdings]
    rows += [
        (user.mount, each)
        for user in inventory.leaseless or ()
        for each in leaseless.rows(user, now)
    ]
    if not inventory.others:
        return [HEAD, *(each for _, each in rows)]
    return [_with_mount(HEAD, "MOUNT"), *(_with_mount(each, mount) for mount, each in rows)]


def as_json(inventory: Inventory) -> dict[str, Any]:
    """Return the listing for machines; times are ISO 8601, null where not known."""
    users = inventory.leaseless
    return {
        "version": JSON_VERSION,
        "mount": None if inventory.others else inventory.mount,
        "mounts": list(inventory.mounts),
        "taken_at": iso(inventory.taken_at),
        "credentials": [credential_json(held) for held in inventory.holdings],
        "users_without_lease": None
        if users is None
        else [leaseless.as_json(user) for user in users],
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
        token_end(held, now),
        f"{printable(use.service)} · {ago(use.time, now)}" if use else "—",
    )


def _with_mount(row: tuple[str, ...], mount: str) -> tuple[str, ...]:
    """The mount stands after the role."""
    return (*row[:2], mount, *row[2:])


def _lease_end(held: Holding, now: datetime) -> str:
    if held.stuck:
        return "irrevocable !"
    if held.state is not LeaseState.LIVE:
        return held.state.value
    return until(held.lease_ends, now) if held.lease_ends else "—"


def token_end(held: Holding, now: datetime, mark: str = " !") -> str:
    """When AWS ends it; `mark` follows where that is after its lease."""
    if held.user_gone:
        return "user gone !"
    if held.is_sts is False:
        return "with lease"
    if held.denied:
        return "denied in AWS"
    if held.token_ends is None:
        return "unknown"
    bound = "" if held.token_ends_exact else "at most "
    outlives = mark if held.outlives_lease() else ""
    return f"{bound}{until(held.token_ends, now)}{outlives}"


def as_csv(inventory: Inventory) -> str:
    """Return one line a credential, its columns named as in the JSON.

    A spreadsheet takes a cell that begins with = + - @ for a formula (OWASP, "CSV Injection"),
    so such text gets an apostrophe before it; some take the full-width signs for the same.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for held in inventory.holdings:
        line = credential_json(held)
        use = held.last_use
        line |= {
            "last_used_service": use.service if use else None,
            "last_used_at": iso(use.time) if use else None,
        }
        writer.writerow({name: _cell(line.get(name)) for name in _COLUMNS})
    for user in inventory.leaseless or ():
        for line in leaseless.csv_rows(user):
            writer.writerow({name: _cell(line.get(name)) for name in _COLUMNS})
    return out.getvalue().removesuffix("\n")


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = printable(str(value).lower() if isinstance(value, bool) else str(value))
    begins = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return f"'{text}" if begins.startswith(_FORMULA) else text


def summary(inventory: Inventory) -> str:
    """How many there are, and what stands out with the command that helps."""
    holdings, users = inventory.holdings, inventory.leaseless or ()
    total = len(holdings) + sum(max(1, len(user.keys)) for user in users)
    if not total:
        mounts = " and ".join(f"{mount}/" for mount in inventory.mounts)
        return f"No credentials of {mounts} are out."
    text = count(total, "credential", "credentials")
    said = []
    if outliving := [held for held in holdings if held.outlives_lease()]:
        verb = "outlives its lease" if len(outliving) == 1 else "outlive their leases"
        said.append(f"{len(outliving)} {verb} ({_cut_command(outliving[0])})")
    if stuck := [held for held in holdings if held.stuck]:
        verb = "is irrevocable" if len(stuck) == 1 else "are irrevocable"
        said.append(f"{len(stuck)} {verb} (vaultaws leases revoke {stuck[0].lease_id})")
    if gone := [held for held in holdings if held.user_gone]:
        verb = "has an IAM user that is gone" if len(gone) == 1 else "have IAM users that are gone"
        said.append(f"{len(gone)} {verb} (vaultaws leases revoke {gone[0].lease_id})")
    if users:
        verb = "IAM user has no lease" if len(users) == 1 else "IAM users have no lease"
        said.append(f"{len(users)} {verb} ({leaseless.command(users[0])})")
    return f"{text}: {', '.join(said)}" if said else text


def _cut_command(held: Holding) -> str:
    if held.access_key_id:
        return f"vaultaws leases revoke --key {short_key(held.access_key_id)} --cut"
    return f"vaultaws leases revoke --role {held.role} --cut"


def credential_json(held: Holding) -> dict[str, Any]:
    """Return one credential for machines."""
    use = held.last_use
    return {
        "person": held.person,
        "entity_id": held.entity_id,
        "role": held.role,
        "mount": held.mount,
        "access_key_id": held.access_key_id or None,
        "credential_type": held.credential_type.value if held.credential_type else None,
        "token_accessor": held.token_accessor or None,
        "lease_id": held.lease_id,
        "renewable": held.renewable,
        "irrevocable": printable(held.stuck) or None,
        "lease_state": held.state.value,
        "issued_at": iso(held.issued_at),
        "lease_ends_at": iso(held.lease_ends),
        "is_sts": held.is_sts,
        "token_ends_at": iso(held.token_ends),
        "token_ends_exact": held.token_ends_exact,
        "outlives_lease": held.outlives_lease(),
        "denied": held.denied,
        "last_used": {"service": use.service, "at": iso(use.time)} if use else None,
        "iam_user_gone": held.user_gone,
    }
