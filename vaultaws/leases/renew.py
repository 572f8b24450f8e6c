"""A lease renewed by hand: the new end, and what kept it from being later.

The engine's maximum is the shorter of `config/lease` and the mount's own, counted from the issue.
STS tokens cannot be renewed: AWS fixes their life when it makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.clock import Clock
from vaultaws.config.durations import words
from vaultaws.errors import UsageError, VaultDeniedError, VaultNotFoundError
from vaultaws.leases.words import iso, until
from vaultaws.model import Lease
from vaultaws.vault.protocol import Vault

JSON_VERSION: Final = 1
_ROUNDING: Final = timedelta(seconds=2)
_PARTS: Final = 4


@dataclass(frozen=True)
class Renewed:
    """What became of it. `capped` says why the end is earlier than asked; `notes` what else ends
    it sooner."""

    lease_id: str
    role: str
    at: datetime
    asked_seconds: int
    ended_before: datetime | None
    ends: datetime | None
    capped: str = ""
    notes: tuple[str, ...] = ()


def renew(
    vault: Vault, clock: Clock, lease_id: str, increment_seconds: int = 0, accessor: str = ""
) -> Renewed:
    """Renew a lease; an increment of 0 leaves its length to the server.

    `accessor` is that of the token that asked for the credential, where it is known. Raises
    UsageError for a lease that cannot be renewed, and VaultError.
    """
    _check_form(lease_id)
    before = _looked_up(vault, lease_id)
    if not before.renewable:
        raise _not_renewable(vault, before)
    at = clock.now()
    after = vault.renew_lease(lease_id, increment_seconds=increment_seconds)
    wanted = at + timedelta(seconds=increment_seconds)
    short = bool(increment_seconds and after.expires_at) and _earlier(after.expires_at, wanted)
    return Renewed(
        lease_id=lease_id,
        role=before.parts[2],
        at=at,
        asked_seconds=increment_seconds,
        ended_before=before.expires_at,
        ends=after.expires_at,
        capped=_why_capped(vault, before, after) if short else "",
        notes=_token_first(vault, accessor, after.expires_at),
    )


def render(done: Renewed) -> str:
    """Return the new end, and what kept it from being later."""
    ends = until(done.ends, done.at) if done.ends else "at no known time"
    lines = [f"renewed {done.lease_id}: ends {ends}"]
    if done.ended_before is not None:
        lines[0] += f" (before: {until(done.ended_before, done.at)})"
    if done.capped:
        lines.append(f"capped: {words(done.asked_seconds)} was asked for; {done.capped}")
    lines += [f"note: {note}" for note in done.notes]
    return "\n".join(lines)


def as_json(done: Renewed) -> dict[str, Any]:
    """Return the same for machines; times are ISO 8601, null where not known."""
    return {
        "version": JSON_VERSION,
        "lease_id": done.lease_id,
        "role": done.role,
        "at": iso(done.at),
        "asked_seconds": done.asked_seconds or None,
        "lease_ended_at": iso(done.ended_before),
        "lease_ends_at": iso(done.ends),
        "capped": done.capped or None,
        "notes": list(done.notes),
    }


def _check_form(lease_id: str) -> None:
    parts = lease_id.split("/")
    if len(parts) < _PARTS or not all(parts) or parts[-3] not in {"creds", "sts"}:
        raise UsageError(
            f"{lease_id} is not a lease of an AWS mount",
            why="such a lease is MOUNT/creds/ROLE/ID or MOUNT/sts/ROLE/ID",
            do="vaultaws leases list --json has the lease ids",
        )


def _looked_up(vault: Vault, lease_id: str) -> Lease:
    try:
        return vault.lookup_lease(lease_id)
    except VaultNotFoundError as gone:
        raise VaultNotFoundError(
            f"the lease {lease_id} is gone",
            why="it has ended or was revoked, and what has ended cannot be renewed",
            do=f"vaultaws creds {Lease(lease_id).parts[2]} for new credentials",
        ) from gone


def _not_renewable(vault: Vault, lease: Lease) -> UsageError:
    _, endpoint, role = lease.parts
    if endpoint == "sts" or _makes_tokens(vault, lease):
        return UsageError(
            f"the lease {lease.id} cannot be renewed",
            why="it is of an STS token, whose life AWS fixed when it was made",
            do=f"vaultaws creds {role} for a new one, with --ttl for a longer life",
        )
    return UsageError(
        f"the lease {lease.id} cannot be renewed",
        why="the server says that it is not renewable: it was asked for with a batch token, or "
        "could not be revoked",
        do=f"vaultaws leases show {lease.id}; vaultaws creds {role} for new credentials",
    )


def _makes_tokens(vault: Vault, lease: Lease) -> bool:
    mount, _, role = lease.parts
    try:
        return vault.read_role(mount, role).credential_type.is_sts
    except (VaultDeniedError, VaultNotFoundError):
        return False


def _why_capped(vault: Vault, before: Lease, after: Lease) -> str:
    mount, longest = before.parts[0], 0
    try:
        mounted = vault.mounts().get(mount)
        configured = vault.read_lease_config(mount)
    except (VaultDeniedError, VaultNotFoundError):
        mounted, configured = None, None
    if before.issued_at is not None and after.expires_at is not None:
        longest = round((after.expires_at - before.issued_at).total_seconds())
    bounds = {
        f"config/lease of {mount}/ (lease_max)": configured[1] if configured else 0,
        f"the mount {mount}/ (max_lease_ttl)": mounted.max_lease_ttl_seconds if mounted else 0,
    }
    for where, seconds in bounds.items():
        if seconds and abs(seconds - longest) <= _ROUNDING.total_seconds():
            return f"{where} lets a lease live {words(seconds)} from its issue at most"
    return "the server lets this lease live no longer"


def _token_first(vault: Vault, accessor: str, ends: datetime | None) -> tuple[str, ...]:
    """A lease dies with the token that asked for it: said where that is the token at hand."""
    try:
        token = vault.whoami() if accessor else None
    except VaultDeniedError:
        token = None
    if token is None or token.accessor != accessor or ends is None or token.is_batch:
        return ()
    if not _earlier(token.expires_at, ends):
        return ()
    end = iso(token.expires_at)
    return (f"the token that asked for it ends at {end}, and the lease with it; renew it too",)


def _earlier(one: datetime | None, other: datetime) -> bool:
    return one is not None and one < other - _ROUNDING
