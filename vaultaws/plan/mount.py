"""The mount and the engine's lease bounds: declared against observed. Pure."""

from __future__ import annotations

from typing import Any, Final

from vaultaws.config.schema import Config, Mount
from vaultaws.model import MountInfo
from vaultaws.plan.changes import Action, Change, Field, Kind, MountSettings, Observed
from vaultaws.plan.fields import canonical, said

# the name of a setting in Vault's API -> the attribute of Mount and of MountInfo
SETTINGS: Final = {
    "default_lease_ttl": "default_lease_ttl_seconds",
    "max_lease_ttl": "max_lease_ttl_seconds",
    "description": "description",
    "audit_non_hmac_request_keys": "audit_non_hmac_request_keys",
    "audit_non_hmac_response_keys": "audit_non_hmac_response_keys",
    "listing_visibility": "listing_visibility",
}
_FRESH: Final = MountInfo("", "aws", "")


def mount_changes(config: Config, observed: Observed) -> list[Change]:
    """Enable the engine, or tune the mount, or nothing."""
    now = observed.mount or _FRESH
    differing = _differing(config.mount, now)
    fields = tuple(
        Field(name, said(name, getattr(now, SETTINGS[name])), said(name, value))
        for name, value in differing.items()
    )
    path, settings = config.mount.path, tuple(differing.items())
    if observed.mount is None:
        return [Change(Action.ADD, Kind.MOUNT, path, fields, MountSettings(True, settings))]
    if not differing:
        return []
    return [Change(Action.CHANGE, Kind.MOUNT, path, fields, MountSettings(False, settings))]


def _differing(mount: Mount, now: MountInfo) -> dict[str, Any]:
    """The declared settings that differ, by their names in Vault's API."""
    declared = ((name, field, getattr(mount, field)) for name, field in SETTINGS.items())
    return {
        name: value
        for name, field, value in declared
        if value is not None and not _same(name, value, getattr(now, field))
    }


def _same(name: str, declared: Any, now: Any) -> bool:
    """Vault says nothing of the visibility "hidden", which is its own when none was said."""
    if name == "listing_visibility":
        return (declared or "hidden") == (now or "hidden")
    return bool(canonical(name, declared) == canonical(name, now))


def lease_changes(config: Config, observed: Observed) -> list[Change]:
    """Write `config/lease`. Without `[lease]` it stays, and is shown where it is not the mount's.

    The engine falls back on the mount's bounds where `config/lease` was never written
    (builtin/logical/aws/secret_access_keys.go, `b.Lease`).
    """
    path, now = config.mount.path, observed.lease
    if config.lease is None:
        return _unmanaged(config.mount, now)
    wanted = (config.lease.default_seconds, config.lease.max_seconds)
    if now == wanted:
        return []
    names = zip(("lease", "lease_max"), now or (0, 0), wanted, strict=True)
    fields = tuple(
        Field(name, said(name, before), said(name, after))
        for name, before, after in names
        if before != after
    )
    action = Action.ADD if now is None else Action.CHANGE
    return [Change(action, Kind.LEASE, path, fields, wanted)]


def _unmanaged(mount: Mount, now: tuple[int, int] | None) -> list[Change]:
    bounds = (mount.default_lease_ttl_seconds, mount.max_lease_ttl_seconds)
    if now is None or now == bounds:
        return []
    note = "bounds the leases of IAM users on the server, not in the file (left alone)"
    return [Change(Action.UNMANAGED, Kind.LEASE, mount.path, note=note)]
