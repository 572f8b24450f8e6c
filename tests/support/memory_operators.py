"""A server in memory as operators use it: `Administration`, with the identity store's own ways
(names of policies in lower case; groups and aliases found in any case; one group a claim)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.support.memory_vault import FixedClock, MemoryVault, not_found
from vaultaws.errors import VaultRefusedError
from vaultaws.model import (
    AuditDevice,
    AuthMount,
    Entity,
    EntityState,
    Group,
    JsonObject,
    MountInfo,
    Role,
    RootConfig,
    Secret,
    ServerHealth,
    ServerProduct,
    StaticRole,
    TokenInfo,
)
from vaultaws.vault import encode

Alias = tuple[str, str]
VAULT = ServerHealth(ServerProduct.VAULT, "1.21.1", True, False, False)


@dataclass
class MemoryServer(MemoryVault):
    """One server with one mount's worth of state. `health_now` says what it is."""

    clock: FixedClock = field(default_factory=FixedClock)
    health_now: ServerHealth = VAULT
    engines: dict[str, MountInfo] = field(default_factory=dict)
    root: RootConfig | None = None
    lease: tuple[int, int] | None = None
    static_roles: dict[str, StaticRole] = field(default_factory=dict)
    devices: dict[str, AuditDevice] = field(default_factory=dict)
    acl: dict[str, str] = field(default_factory=dict)
    logins: dict[str, AuthMount] = field(default_factory=dict)
    approles: dict[tuple[str, str], str] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    tokens: dict[str, TokenInfo] = field(default_factory=dict)
    live: dict[str, int | None] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def _wrote(self, what: str) -> None:
        self._guard(what)
        self.writes.append(what)

    def health(self) -> ServerHealth:
        return self.health_now

    def mounts(self) -> dict[str, MountInfo]:
        self._guard("mounts")
        return dict(self.engines)

    def enable_aws(self, mount: str) -> None:
        self._wrote("enable_aws")
        self.engines[mount] = MountInfo(mount, "aws", "aws_1", 2_764_800, 2_764_800)

    def tune_mount(self, mount: str, settings: JsonObject) -> None:
        self._wrote("tune_mount")
        seconds = {"default_lease_ttl", "max_lease_ttl"}
        named = {f"{key}_seconds" if key in seconds else key: settings[key] for key in settings}
        self.engines[mount] = replace(self.engines[mount], **named)

    def rotate_root(self, mount: str) -> str:
        raise NotImplementedError

    def read_root(self, mount: str) -> RootConfig | None:
        return self.root

    def write_root(self, mount: str, root: RootConfig, secret_access_key: Secret | None) -> None:
        self._wrote("write_root")
        self.root = root

    def read_lease_config(self, mount: str) -> tuple[int, int] | None:
        return self.lease

    def write_lease_config(self, mount: str, *, lease_seconds: int, max_seconds: int) -> None:
        self._wrote("write_lease_config")
        self.lease = (lease_seconds, max_seconds)

    def read_roles(self, mount: str, names: Sequence[str]) -> tuple[Role, ...]:
        return tuple(self.roles[name] for name in names if name in self.roles)

    def write_role(self, mount: str, role: Role) -> None:
        self._wrote(f"write_role {role.name}")
        self.roles[role.name] = role

    def delete_role(self, mount: str, name: str) -> None:
        self._wrote(f"delete_role {name}")
        self.roles.pop(name, None)

    def count_leases(self, mount: str, roles: Sequence[str]) -> Mapping[str, int | None]:
        return {role: self.live.get(role, 0) for role in roles}

    def list_static_roles(self, mount: str) -> list[str]:
        return sorted(self.static_roles)

    def read_static_roles(self, mount: str, names: Sequence[str]) -> tuple[StaticRole, ...]:
        return tuple(self.static_roles[name] for name in names if name in self.static_roles)

    def write_static_role(self, mount: str, role: StaticRole) -> None:
        self._wrote(f"write_static_role {role.name}")
        self.static_roles[role.name] = role

    def delete_static_role(self, mount: str, name: str) -> None:
        self._wrote(f"delete_static_role {name}")
        self.static_roles.pop(name, None)

    def static_key(self, mount: str, name: str) -> tuple[str, datetime | None]:
        raise not_found()

    def read_audit_devices(self) -> dict[str, AuditDevice]:
        self._guard("read_audit_devices")
        return dict(self.devices)

    def enable_audit_device(self, device: AuditDevice) -> None:
        self._wrote("enable_audit_device")
        self.devices[device.path] = device

    def list_acl_policies(self) -> list[str]:
        self._guard("list_acl_policies")
        return sorted({*self.acl, "default", "root"})

    def read_acl_policies(self, names: Sequence[str]) -> dict[str, str]:
        return {name: self.acl[name.lower()] for name in names if name.lower() in self.acl}

    def write_acl_policy(self, name: str, text: str) -> None:
        self._wrote(f"write_acl_policy {name}")
        self.acl[name.lower()] = text

    def delete_acl_policy(self, name: str) -> None:
        self._wrote(f"delete_acl_policy {name}")
        self.acl.pop(name.lower(), None)

    def auth_mounts(self) -> dict[str, AuthMount]:
        return dict(self.logins)

    def approle_role_id(self, auth_mount: str, role: str) -> str | None:
        return self.approles.get((auth_mount, role))

    def find_entity(self, *, name: str = "", alias: Alias | None = None) -> Entity | None:
        for entity in self.entities.values():
            if alias is None and entity.name.lower() == name.lower():
                return entity
            if alias is not None and _folded(alias) in map(_folded, entity.aliases):
                return entity
        return None

    def create_entity(self, name: str, alias: Alias | None) -> Entity:
        self._wrote(f"create_entity {name}")
        found = self.find_entity(alias=alias) if alias else self.find_entity(name=name)
        if found is None:
            identifier = f"entity-{len(self.entities)}"
            found = Entity(identifier, name, aliases=(alias,) if alias else ())
            self.entities[identifier] = found
        return found

    def entity(self, entity_id: str) -> EntityState | None:
        found = self.entities.get(entity_id)
        if found is None:
            return None
        disabled = entity_id in self.disabled
        return EntityState(found.id, found.name, disabled, found.policies)

    def set_entity_disabled(self, entity_id: str, disabled: bool) -> None:
        self._wrote(f"set_entity_disabled {entity_id}")
        if entity_id not in self.entities:
            raise not_found()
        (self.disabled.add if disabled else self.disabled.discard)(entity_id)

    def token_of_accessor(self, accessor: str) -> TokenInfo | None:
        self._guard("token_of_accessor")
        return self.tokens.get(accessor)

    def revoke_accessor(self, accessor: str) -> None:
        self._wrote(f"revoke_accessor {accessor}")
        self.tokens.pop(accessor, None)

    def token_accessors(self) -> list[str]:
        self._guard("token_accessors")
        return sorted(self.tokens)

    def list_groups(self) -> list[str]:
        self._guard("list_groups")
        return sorted(group.name for group in self.groups.values())

    def read_groups(self, names: Sequence[str]) -> dict[str, Group]:
        return {name: self.groups[name.lower()] for name in names if name.lower() in self.groups}

    def write_group(self, group: Group) -> None:
        self._wrote(f"write_group {group.name}")
        if group.alias is not None:
            bearer = self._bearer(group.alias)
            if bearer is not None and bearer.name.lower() != group.name.lower():
                raise VaultRefusedError("no", why="the alias is another group's", do="look")
        members = () if group.external else group.member_entity_ids
        self.groups[group.name.lower()] = replace(
            group, id=f"group-{group.name.lower()}", member_entity_ids=members
        )

    def delete_group(self, name: str) -> None:
        self._wrote(f"delete_group {name}")
        self.groups.pop(name.lower(), None)

    def _bearer(self, alias: Alias) -> Group | None:
        for group in self.groups.values():
            if group.alias is not None and _folded(group.alias) == _folded(alias):
                return group
        return None

    def read(self, path: str) -> JsonObject | None:
        role = self.roles.get(path.rpartition("/roles/")[2])
        if role is not None:
            return {"data": encode.role_fields(role)}
        found = self.entities.get(path.removeprefix("identity/entity/id/"))
        if found is None:
            return None
        aliases = [{"mount_accessor": one[0], "name": one[1]} for one in found.aliases]
        return {"data": {"id": found.id, "name": found.name, "aliases": aliases}}

    def write(self, path: str, data: JsonObject) -> JsonObject | None:
        assert path == "identity/lookup/group", path
        group = self._bearer((data["alias_mount_accessor"], data["alias_name"]))
        if group is None:
            return None
        said: dict[str, Any] = {
            "id": group.id,
            "name": group.name,
            "type": "external" if group.external else "internal",
            "policies": list(group.policies),
            "metadata": dict(group.metadata),
            "alias": {"mount_accessor": group.alias[0], "name": group.alias[1]}
            if group.alias
            else {},
        }
        return {"data": said}


def _folded(alias: Alias) -> Alias:
    return alias[0], alias[1].lower()


USERPASS = AuthMount("userpass", "userpass", "auth_userpass_1")
OIDC = AuthMount("oidc", "oidc", "auth_oidc_1")
APPROLE = AuthMount("approle", "approle", "auth_approle_1")


def memory_server(**state: Any) -> MemoryServer:
    """A server with userpass, OIDC and AppRole, one AppRole `ci` and one entity `zoe`."""
    server = MemoryServer(**state)
    server.logins = {mount.path: mount for mount in (USERPASS, OIDC, APPROLE)}
    server.approles = {("approle", "ci"): "role-id-of-ci"}
    server.entities = {"entity-zoe": Entity("entity-zoe", "zoe")}
    return server
