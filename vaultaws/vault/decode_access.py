"""From the servers' JSON to audit devices, auth methods, entities and groups. Pure.

Shapes: Vault API, /sys/audit, /sys/auth, /identity/entity, /identity/group; the same on OpenBao.
"""

from __future__ import annotations

from vaultaws.model import (
    AuditDevice,
    AuthMount,
    Entity,
    EntityState,
    Group,
    Irrevocable,
    JsonObject,
)
from vaultaws.vault.decode import flag, mapping, objects, pairs, required_text, text, texts


def roles_named(data: JsonObject, mount: str) -> list[str]:
    """The roles that a resultant ACL lets issue by paths without a pattern, sorted.

    `mount` begins with the namespace, as the paths do. Shape: vault/logical_system.go,
    pathInternalUIResultantACL; the same on OpenBao.
    """
    paths = mapping(data.get("exact_paths") or {}, "exact_paths")
    granted = {path for path, rule in paths.items() if _lets_issue(mapping(rule, "rule"))}
    ends = (f"{mount}/creds/", f"{mount}/sts/")
    names = {path.removeprefix(end) for end in ends for path in granted if path.startswith(end)}
    return sorted(name for name in names if name and "/" not in name)


def _lets_issue(rule: JsonObject) -> bool:
    held = set(texts(rule, "capabilities"))
    return "deny" not in held and bool(held & {"read", "update"})


def audit_devices(data: JsonObject) -> dict[str, AuditDevice]:
    """Decode the data of `sys/audit`."""
    decoded = (_audit_device(path, mapping(entry, "device")) for path, entry in data.items())
    return {device.path: device for device in decoded}


def _audit_device(path: str, entry: JsonObject) -> AuditDevice:
    return AuditDevice(
        path=path.strip("/"),
        type=required_text(entry, "type"),
        options=pairs(entry, "options"),
        description=text(entry, "description"),
    )


def auth_mounts(data: JsonObject) -> dict[str, AuthMount]:
    """Decode the data of `sys/auth`."""
    decoded = (_auth_mount(path, mapping(entry, "method")) for path, entry in data.items())
    return {mount.path: mount for mount in decoded}


def _auth_mount(path: str, entry: JsonObject) -> AuthMount:
    return AuthMount(
        path=path.strip("/"),
        type=required_text(entry, "type"),
        accessor=required_text(entry, "accessor"),
    )


def entity(data: JsonObject) -> Entity:
    """Decode the data of `identity/lookup/entity`."""
    return Entity(
        id=required_text(data, "id"),
        name=text(data, "name"),
        policies=texts(data, "policies"),
        aliases=tuple(_alias(entry) for entry in objects(data, "aliases")),
    )


def entity_state(data: JsonObject) -> EntityState:
    """Decode the data of `identity/entity/id/ID`."""
    return EntityState(
        id=required_text(data, "id"),
        name=text(data, "name"),
        disabled=flag(data, "disabled"),
        policies=texts(data, "policies"),
    )


def irrevocable(data: JsonObject) -> tuple[Irrevocable, ...]:
    """Decode the data of `sys/leases?type=irrevocable`."""
    return tuple(
        Irrevocable(required_text(entry, "lease_id"), text(entry, "error"))
        for entry in objects(data, "leases")
    )


def group(data: JsonObject) -> Group:
    """Decode the data of `identity/group/name/NAME`; the servers give members in any order."""
    alias = mapping(data.get("alias") or {}, "alias")
    return Group(
        name=required_text(data, "name"),
        external=text(data, "type") == "external",
        policies=texts(data, "policies"),
        member_entity_ids=tuple(sorted(texts(data, "member_entity_ids"))),
        alias=_alias(alias) if alias else None,
        metadata=pairs(data, "metadata"),
        id=required_text(data, "id"),
        member_group_ids=tuple(sorted(texts(data, "member_group_ids"))),
    )


def group_alias_id(data: JsonObject) -> str:
    """The id of a group's alias, empty when it has none."""
    return text(mapping(data.get("alias") or {}, "alias"), "id")


def _alias(entry: JsonObject) -> tuple[str, str]:
    return required_text(entry, "mount_accessor"), required_text(entry, "name")
