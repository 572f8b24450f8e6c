"""The declared state as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vaultaws.model import AuditDevice, JsonObject, Role, StaticRole

SERVER_BOUND_SECONDS: Final = 2_764_800
"""768 h: a server's own longest lease, where its configuration says no other (Vault docs,
`max_lease_ttl`)."""


@dataclass(frozen=True)
class Mount:
    """`[mount]`. Spans are whole seconds, 0 the server's own. None leaves what the server has."""

    path: str = "aws"
    default_lease_ttl_seconds: int = 900
    max_lease_ttl_seconds: int = 3600
    description: str | None = None
    audit_non_hmac_request_keys: tuple[str, ...] | None = None
    audit_non_hmac_response_keys: tuple[str, ...] | None = None
    listing_visibility: str | None = None

    @property
    def longest_seconds(self) -> int:
        """The longest life of a lease, as far as the file can tell."""
        return self.max_lease_ttl_seconds or SERVER_BOUND_SECONDS


@dataclass(frozen=True)
class LeaseBounds:
    """`[lease]`: the engine's `config/lease`, which bounds iam_user leases. Seconds."""

    default_seconds: int
    max_seconds: int


@dataclass(frozen=True)
class Root:
    """`[root]`. `credentials` says where the secrets come from; they never stand here.

    None leaves what the server has. `policy` is the IAM policy of Vault's own user, told so that
    lint can say what it lacks; it is not written anywhere.
    """

    credentials: str = "env"
    region: str | None = None
    iam_endpoint: str | None = None
    sts_endpoint: str | None = None
    sts_region: str | None = None
    sts_fallback_endpoints: tuple[str, ...] | None = None
    sts_fallback_regions: tuple[str, ...] | None = None
    username_template: str | None = None
    max_retries: int | None = None
    role_arn: str | None = None
    identity_token_audience: str | None = None
    identity_token_ttl_seconds: int | None = None
    rotation_period_seconds: int | None = None
    rotation_schedule: str | None = None
    rotation_window_seconds: int | None = None
    disable_automated_rotation: bool | None = None
    policy: JsonObject | None = None


@dataclass(frozen=True)
class Access:
    """`[access.NAME]`: who may issue what.

    `members` maps the path of an auth method to names there: user names (userpass, ldap …),
    role names (approle), values of the groups claim (oidc, jwt). The key `entities` maps to
    names of identity entities.
    """

    name: str
    roles: tuple[str, ...] = ()
    static_roles: tuple[str, ...] = ()
    members: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Trail:
    """`[trail]`: where CloudTrail and Vault's audit log are read, and how credentials are meant
    to be used (empty: anyhow)."""

    source: str = "api"
    audit_log: str = ""
    vault_role: str = ""
    networks: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    refusals: int = 10


@dataclass(frozen=True)
class Config:
    """One file: one mount, one AWS account.

    `text` is the file as it was read, for places and waivers. `policy_files` tells which file a
    dotted key (`roles.NAME`, `root`) took its policy from.
    """

    file: Path
    mount: Mount = field(default_factory=Mount)
    lease: LeaseBounds | None = None
    root: Root | None = None
    roles: tuple[Role, ...] = ()
    static_roles: tuple[StaticRole, ...] = ()
    audit: tuple[AuditDevice, ...] = ()
    access: tuple[Access, ...] = ()
    trail: Trail = field(default_factory=Trail)
    text: str = ""
    policy_files: tuple[tuple[str, Path], ...] = ()
