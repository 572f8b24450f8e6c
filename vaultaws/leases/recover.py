"""What a killed run left behind: found by the journal, revoked where it is surely ours.

A lease whose id was journalled is ours. An intent without an answer may have become a lease of
unknown id: the leases of its role issued in the intent's window and unknown to the journal are
candidates. They are ours for certain only when Vault's audit log says that this very token asked
for them, and there are no more of them than killed runs; everything else is named, never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vaultaws.clock import Clock
from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError
from vaultaws.leases.ending import end_lease
from vaultaws.leases.entries import Intent, Step
from vaultaws.leases.journal import Journal
from vaultaws.leases.ledger import Ledger, Record
from vaultaws.model import AuditIssuance
from vaultaws.vault.protocol import Vault

# Clocks of laptop and server differ; a request may take VAULT_CLIENT_TIMEOUT (60 s).
BEFORE: Final = timedelta(seconds=60)
AFTER: Final = timedelta(seconds=120)


@dataclass(frozen=True)
class Evidence:
    """Vault's audit log as far as it can be read: `device` hashes what it wrote."""

    device: str
    issuances: tuple[AuditIssuance, ...]


@dataclass(frozen=True)
class Recovered:
    """What became of the left-behind intents. `unsure` are sentences for a person."""

    revoked: tuple[str, ...] = ()
    nothing_there: int = 0
    unsure: tuple[str, ...] = ()

    def __add__(self, other: Recovered) -> Recovered:
        return Recovered(
            self.revoked + other.revoked,
            self.nothing_there + other.nothing_there,
            self.unsure + other.unsure,
        )


def recover(
    vault: Vault, journal: Journal, clock: Clock, evidence: Evidence | None = None
) -> Recovered:
    """Put right what killed runs left on this server. Raises LocalStateError only.

    Intents made for another server or namespace, whose leases this one does not list, are left for
    a run there.
    """
    here = (vault.address, vault.namespace)
    pending = [
        found
        for found in journal.pending()
        if (found.intent.server, found.intent.namespace) == here
    ]
    total = Recovered()
    for record in pending:
        try:
            total += _recover_one(vault, journal, clock, record, evidence)
        except VaultError as error:
            total += Recovered(unsure=(f"{_named(record.intent)}: {error.why}",))
    return total


def _recover_one(
    vault: Vault, journal: Journal, clock: Clock, record: Record, evidence: Evidence | None
) -> Recovered:
    if record.issued:
        return _revoke(vault, journal, clock, record.intent, record.issued.lease_id)
    intent = record.intent
    if clock.now() <= intent.time + AFTER:
        return Recovered(unsure=(f"{_named(intent)}: its answer may still be on the way",))
    try:
        in_window = _issued_in_window(vault, intent)
    except VaultDeniedError:
        return Recovered(unsure=(f"{_named(intent)}: this token may not list leases",))
    asked_for = _asked_for_by(vault, intent, evidence)
    ledger = journal.ledger()  # read last: what a live run journalled meanwhile is not ours
    candidates = [lease_id for lease_id in in_window if lease_id not in ledger.by_lease()]
    if not candidates:
        journal.mark(intent.id, Step.LAPSED)
        return Recovered(nothing_there=1)
    ours = [lease_id for lease_id in asked_for if lease_id in candidates]
    if ours and _all_of_killed_runs(len(ours), intent, _rivals(ledger, intent), journal):
        return _revoke(vault, journal, clock, intent, ours[0])
    return Recovered(
        unsure=(f"{_named(intent)}: one of these may be its lease: {', '.join(candidates)}",)
    )


def _revoke(
    vault: Vault, journal: Journal, clock: Clock, intent: Intent, lease_id: str
) -> Recovered:
    try:
        end_lease(vault, clock, lease_id)
    except VaultNotFoundError:
        journal.mark(intent.id, Step.LAPSED)
        return Recovered(nothing_there=1)
    except VaultDeniedError:
        if intent.endpoint != "sts":
            raise
        journal.mark(intent.id, Step.HANDED_OVER)  # it ends with its token: said once, not tried
        why = "this token may not revoke its lease, which ends with the token"
        return Recovered(unsure=(f"{_named(intent)}: {why}",))
    journal.mark(intent.id, Step.REVOKED)
    return Recovered(revoked=(lease_id,))


def _issued_in_window(vault: Vault, intent: Intent) -> list[str]:
    """Leases of the role that may be the intent's by the time they were issued."""
    listed = vault.list_leases(_path(intent))
    return [lease_id for lease_id in sorted(listed) if _may_be(vault, intent, lease_id)]


def _rivals(ledger: Ledger, intent: Intent) -> list[Intent]:
    """Other intents without an answer that could have led to the same lease."""
    return [
        found.intent
        for found in ledger.records
        if found.is_open
        and found.issued is None
        and found.intent.id != intent.id
        and _path(found.intent) == _path(intent)
        and abs(found.intent.time - intent.time) <= BEFORE + AFTER
    ]


def _all_of_killed_runs(
    leases: int, intent: Intent, rivals: list[Intent], journal: Journal
) -> bool:
    """True when so many leases of the intent's token can only be its own and its rivals': all of
    these asked with the same token and are gone. Whose is whose then does not matter."""
    gone = {record.intent.id for record in journal.pending()}
    accessor = intent.token_accessor
    alike = all(rival.id in gone and rival.token_accessor == accessor for rival in rivals)
    return alike and leases <= 1 + len(rivals)


def _may_be(vault: Vault, intent: Intent, lease_id: str) -> bool:
    try:
        lease = vault.lookup_lease(lease_id)
    except VaultNotFoundError:
        return False
    return lease.issued_at is None or _in_window(intent, lease.issued_at)


def _in_window(intent: Intent, moment: datetime) -> bool:
    return intent.time - BEFORE <= moment <= intent.time + AFTER


def _asked_for_by(vault: Vault, intent: Intent, evidence: Evidence | None) -> list[str]:
    """Leases the audit log gives to the intent's own token, path and window."""
    if evidence is None or not intent.token_accessor:
        return []
    hashed = vault.audit_hash(evidence.device, intent.token_accessor)
    return sorted(
        {
            found.lease_id
            for found in evidence.issuances
            if found.token_accessor in {hashed, intent.token_accessor}
            and found.path == _path(intent)
            and _in_window(intent, found.time)
        }
    )


def _path(intent: Intent) -> str:
    return f"{intent.mount}/{intent.endpoint}/{intent.role}"


def _named(intent: Intent) -> str:
    return f"{intent.role} on {intent.mount}/ asked for at {intent.time:%Y-%m-%d %H:%M:%S} UTC"
