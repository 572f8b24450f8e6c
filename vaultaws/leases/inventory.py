"""Every credential that is out: Vault's leases, joined with the journal, the audit log, the roles.

A lease is not the credential: an STS token lives to its own end whatever becomes of its lease
(hashicorp/vault#3736). So a lease that ended stays in the listing while its token lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from vaultaws.clock import Clock
from vaultaws.errors import VaultDeniedError, VaultNotFoundError
from vaultaws.leases import person
from vaultaws.leases.entries import Step
from vaultaws.leases.leaseless import Leaseless
from vaultaws.leases.ledger import Ledger, Record
from vaultaws.leases.rules import CEILING_SECONDS
from vaultaws.model import AuditIssuance, CredentialType, Lease, Role
from vaultaws.vault.protocol import Vault

HASHED: Final = "hmac-"
_ROUNDING: Final = timedelta(seconds=2)


Watch = Callable[[int, int], None]
"""Hears how many leases were looked up, of how many."""


class LeaseState(StrEnum):
    LIVE = "live"
    ENDED = "ended"
    REVOKED = "revoked"


@dataclass(frozen=True)
class LastUse:
    """The last call made with a key, as far as CloudTrail shows it."""

    service: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """One credential that is out, and who holds it.

    `is_sts` is None when nothing tells. `token_ends` is AWS's own end of the credential; where
    only a bound is known (`token_ends_exact` False) it ends then at the latest. `key_hash` is
    the audit log's digest of the key id. `denied` says that a deny in AWS has killed the token;
    `stuck` is the server's reason where it has given up revoking the lease. `user_gone`
    tells whether IAM has its user no more, None where nobody looked or nothing tells.
    """

    lease_id: str
    mount: str
    endpoint: str
    role: str
    state: LeaseState
    person: str = ""
    entity_id: str = ""
    token_accessor: str = ""
    access_key_id: str = ""
    key_hash: str = ""
    issued_at: datetime | None = None
    lease_ends: datetime | None = None
    is_sts: bool | None = None
    token_ends: datetime | None = None
    token_ends_exact: bool = True
    last_use: LastUse | None = None
    denied: bool = False
    credential_type: CredentialType | None = None
    renewable: bool = False
    stuck: str = ""
    user_gone: bool | None = None

    def outlives_lease(self) -> bool:
        """True when the token is known to live on after its lease."""
        if self.denied or not self.is_sts or self.token_ends is None:
            return False
        if self.state is not LeaseState.LIVE:
            return True
        exact = self.token_ends_exact and self.lease_ends is not None
        return exact and self.token_ends > (self.lease_ends or self.token_ends) + _ROUNDING


@dataclass(frozen=True)
class Inventory:
    """What is out on a mount, or on several: `others` are those beside the first. `notes` say what
    could not be seen. `leaseless` are IAM users that no lease explains, None where they were not
    looked for: `users_unseen` says why, if they were to be, `user_notes` of which it is not known
    whether one does; `users_at` is AWS's time when it listed them. `lists_leases` is False where
    the server did not let its leases be listed; `denies_unseen` says why it is not known which
    tokens a deny in AWS has killed."""

    mount: str
    taken_at: datetime
    holdings: tuple[Holding, ...]
    notes: tuple[str, ...] = ()
    leaseless: tuple[Leaseless, ...] | None = None
    others: tuple[str, ...] = ()
    users_unseen: str = ""
    user_notes: tuple[str, ...] = ()
    users_at: datetime | None = None
    lists_leases: bool = True
    denies_unseen: str = ""

    @property
    def mounts(self) -> tuple[str, ...]:
        return (self.mount, *self.others)


def joined(inventories: Sequence[Inventory]) -> Inventory:
    """Inventories of several mounts as one, at least one; dated by the first, which is the oldest.

    A note that not all of them have is told with its mount. Where users without a lease were not
    looked for at one mount, those of the rest are told all the same.
    """
    first = inventories[0]
    if len(inventories) == 1:
        return first
    everywhere = set(first.notes).intersection(*(each.notes for each in inventories))
    notes = [
        note if note in everywhere else f"{each.mount}/: {note}"
        for each in inventories
        for note in each.notes
    ]
    looked = [each.leaseless for each in inventories if each.leaseless is not None]
    return Inventory(
        mount=first.mount,
        taken_at=first.taken_at,
        holdings=tuple(held for each in inventories for held in each.holdings),
        notes=tuple(dict.fromkeys(notes)),
        leaseless=tuple(user for users in looked for user in users) if looked else None,
        others=tuple(each.mount for each in inventories[1:]),
        users_unseen="; ".join(filter(None, (each.users_unseen for each in inventories))),
        user_notes=tuple(note for each in inventories for note in each.user_notes),
        users_at=min((each.users_at for each in inventories if each.users_at), default=None),
        lists_leases=all(each.lists_leases for each in inventories),
    )


def take(
    vault: Vault,
    mount: str,
    clock: Clock,
    *,
    ledger: Ledger | None = None,
    issuances: Sequence[AuditIssuance] = (),
    last_uses: Mapping[str, LastUse] | None = None,
    look_up: bool = True,
    watch: Watch | None = None,
) -> Inventory:
    """Take the inventory of a mount. Without the right to list, the known leases are looked up.

    Raises VaultError. Without `look_up` the leases are listed and none is asked for, so that
    nothing but the audit log and the journal tells their times.
    """
    records = {
        lease_id: record
        for lease_id, record in (ledger or Ledger()).by_lease().items()
        if record.intent.server == vault.address and record.intent.mount == mount
    }
    audited = {
        found.lease_id: found for found in issuances if found.is_of({mount}, vault.namespace)
    }
    ids, unlisted = _lease_ids(vault, mount, {*records, *audited})
    now = clock.now()
    live = _look_up(vault, ids, watch) if look_up else [Lease(lease_id) for lease_id in ids]
    holdings = [_live(lease) for lease in live]
    stuck, unseen = _stuck(vault) if look_up and live else ({}, ())
    past = ({*records, *audited}) - {lease.id for lease in live}
    holdings += [_past(lease_id) for lease_id in sorted(past)]
    joined = [_join(held, records, audited) for held in holdings]
    bounded = _bound_by_roles(vault, joined)
    uses = last_uses or {}
    kept = [
        replace(
            held,
            last_use=uses.get(held.access_key_id),
            stuck=stuck.get(held.lease_id, "") if held.state is LeaseState.LIVE else "",
        )
        for held in bounded
        if held.state is LeaseState.LIVE or _token_lives(held, now)
    ]
    return Inventory(
        mount,
        now,
        tuple(sorted(kept, key=_order)),
        (*unlisted, *unseen),
        lists_leases=not unlisted,
    )


def _lease_ids(vault: Vault, mount: str, known: set[str]) -> tuple[list[str], tuple[str, ...]]:
    try:
        listed = [
            lease_id
            for endpoint in ("creds", "sts")
            for lease_id in vault.list_leases(f"{mount}/{endpoint}")
        ]
    except VaultDeniedError:
        note = "this token may not list leases: only those known on this machine are shown"
        return sorted(known), (note,)
    return listed, ()


def _look_up(vault: Vault, ids: Sequence[str], watch: Watch | None) -> list[Lease]:
    """Look leases up side by side; one that ended meanwhile is left out."""
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        if watch is not None:
            watch(done, len(ids))

    return vault.lookup_leases(ids, more)


def _stuck(vault: Vault) -> tuple[dict[str, str], tuple[str, ...]]:
    """Why the server has given up on leases, or a note that the token may not see it."""
    try:
        listed = vault.irrevocable_leases() or ()
    except VaultDeniedError:
        why = "it takes sudo on sys/leases"
        return {}, (f"this token may not see which leases are irrevocable ({why})",)
    return {one.lease_id: one.error for one in listed}, ()


def _live(lease: Lease) -> Holding:
    """The engine makes leases of IAM users renewable, and no others; a batch token's never are."""
    return replace(
        _past(lease.id),
        state=LeaseState.LIVE,
        issued_at=lease.issued_at,
        lease_ends=lease.expires_at,
        is_sts=False if lease.renewable else None,
        renewable=lease.renewable,
    )


def _past(lease_id: str) -> Holding:
    mount, endpoint, role = Lease(lease_id).parts
    return Holding(lease_id, mount, endpoint, role, LeaseState.ENDED)


def _join(
    held: Holding, records: Mapping[str, Record], audited: Mapping[str, AuditIssuance]
) -> Holding:
    """The audit log first, then the journal: it knows the key in clear and the exact end."""
    if held.lease_id in audited:
        held = _with_audit(held, audited[held.lease_id])
    if held.lease_id in records:
        held = _with_record(held, records[held.lease_id])
    return held


def _with_audit(held: Holding, found: AuditIssuance) -> Holding:
    hashed = found.access_key.startswith(HASHED)
    life = found.token_ttl_seconds if found.is_sts else None
    return replace(
        held,
        person=person.readable(
            found.display_name, username=found.username, entity_id=found.entity_id
        ),
        entity_id=found.entity_id,
        token_accessor=found.token_accessor,
        access_key_id="" if hashed else found.access_key,
        key_hash=found.access_key if hashed else "",
        issued_at=held.issued_at or found.time,
        is_sts=found.is_sts,
        token_ends=found.time + timedelta(seconds=life) if life else None,
    )


def _with_record(held: Holding, record: Record) -> Holding:
    issued, intent = record.issued, record.intent
    if issued is None:
        return held
    revoked = record.closed is not None and record.closed.step is Step.REVOKED
    ended = held.state is not LeaseState.LIVE
    name = person.readable(intent.display_name, entity_id=intent.entity_id)
    return replace(
        held,
        state=LeaseState.REVOKED if ended and revoked else held.state,
        person=held.person or name,
        entity_id=held.entity_id or intent.entity_id,
        token_accessor=intent.token_accessor or held.token_accessor,
        access_key_id=issued.access_key_id,
        issued_at=held.issued_at or issued.time,
        lease_ends=held.lease_ends or (None if revoked else issued.lease_ends),
        is_sts=issued.is_sts,
        token_ends=issued.token_ends,
    )


def _bound_by_roles(vault: Vault, holdings: list[Holding]) -> list[Holding]:
    """Take the type from the role as it is now; it bounds a token whose end nobody recorded."""
    roles: dict[str, Role | None] = {}
    bounded = []
    for held in holdings:
        if held.role not in roles:
            roles[held.role] = _role_or_none(vault, held.mount, held.role)
        role = roles[held.role]
        typed = held
        if role is not None and held.is_sts in {None, role.credential_type.is_sts}:
            typed = replace(held, credential_type=role.credential_type)
        known = held.is_sts is False or held.token_ends is not None
        bounded.append(typed if known else _bounded(typed, role))
    return bounded


def _role_or_none(vault: Vault, mount: str, name: str) -> Role | None:
    try:
        return vault.read_role(mount, name)
    except (VaultDeniedError, VaultNotFoundError):
        return None


def _bounded(held: Holding, role: Role | None) -> Holding:
    if role is None or held.issued_at is None:
        return held
    if not role.credential_type.is_sts:
        return replace(held, is_sts=False)
    longest = role.max_sts_ttl_seconds or CEILING_SECONDS[role.credential_type]
    latest = held.issued_at + timedelta(seconds=longest)
    return replace(held, is_sts=True, token_ends=latest, token_ends_exact=False)


def _token_lives(held: Holding, now: datetime) -> bool:
    return bool(held.is_sts) and held.token_ends is not None and held.token_ends > now


def _order(held: Holding) -> tuple[str, str, float, str]:
    issued = held.issued_at.timestamp() if held.issued_at else 0.0
    return held.role, held.person, issued, held.lease_id
