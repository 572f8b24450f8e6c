"""What the operator's side (plan, apply, import, root, static) may ask of a server.

`gateway.HvacVault` implements it together with `protocol.Vault`. Every method raises from
`vaultaws.errors`' Vault branch and nothing else. Reads of many things keep several requests in
flight; the answer has the order of the names asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from vaultaws.model import (
    AuditDevice,
    AuthMount,
    Entity,
    EntityState,
    Group,
    JsonObject,
    Role,
    StaticRole,
    TokenInfo,
)
from vaultaws.vault.protocol import Vault


class Administration(Vault, Protocol):
    """A server, as its operators use it."""

    # the mount
    def tune_mount(self, mount: str, settings: JsonObject) -> None:
        """Tune a mount: `default_lease_ttl` and `max_lease_ttl` in seconds, `description`,
        `audit_non_hmac_request_keys`, `audit_non_hmac_response_keys`, `listing_visibility`.
        What is not said stays; an empty list or string clears.
        """
        ...

    def rotate_root(self, mount: str) -> str:
        """Have the engine replace its own key (`config/rotate-root`); return the new key's id."""
        ...

    # roles
    def read_roles(self, mount: str, names: Sequence[str]) -> tuple[Role, ...]:
        """Read many roles. One that vanished meanwhile is left out."""
        ...

    def count_leases(self, mount: str, roles: Sequence[str]) -> Mapping[str, int | None]:
        """Live leases of each role, over `creds/` and `sts/`; None where the token may not list."""
        ...

    def list_static_roles(self, mount: str) -> list[str]:
        """Names of static roles, sorted; empty when there is none, and where the engine cannot
        list them (`abilities.lists_static_roles`)."""
        ...

    def read_static_roles(self, mount: str, names: Sequence[str]) -> tuple[StaticRole, ...]:
        """Read many static roles."""
        ...

    def write_static_role(self, mount: str, role: StaticRole) -> None:
        """Write one static role whole. A new one rotates the user's key at once."""
        ...

    def delete_static_role(self, mount: str, name: str) -> None:
        """Delete a static role. The IAM user stays; the engine deletes its key in AWS."""
        ...

    def static_key(self, mount: str, name: str) -> tuple[str, datetime | None]:
        """The access key id in use, and when the engine replaces it. Issues nothing."""
        ...

    # tokens and entities, as a responder ends them
    def revoke_accessor(self, accessor: str) -> None:
        """Revoke a token, with its leases and its children; one that is gone is done."""
        ...

    def token_of_accessor(self, accessor: str) -> TokenInfo | None:
        """The token behind an accessor; None when it is gone."""
        ...

    def entity(self, entity_id: str) -> EntityState | None:
        """An entity by its id; None when there is none."""
        ...

    def set_entity_disabled(self, entity_id: str, disabled: bool) -> None:
        """Disable or enable an entity; nothing else of it changes. All of its tokens, made before
        or after, may do nothing while it is disabled. Raises VaultNotFoundError."""
        ...

    def token_accessors(self) -> list[str]:
        """The accessors of all tokens of the namespace. Needs sudo."""
        ...

    # audit devices
    def read_audit_devices(self) -> dict[str, AuditDevice]:
        """Audit devices by path (needs sudo)."""
        ...

    def enable_audit_device(self, device: AuditDevice) -> None:
        """Enable an audit device."""
        ...

    # access
    def list_acl_policies(self) -> list[str]:
        """Names of ACL policies."""
        ...

    def read_acl_policies(self, names: Sequence[str]) -> dict[str, str]:
        """Texts of ACL policies; those that do not exist are left out."""
        ...

    def write_acl_policy(self, name: str, text: str) -> None:
        """Write one ACL policy whole."""
        ...

    def delete_acl_policy(self, name: str) -> None:
        """Delete one ACL policy."""
        ...

    def auth_mounts(self) -> dict[str, AuthMount]:
        """Auth methods by path."""
        ...

    def approle_role_id(self, auth_mount: str, role: str) -> str | None:
        """The role id of an AppRole, which is its name as an entity alias; None when unknown."""
        ...

    def find_entity(self, *, name: str = "", alias: tuple[str, str] | None = None) -> Entity | None:
        """An entity by its name, or by an alias (mount accessor, name at that method)."""
        ...

    def create_entity(self, name: str, alias: tuple[str, str] | None) -> Entity:
        """Create an entity with one login, or with none."""
        ...

    def list_groups(self) -> list[str]:
        """Names of identity groups."""
        ...

    def read_groups(self, names: Sequence[str]) -> dict[str, Group]:
        """Identity groups by name; those that do not exist are left out."""
        ...

    def write_group(self, group: Group) -> None:
        """Write one identity group whole, its alias included."""
        ...

    def delete_group(self, name: str) -> None:
        """Delete one identity group; its members and their entities stay."""
        ...
