"""What a plan is made of: frozen values, and nothing that computes or writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vaultaws.config.schema import Config, Root
from vaultaws.model import (
    AuditDevice,
    AuthMount,
    Group,
    MountInfo,
    Role,
    RootConfig,
    ServerHealth,
    ServerProduct,
    StaticRole,
)


class Action(StrEnum):
    """The mark in front of a line of the plan."""

    ADD = "+"
    CHANGE = "~"
    REMOVE = "-"
    UNMANAGED = "!"


class Kind(StrEnum):
    """What a change is about."""

    MOUNT = "mount"
    LEASE = "lease"
    ROOT = "root"
    AUDIT = "audit"
    ROLE = "role"
    STATIC_ROLE = "static"
    ACCESS = "access"


@dataclass(frozen=True)
class Member:
    """One member that the file names: at `auth_path` (or `entities`), by `name`.

    `entity_id` is empty while the entity is still to be made; `alias` is what it is made with.
    """

    auth_path: str
    name: str
    entity_id: str = ""
    alias: tuple[str, str] | None = None


@dataclass(frozen=True)
class AccessState:
    """What one `[access.NAME]` is on a server.

    An ACL policy, an internal group of entities, and one external group for each value of a
    groups claim. `groups` bear the policy; `members` are those of the internal group.

    As the value of a change it says what is to be written, also when the access goes: an empty
    `acl_text` deletes the ACL policy; each of `groups` is written whole (a group of a claim is
    shared by all that name the claim); `gone` names the groups to delete. Members without an
    entity are created first and added to the internal group's.
    """

    name: str
    acl_name: str
    acl_text: str = ""
    groups: tuple[Group, ...] = ()
    members: tuple[Member, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def internal(self) -> Group | None:
        """The group of the members, None where the access is by claims alone."""
        return next((group for group in self.groups if not group.external), None)

    @property
    def claims(self) -> tuple[Group, ...]:
        """The groups of values of a groups claim."""
        return tuple(group for group in self.groups if group.external)


@dataclass(frozen=True)
class Identity:
    """What the server knows of the people whom the file speaks about.

    `members` has the declared ones that were found, and those that can be made (no
    `entity_id`); a declared one that is not among them does not exist. `groups` has ours and
    those that bear a declared claim. `acl` has the ACL policies that begin with our prefix.
    """

    auth_mounts: tuple[AuthMount, ...] = ()
    members: tuple[Member, ...] = ()
    groups: tuple[Group, ...] = ()
    acl: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Observed:
    """One mount as the server has it. `mount` is None while the engine is not enabled there.

    `account` is the AWS account of the root key, empty when it cannot be told.
    `lease_counts` has the live leases of roles that would change; None where they may not be
    listed. `unseen` says, a sentence each, what could not be read and was left out.
    """

    address: str
    product: ServerProduct
    version: str
    enterprise: bool = False
    account: str = ""
    mount: MountInfo | None = None
    lease: tuple[int, int] | None = None
    root: RootConfig | None = None
    roles: tuple[Role, ...] = ()
    static_roles: tuple[StaticRole, ...] = ()
    audit: tuple[AuditDevice, ...] = ()
    access: tuple[AccessState, ...] = ()
    lease_counts: tuple[tuple[str, int | None], ...] = ()
    identity: Identity = Identity()
    unseen: tuple[str, ...] = ()

    @property
    def health(self) -> ServerHealth:
        """The server as its abilities are told by: it answered, so it is unsealed and active."""
        return ServerHealth(self.product, self.version, True, False, False, self.enterprise)


@dataclass(frozen=True)
class MountSettings:
    """How a mount is to be tuned: only what differs, as `Administration.tune_mount` takes it."""

    enable: bool
    settings: tuple[tuple[str, object], ...]


Value = MountSettings | tuple[int, int] | RootConfig | AuditDevice | Role | StaticRole | AccessState


@dataclass(frozen=True)
class Field:
    """One field of a change: before and after as people read them.

    `lines` is a diff inside the field (a policy document), each beginning with "+ ", "- " or
    two spaces; `old` and `new` are empty then.
    """

    name: str
    old: str = ""
    new: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One thing to do, or to leave alone.

    `value` is what apply writes; None for the removal of a role or static role.

    `effects` says what it does to live leases and to people, one sentence each. `old` is what
    the server has.
    """

    action: Action
    kind: Kind
    name: str
    fields: tuple[Field, ...] = ()
    value: Value | None = None
    note: str = ""
    effects: tuple[str, ...] = ()
    old: Role | StaticRole | AccessState | None = None


@dataclass(frozen=True)
class Plan:
    """All that apply would do, in its order.

    `fingerprint` changes when the file or what the plan saw on the server changes.
    """

    config: Config
    observed: Observed
    changes: tuple[Change, ...]
    fingerprint: str = ""
    prune: bool = False

    @property
    def to_write(self) -> tuple[Change, ...]:
        """The changes that apply executes."""
        return tuple(change for change in self.changes if change.action is not Action.UNMANAGED)

    @property
    def root(self) -> Root | None:
        """The file's `[root]`."""
        return self.config.root
