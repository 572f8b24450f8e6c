"""The declared state as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vaultaws.model import Role


@dataclass(frozen=True)
class Mount:
    """`[mount]`. Spans are whole seconds; 0 leaves the server's default."""

    path: str = "aws"
    default_lease_ttl_seconds: int = 900
    max_lease_ttl_seconds: int = 3600


@dataclass(frozen=True)
class Root:
    """`[root]`. `credentials` says where the secrets come from; they never stand here."""

    region: str = ""
    iam_endpoint: str = ""
    sts_endpoint: str = ""
    sts_region: str = ""
    username_template: str = ""
    credentials: str = "env"


@dataclass(frozen=True)
class Access:
    """`[access.NAME]`: who may issue what. `members` maps an auth method to its user names."""

    name: str
    roles: tuple[str, ...]
    members: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Trail:
    """`[trail]`: where CloudTrail and Vault's audit log are read."""

    source: str = "api"
    audit_log: str = ""


@dataclass(frozen=True)
class Config:
    """One file: one mount, one AWS account."""

    file: Path
    mount: Mount = field(default_factory=Mount)
    root: Root | None = None
    roles: tuple[Role, ...] = ()
    access: tuple[Access, ...] = ()
    trail: Trail = field(default_factory=Trail)
