"""What is out, as far as this machine knows it: for a server that does not answer. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from vaultaws.incident.looking import Sources
from vaultaws.leases import person
from vaultaws.leases.inventory import HASHED, Holding, LeaseState
from vaultaws.leases.ledger import Record
from vaultaws.model import AuditIssuance, Lease


def remembered(sources: Sources) -> tuple[Holding, ...]:
    """The credentials that the audit log and the journal know, and that may live."""
    server, now = sources.vault.address, sources.clock.now()
    known = {
        found.lease_id: _of_audit(found)
        for found in sources.issuances
        if found.path.rsplit("/", 2)[0] == sources.mount
    }
    for lease_id, record in sources.ledger.by_lease().items():
        intent = record.intent
        if (intent.server, intent.mount) == (server, sources.mount) and not record.closed:
            known[lease_id] = _of_record(lease_id, record)
    return tuple(held for held in known.values() if _may_live(held, now))


def _of_audit(found: AuditIssuance) -> Holding:
    mount, endpoint, role = Lease(found.lease_id).parts
    hashed = found.access_key.startswith(HASHED)
    life = found.token_ttl_seconds if found.is_sts else None
    name = person.readable(found.display_name, username=found.username, entity_id=found.entity_id)
    return Holding(
        lease_id=found.lease_id,
        mount=mount,
        endpoint=endpoint,
        role=role,
        state=LeaseState.LIVE,
        person=name,
        entity_id=found.entity_id,
        access_key_id="" if hashed else found.access_key,
        key_hash=found.access_key if hashed else "",
        issued_at=found.time,
        is_sts=found.is_sts,
        token_ends=found.time + timedelta(seconds=life) if life else None,
    )


def _of_record(lease_id: str, record: Record) -> Holding:
    mount, endpoint, role = Lease(lease_id).parts
    issued, intent = record.issued, record.intent
    name = person.readable(intent.display_name, entity_id=intent.entity_id)
    held = Holding(lease_id, mount, endpoint, role, LeaseState.LIVE, name, intent.entity_id)
    if issued is None:
        return held
    return Holding(
        lease_id=lease_id,
        mount=mount,
        endpoint=endpoint,
        role=role,
        state=LeaseState.LIVE,
        person=name,
        entity_id=intent.entity_id,
        access_key_id=issued.access_key_id,
        issued_at=issued.time,
        lease_ends=issued.lease_ends,
        is_sts=issued.is_sts,
        token_ends=issued.token_ends,
    )


def _may_live(held: Holding, now: datetime) -> bool:
    """An IAM user lives as long as its lease, whose end only Vault knows for certain."""
    return held.token_ends is None or held.token_ends > now
