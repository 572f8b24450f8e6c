"""The cache as `creds` uses it: the name of a set, what is kept of it, and what is said of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vaultaws.cache.cache import Cache, open_cache
from vaultaws.cache.entry import Entry
from vaultaws.config import durations
from vaultaws.handoff import kept
from vaultaws.handoff.formats import iso
from vaultaws.leases.parameters import checked_code
from vaultaws.leases.words import at
from vaultaws.model import Credentials, Issued, Lease

if TYPE_CHECKING:
    from collections.abc import Collection

    from vaultaws.cli.issuing import Given, Wish
    from vaultaws.vault.connection import ConnectionSettings

LEASE_ENDS, TOKEN_ENDS = "lease_ends", "token_ends"


def cache() -> Cache:
    """Open the cache of this person. Raises UsageError for a setting that is none."""
    return open_cache(os.environ)


def forget(lease_ids: Collection[str]) -> None:
    """Drop the sets of these leases before they end: nobody is to get them any more."""
    cache().forget(lease_ids)


def name_of(settings: ConnectionSettings, wish: Wish, mount: str) -> str:
    """The name of the set that this wish gets; empty for one that only the server may answer.

    That is one without a token, and one that would narrow the role: it is refused, never cached.
    Raises UsageError for an MFA code that is none.
    """
    if settings.token is None or wish.policy:
        return ""
    if wish.mfa_code is not None:
        checked_code(wish.mfa_code)
    return kept.name_of(
        server=settings.address,
        namespace=settings.namespace,
        token=settings.token.reveal(),
        mount=mount,
        role=wish.role,
        ttl_seconds=wish.ttl,
        role_arn=wish.role_arn,
        session_name=wish.session_name,
        via=wish.via or "",
        regions=wish.regions,
        waits=not wish.no_wait,
    )


def entry_of(given: Given) -> Entry:
    """What is kept of a set that was handed over. Without a known start or end it is not kept."""
    issued = given.handed.issued
    credentials, lease = issued.credentials, issued.lease
    ends = {LEASE_ENDS: lease.expires_at, TOKEN_ENDS: credentials.expires_at}
    known = lease.issued_at is not None and not given.handed.ends_unforeseen
    end = issued.ends_at if known else None
    return Entry(
        access_key_id=credentials.access_key_id,
        secret_access_key=credentials.secret_access_key,
        session_token=credentials.session_token,
        issued_at=lease.issued_at.timestamp() if lease.issued_at is not None else 0.0,
        expires_at=end.timestamp() if end is not None else None,
        lease_id=lease.id,
        role=issued.role,
        person=given.handed.person,
        arn=issued.arn,
        notes=given.handed.notes,
        extra={name: iso(moment) if moment else "" for name, moment in ends.items()},
    )


def issued_of(entry: Entry) -> Issued:
    """The issuance that an entry was made of, to the second."""
    return Issued(
        lease=Lease(id=entry.lease_id, expires_at=_moment(entry.extra.get(LEASE_ENDS, ""))),
        credentials=Credentials(
            entry.access_key_id,
            entry.secret_access_key,
            entry.session_token,
            _moment(entry.extra.get(TOKEN_ENDS, "")),
        ),
        role=entry.role,
        arn=entry.arn,
    )


def sentence(entry: Entry) -> str:
    """One line of a set from the cache: for whom, how long it is good, under which lease."""
    parts = [f"{entry.role} for {entry.person or 'you'}"]
    if entry.expires_at is not None:
        end = datetime.fromtimestamp(entry.expires_at, UTC)
        now = datetime.now(UTC)
        left = durations.words((end - now).total_seconds())
        parts.append(f"from the cache, good for {left} ({at(end, now)})")
    parts.append(f"lease {entry.lease_id}")
    return " · ".join(parts)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
