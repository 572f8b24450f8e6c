"""One change of a plan, as requests to the server.

A change of several requests can be begun again after any of them: what it has made is found by
the next observation, or written once more to the same end.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vaultaws.errors import UsageError
from vaultaws.model import AuditDevice, Role, RootConfig, Secret, StaticRole
from vaultaws.plan import access_steps
from vaultaws.plan.audit import differences
from vaultaws.plan.changes import AccessState, Action, Change, Kind, MountSettings, Plan
from vaultaws.vault.abilities import keeps_root_key
from vaultaws.vault.administration import Administration

RootSecret = tuple[str, Secret]
REMOVABLE = frozenset({Kind.ROLE, Kind.STATIC_ROLE, Kind.ACCESS})


@dataclass(frozen=True)
class Hands:
    """What steps are taken with. `root_secret` None leaves the server its own credentials."""

    vault: Administration
    mount: str
    root_secret: RootSecret | None = None


def needs_root_secret(plan: Plan) -> bool:
    """True when `config/root` is written and Vault's own key has to go with it.

    Engines before Vault 1.19 forget the stored key when a write does not carry it.
    """
    writes = any(step.kind is Kind.ROOT for step in plan.to_write)
    return writes and not (_stored_key(plan) and keeps_root_key(plan.observed.health))


def _stored_key(plan: Plan) -> str:
    return plan.observed.root.access_key_id if plan.observed.root is not None else ""


def check(plan: Plan, root_secret: RootSecret | None) -> None:
    """Refuse, before anything is written, what could only fail halfway. Raises UsageError."""
    for step in plan.to_write:
        if step.action is Action.REMOVE and step.kind not in REMOVABLE:
            raise UsageError(
                f"{step.kind} {step.name} cannot be removed by apply",
                why="leases or the audit trail would be lost with it",
                do="remove it by hand when you are sure",
            )
    if needs_root_secret(plan) and root_secret is None and _stored_key(plan):
        raise UsageError(
            f"{plan.config.mount.path}/config/root holds an access key that this would erase",
            why='a write of it forgets the stored key, and credentials = "server" has none to give',
            do="say where the key is found ([root] credentials), or remove the key first",
        )


def take(change: Change, hands: Hands) -> None:
    """Write one change. Raises VaultError and its kin."""
    if change.action is Action.REMOVE and change.kind in {Kind.ROLE, Kind.STATIC_ROLE}:
        _remove(change, hands)
        return
    vault, mount = hands.vault, hands.mount
    match change.value:
        case MountSettings() as settings:
            _mount(settings, hands)
        case (int(lease), int(longest)):
            vault.write_lease_config(mount, lease_seconds=lease, max_seconds=longest)
        case RootConfig() as root:
            _root(root, hands)
        case AuditDevice() as device:
            _audit(device, vault)
        case Role() as role:
            vault.write_role(mount, role)
        case StaticRole() as static:
            vault.write_static_role(mount, static)
        case AccessState() as access:
            old = change.old if isinstance(change.old, AccessState) else None
            access_steps.take(access, old, vault)


def _remove(change: Change, hands: Hands) -> None:
    if change.kind is Kind.ROLE:
        hands.vault.delete_role(hands.mount, change.name)
    else:
        hands.vault.delete_static_role(hands.mount, change.name)


def _mount(settings: MountSettings, hands: Hands) -> None:
    """Enable, then tune: an engine enabled and not tuned is found and tuned by the next apply."""
    if settings.enable:
        hands.vault.enable_aws(hands.mount)
    if settings.settings:
        hands.vault.tune_mount(hands.mount, dict(settings.settings))


def _root(root: RootConfig, hands: Hands) -> None:
    if hands.root_secret is None:
        hands.vault.write_root(hands.mount, root, None)
        return
    key, secret = hands.root_secret
    hands.vault.write_root(hands.mount, dataclasses.replace(root, access_key_id=key), secret)


def _audit(device: AuditDevice, vault: Administration) -> None:
    """Audit devices are the server's, not the mount's: another file's apply may have been first."""
    there = vault.read_audit_devices().get(device.path)
    if there is None or differences(device, there):
        vault.enable_audit_device(device)
