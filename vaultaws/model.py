"""Frozen values that travel between the stations: declare, plan, apply, issue, check, revoke.

Times are aware datetimes in UTC; spans of time are whole seconds and say so in their name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

JsonObject = Mapping[str, Any]


class Secret:
    """A value that is never printed by accident: str, repr and format show a mask.

    `reveal()` is the one way to the value; each call of it is a decision to hand it on.
    """

    __slots__ = ("__value",)

    MASK: Final = "•••"

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        return self.__value

    def __repr__(self) -> str:
        return f"Secret({self.MASK})"

    def __str__(self) -> str:
        return self.MASK

    def __format__(self, spec: str) -> str:
        return format(self.MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__value == other.reveal()

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __reduce__(self) -> str:
        msg = "a Secret is not pickled"
        raise TypeError(msg)


class CredentialType(StrEnum):
    """The engine's credential types (Vault, AWS secrets engine API, `credential_type`)."""

    IAM_USER = "iam_user"
    ASSUMED_ROLE = "assumed_role"
    FEDERATION_TOKEN = "federation_token"  # noqa: S105  (a type's name)
    SESSION_TOKEN = "session_token"  # noqa: S105  (a type's name)

    @property
    def is_sts(self) -> bool:
        """True when AWS STS mints it: such a token outlives a revoked lease."""
        return self is not CredentialType.IAM_USER


@dataclass(frozen=True)
class Credentials:
    """One whole credential set. `expires_at` is None when AWS sets no end of its own (IAM user)."""

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret | None = None
    expires_at: datetime | None = None


Pairs = tuple[tuple[str, str], ...]
"""Names with their values, sorted by name: tags, options."""


@dataclass(frozen=True)
class RootConfig:
    """The engine's `config/root` as far as it can be read back; the secret key never can.

    Rotation fields and those of workload identity (`identity_token_*`, `role_arn`) work on
    Vault Enterprise only.
    """

    access_key_id: str = ""
    region: str = ""
    iam_endpoint: str = ""
    sts_endpoint: str = ""
    sts_region: str = ""
    sts_fallback_endpoints: tuple[str, ...] = ()
    sts_fallback_regions: tuple[str, ...] = ()
    username_template: str = ""
    max_retries: int = -1
    role_arn: str = ""
    identity_token_audience: str = ""
    identity_token_ttl_seconds: int = 0
    rotation_period_seconds: int = 0
    rotation_schedule: str = ""
    rotation_window_seconds: int = 0
    disable_automated_rotation: bool = False


@dataclass(frozen=True)
class Role:
    """A role of the engine, as declared or as read from the server."""

    name: str
    credential_type: CredentialType
    policy_document: JsonObject | None = None
    policy_arns: tuple[str, ...] = ()
    role_arns: tuple[str, ...] = ()
    iam_groups: tuple[str, ...] = ()
    iam_tags: Pairs = ()
    session_tags: Pairs = ()
    external_id: str = ""
    default_sts_ttl_seconds: int = 0
    max_sts_ttl_seconds: int = 0
    user_path: str = ""
    permissions_boundary_arn: str = ""
    mfa_serial_number: str = ""
    other_types: tuple[CredentialType, ...] = ()
    """Types that a role of an old server serves besides; a write leaves only its own."""


@dataclass(frozen=True)
class StaticRole:
    """A static role: an existing IAM user whose key the engine replaces every period.

    The last three fields (another account's user) work on Vault Enterprise only.
    """

    name: str
    username: str
    rotation_period_seconds: int
    assume_role_arn: str = ""
    assume_role_session_name: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class Lease:
    """What Vault says of a lease. `id` has the shape MOUNT/creds|sts/ROLE/RANDOM."""

    id: str
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    renewable: bool = False
    ttl_seconds: int = 0

    @property
    def parts(self) -> tuple[str, str, str]:
        """Mount, endpoint (creds or sts) and role, read from the id."""
        mount, endpoint, role, _ = self.id.rsplit("/", 3)
        return mount, endpoint, role


@dataclass(frozen=True)
class Issued:
    """One answer of `creds/` or `sts/`. The token's own end is `credentials.expires_at`."""

    lease: Lease
    credentials: Credentials
    role: str
    arn: str = ""

    @property
    def ends_at(self) -> datetime | None:
        """When the credentials stop being good for their holder: lease or token, the earlier."""
        ends = [end for end in (self.lease.expires_at, self.credentials.expires_at) if end]
        return min(ends, default=None)


@dataclass(frozen=True)
class Irrevocable:
    """A lease that the server has given up revoking; `error` is its own last reason."""

    lease_id: str
    error: str


@dataclass(frozen=True)
class EntityState:
    """What of an entity decides whether its tokens may do anything."""

    id: str
    name: str
    disabled: bool = False
    policies: tuple[str, ...] = ()


class ServerProduct(StrEnum):
    VAULT = "vault"
    OPENBAO = "openbao"

    @property
    def label(self) -> str:
        """The product's name as its makers write it."""
        return "OpenBao" if self is ServerProduct.OPENBAO else "Vault"


@dataclass(frozen=True)
class ServerHealth:
    """`sys/health`, decoded (Vault API, /sys/health). `product` comes from sys/version-history
    or the version's shape; both servers answer the same path. `time` is the server's own, in
    seconds since the epoch; None where it does not say."""

    product: ServerProduct
    version: str
    initialized: bool
    sealed: bool
    standby: bool
    enterprise: bool = False
    time: int | None = None


@dataclass(frozen=True)
class TokenInfo:
    """`auth/token/lookup-self`. `expires_at` is None for a token that does not end (root).

    `uses_left` is 0 for a token that may be used any number of times.
    """

    accessor: str
    display_name: str
    entity_id: str = ""
    policies: tuple[str, ...] = ()
    expires_at: datetime | None = None
    renewable: bool = False
    is_batch: bool = False
    uses_left: int = 0


@dataclass(frozen=True)
class MountInfo:
    """A mounted secrets engine."""

    path: str
    type: str
    accessor: str
    default_lease_ttl_seconds: int = 0
    max_lease_ttl_seconds: int = 0
    description: str = ""
    audit_non_hmac_request_keys: tuple[str, ...] = ()
    audit_non_hmac_response_keys: tuple[str, ...] = ()
    listing_visibility: str = ""


@dataclass(frozen=True)
class AuditDevice:
    """An audit device (`sys/audit`). `path` has no trailing slash."""

    path: str
    type: str
    options: Pairs = ()
    description: str = ""

    @property
    def writes_in_clear(self) -> bool:
        """True unless `log_raw` is a no to the server, which asks Go's strconv.ParseBool."""
        return dict(self.options).get("log_raw", "").lower() not in {"", "0", "f", "false"}


@dataclass(frozen=True)
class AuthMount:
    """An auth method. `path` is without `auth/` and without slashes around it."""

    path: str
    type: str
    accessor: str


@dataclass(frozen=True)
class Entity:
    """A person or a program in Vault's identity store, with the logins that lead to it."""

    id: str
    name: str
    policies: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    """(auth mount accessor, name at that method)."""


@dataclass(frozen=True)
class Group:
    """An identity group. An external one has an alias (mount accessor, name in the claim)."""

    name: str
    external: bool = False
    policies: tuple[str, ...] = ()
    member_entity_ids: tuple[str, ...] = ()
    alias: tuple[str, str] | None = None
    metadata: Pairs = ()
    id: str = ""
    member_group_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Principal:
    """Who AWS says is calling (`sts:GetCallerIdentity`)."""

    account: str
    arn: str
    user_id: str


@dataclass(frozen=True)
class Event:
    """One CloudTrail record, reduced to what explains a credential.

    `access_key_id` made the call; `issued_access_key_id` is the key its answer carried
    (AssumeRole, GetFederationToken, GetSessionToken, CreateAccessKey), empty otherwise, and
    `issued_until` the end of that key where the answer told it. `target` is the user, role, group
    or policy that the call was about, `part` what of it (a policy's name or ARN, or a key's id),
    `policy_document` what it wrote there: a policy, or the status of a key.
    Source: CloudTrail record contents, eventVersion 1.08 to 1.11.
    """

    event_id: str
    time: datetime
    service: str
    name: str
    region: str
    access_key_id: str
    identity_type: str
    principal_arn: str
    principal_id: str
    issued_access_key_id: str = ""
    error_code: str = ""
    source_ip: str = ""
    user_agent: str = ""
    user_name: str = ""
    request: JsonObject = field(default_factory=dict)
    account: str = ""
    issued_until: datetime | None = None
    target: str = ""
    part: str = ""
    policy_document: str = ""


def plain_namespace(name: str) -> str:
    """Return a namespace as one is compared with another: root is the name of the root one."""
    stripped = name.strip("/")
    return "" if stripped == "root" else stripped


@dataclass(frozen=True)
class AuditIssuance:
    """One issuance in Vault's audit log: who asked, for which role, what lease came of it.

    `access_key` is the audit log's value: an `hmac-sha256:` digest, or clear where the mount's
    `audit_non_hmac_response_keys` lists `access_key`. `username` is the login's own name
    (`auth.metadata.username`) where the method gives one. `token_ttl_seconds` is the engine's
    `data.ttl`, the AWS token's own life, None where the engine gives none (IAM users). `path` is
    within `namespace`, which is empty for the root one.
    """

    time: datetime
    request_id: str
    path: str
    lease_id: str
    access_key: str
    entity_id: str
    display_name: str
    token_accessor: str = ""
    remote_address: str = ""
    username: str = ""
    token_ttl_seconds: int | None = None
    is_sts: bool = False
    namespace: str = ""

    def is_of(self, mounts: Collection[str], namespace: str | None) -> bool:
        """True where one of the mounts issued, none for any, in the namespace, None for any."""
        is_there = namespace is None or self.namespace == plain_namespace(namespace)
        return is_there and (not mounts or self.path.rsplit("/", 2)[0] in mounts)

    @property
    def whole_path(self) -> str:
        """The path from the root namespace on."""
        return f"{self.namespace}/{self.path}" if self.namespace else self.path

    @property
    def token_ends(self) -> datetime | None:
        """The end of the AWS token, None where the engine told no life of it."""
        if self.token_ttl_seconds is None or not self.is_sts:
            return None
        return self.time + timedelta(seconds=self.token_ttl_seconds)
