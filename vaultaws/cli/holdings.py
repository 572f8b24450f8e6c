"""What the verbs of `leases` share: the inventory of a mount, and how a key stands in the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vaultaws.cli import evidence
from vaultaws.cli.options import Filters
from vaultaws.vault.protocol import Vault

if TYPE_CHECKING:
    from datetime import datetime

    from vaultaws.aws.cutoff import Holder
    from vaultaws.leases.inventory import Inventory
    from vaultaws.leases.journal import Journal
    from vaultaws.trail.audit import AuditLog


def take(vault: Vault, journal: Journal, mount: str, log: AuditLog | None) -> Inventory:
    """Take the inventory, with what the audit log and the journal know; stderr shows how far it
    has come."""
    from vaultaws.cli import output
    from vaultaws.clock import SystemClock
    from vaultaws.leases import inventory
    from vaultaws.leases.words import going

    with output.Progress("listing leases") as shown:
        return inventory.take(
            vault,
            mount,
            SystemClock(),
            ledger=journal.ledger(),
            issuances=log.issuances if log is not None else (),
            watch=lambda done, total: shown.update(
                going("looking leases up", done, total, shown.seconds)
            ),
        )


def without_dead(vault: Vault, mount: str, found: Inventory) -> Inventory:
    """Leave out tokens that a deny in AWS has killed, as far as this AWS identity may see it."""
    from vaultaws.leases import cuts

    until, unseen = _denied_until(vault, mount, found)
    if unseen:
        return replace(found, notes=(*found.notes, unseen))
    return cuts.without_dead(found, until)


def with_dead_marked(vault: Vault, mount: str, found: Inventory) -> Inventory:
    """Mark those tokens, and keep them."""
    from vaultaws.leases import cuts

    until, unseen = _denied_until(vault, mount, found)
    return replace(cuts.marked(found, until), denies_unseen=unseen)


def _denied_until(vault: Vault, mount: str, found: Inventory) -> tuple[dict[str, datetime], str]:
    """Until when tokens of each role are denied, or why that is not known."""
    from vaultaws.aws.cutoff import Cutter
    from vaultaws.errors import AwsError
    from vaultaws.leases import cuts

    roles = cuts.in_question(found)
    if not roles:
        return {}, ""
    try:
        return cuts.moments(Cutter(), holders(vault, mount, roles), deny_names(mount)), ""
    except AwsError as error:
        return {}, f"whether a deny in AWS has killed tokens was not seen: {error.why}"


def deny_names(mount: str) -> tuple[str, ...]:
    """The names of denies in AWS: that of `leases revoke --cut`, and those of the mount's incidents
    on this machine that are not lifted. A journal that cannot be read names none."""
    from vaultaws.aws.cutoff import POLICY_NAME
    from vaultaws.cli.incident_doors import open_cases
    from vaultaws.errors import LocalStateError

    try:
        known = open_cases().all()
    except LocalStateError:
        return (POLICY_NAME,)
    here = [case for case in known if case.place.mount == mount and case.lifted_at is None]
    return (POLICY_NAME, *(case.policy_name for case in here))


def holders(vault: Vault, mount: str, roles: Iterable[str]) -> dict[str, tuple[Holder, ...]]:
    """The AWS principals behind each role's tokens; of a role that cannot be read there are none,
    and none where Vault's own user would be one and is not known."""
    from vaultaws.errors import VaultDeniedError, VaultNotFoundError
    from vaultaws.leases.revoke import holders_of

    _, user = evidence.root_user(vault, mount)
    known = {}
    for name in sorted(roles):
        try:
            found = holders_of(vault.read_role(mount, name), user)
        except (VaultDeniedError, VaultNotFoundError):
            found = ()
        known[name] = found if all(holder.name for holder in found) else ()
    return known


def hashes(vault: Vault, filters: Filters) -> dict[str, Any]:
    """How the audit log writes the key and the accessor that are meant."""
    return {
        "key_hash": hash_of(vault, filters.key),
        "accessor_hash": hash_of(vault, filters.accessor),
    }


def hash_of(vault: Vault, key: str) -> str:
    """How the audit log writes a whole key id or accessor; empty when nothing can tell."""
    if not key or "…" in key:
        return ""
    digest = evidence.digest_with(vault, None)
    return digest(key) if digest is not None else ""
