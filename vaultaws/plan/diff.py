"""Declared against observed: a pure function to a frozen plan."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from vaultaws.config.schema import Access, Config, Root
from vaultaws.errors import ConfigError
from vaultaws.model import Role, RootConfig, ServerProduct
from vaultaws.plan.changes import (
    AccessState,
    Action,
    Change,
    Field,
    Kind,
    MountSettings,
    Observed,
    Plan,
)
from vaultaws.plan.observe import acl_name


def diff(config: Config, observed: Observed) -> Plan:
    """Compare; the same declared state and the same server give the same plan.

    Raises ConfigError for a field that the server's engine does not have.
    """
    _refuse_unknown_fields(config, observed)
    changes = (
        *_mount(config, observed),
        *_root(config, observed),
        *_roles(config, observed),
        *_access(config, observed),
    )
    return Plan(config, observed, changes)


def _refuse_unknown_fields(config: Config, observed: Observed) -> None:
    """OpenBao's AWS engine is that of Vault 1.18, which drops `sts_region` in silence."""
    if observed.product is not ServerProduct.OPENBAO or config.root is None:
        return
    if config.root.sts_region:
        raise ConfigError(
            f"{config.file}: root.sts_region cannot be set on this server",
            why="the AWS engine of OpenBao does not have the field and would ignore it",
            do="remove sts_region; sts_endpoint says where STS is asked",
        )


def _mount(config: Config, observed: Observed) -> list[Change]:
    mount, path = config.mount, config.mount.path
    wanted = (mount.default_lease_ttl_seconds, mount.max_lease_ttl_seconds)
    changes: list[Change] = []
    if observed.mount is None:
        fields = _fields(("default_lease_ttl", "max_lease_ttl"), (0, 0), wanted)
        changes.append(Change(Action.ADD, Kind.MOUNT, path, fields, _tuning(wanted, enable=True)))
    else:
        now = (
            observed.mount.default_lease_ttl_seconds,
            observed.mount.max_lease_ttl_seconds,
        )
        if now != wanted:
            fields = _fields(("default_lease_ttl", "max_lease_ttl"), now, wanted)
            changes.append(
                Change(Action.CHANGE, Kind.MOUNT, path, fields, _tuning(wanted, enable=False))
            )
    if observed.lease != wanted:
        action = Action.ADD if observed.lease is None else Action.CHANGE
        fields = _fields(("lease", "lease_max"), observed.lease or (0, 0), wanted)
        changes.append(Change(action, Kind.LEASE, path, fields, wanted))
    return changes


def _tuning(wanted: tuple[int, int], *, enable: bool) -> MountSettings:
    names = ("default_lease_ttl", "max_lease_ttl")
    return MountSettings(enable, tuple(zip(names, wanted, strict=True)))


def _root(config: Config, observed: Observed) -> list[Change]:
    if config.root is None:
        return []
    wanted = _declared_root(config.root, observed.root)
    names = tuple(
        field.name for field in dataclasses.fields(RootConfig) if field.name != "access_key_id"
    )
    old = observed.root or RootConfig()
    fields = _fields(
        names,
        tuple(getattr(old, name) for name in names),
        tuple(getattr(wanted, name) for name in names),
    )
    if observed.root is None:
        return [Change(Action.ADD, Kind.ROOT, "root", fields, wanted)]
    return [Change(Action.CHANGE, Kind.ROOT, "root", fields, wanted)] if fields else []


def _declared_root(root: Root, now: RootConfig | None) -> RootConfig:
    """What is not declared stays as it is on the server."""
    base = now or RootConfig()
    said: dict[str, Any] = {
        "region": root.region,
        "iam_endpoint": root.iam_endpoint,
        "sts_endpoint": root.sts_endpoint,
        "sts_region": root.sts_region,
        "username_template": root.username_template,
    }
    return dataclasses.replace(
        base, **{name: value for name, value in said.items() if value is not None}
    )


def _roles(config: Config, observed: Observed) -> list[Change]:
    now = {role.name: role for role in observed.roles}
    changes: list[Change] = []
    for role in config.roles:
        old = now.pop(role.name, None)
        if old is None:
            changes.append(
                Change(Action.ADD, Kind.ROLE, role.name, value=role, note=role.credential_type)
            )
        elif fields := _role_fields(old, role):
            changes.append(Change(Action.CHANGE, Kind.ROLE, role.name, fields, role))
    note = "on the server, not in the file (left alone)"
    changes.extend(Change(Action.UNMANAGED, Kind.ROLE, name, note=note) for name in sorted(now))
    return changes


def _role_fields(old: Role, new: Role) -> tuple[Field, ...]:
    names = tuple(field.name for field in dataclasses.fields(Role) if field.name != "name")
    return _fields(
        names,
        tuple(getattr(old, name) for name in names),
        tuple(getattr(new, name) for name in names),
    )


def _access(config: Config, observed: Observed) -> list[Change]:
    now = {access.acl_name: access.acl_text for access in observed.access}
    changes: list[Change] = []
    for access in config.access:
        name = acl_name(config.mount.path, access.name)
        wanted = acl_text(config.mount.path, access)
        state = AccessState(access.name, name, wanted)
        if name not in now:
            changes.append(Change(Action.ADD, Kind.ACCESS, name, value=state))
        elif now[name].strip() != wanted.strip():
            fields = (Field("policy", now[name], wanted),)
            changes.append(Change(Action.CHANGE, Kind.ACCESS, name, fields, state))
    return changes


def acl_text(mount: str, access: Access) -> str:
    """The least a person needs to issue these roles: both endpoints, and to read the role.

    A GET of creds/ or sts/ issues with the defaults; a write of them carries a ttl.
    """
    blocks: list[str] = []
    for role in access.roles:
        blocks.extend(
            f'path "{mount}/{endpoint}/{role}" {{\n  capabilities = ["read", "update"]\n}}'
            for endpoint in ("creds", "sts")
        )
        blocks.append(f'path "{mount}/roles/{role}" {{\n  capabilities = ["read"]\n}}')
    return "\n".join(blocks) + "\n"


def _fields(
    names: tuple[str, ...], old: tuple[Any, ...], new: tuple[Any, ...]
) -> tuple[Field, ...]:
    return tuple(
        Field(name, _text(before), _text(after))
        for name, before, after in zip(names, old, new, strict=True)
        if _canonical(before) != _canonical(after)
    )


def _canonical(value: Any) -> str:
    if isinstance(value, tuple):
        value = sorted(value)
    return json.dumps(value, sort_keys=True)


def _text(value: Any) -> str:
    if value in ("", None, (), 0):
        return "—"
    return value if isinstance(value, str) else _canonical(value)
