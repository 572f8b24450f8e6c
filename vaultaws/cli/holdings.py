"""What the verbs of `leases` share: the inventory of a mount, and how a key stands in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultaws.cli import evidence
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from vaultaws.leases.inventory import Inventory
    from vaultaws.leases.journal import Journal
    from vaultaws.trail.audit import AuditLog


def take(vault: Vault, journal: Journal, mount: str, log: AuditLog | None) -> Inventory:
    """Take the inventory, with what the audit log and the journal know."""
    from vaultaws.clock import SystemClock
    from vaultaws.leases import inventory

    return inventory.take(
        vault,
        mount,
        SystemClock(),
        ledger=journal.ledger(),
        issuances=log.issuances if log is not None else (),
    )


def hash_of(vault: Vault, key: str) -> str:
    """How the audit log writes a whole key id; empty when nothing can tell."""
    if not key or "…" in key:
        return ""
    digest = evidence.digest_with(vault, None)
    return digest(key) if digest is not None else ""
