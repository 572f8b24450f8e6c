"""A Vault in memory, for what no real server does on demand: answers lost, tokens that may not,
leases that fail. It honours `vaultaws.vault.protocol.Vault` as far as leases and trail use it."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError, VaultRefusedError
from vaultaws.model import (
    AuditIssuance,
    Credentials,
    CredentialType,
    Irrevocable,
    Issued,
    JsonObject,
    Lease,
    MountInfo,
    Role,
    RootConfig,
    Secret,
    ServerHealth,
    ServerProduct,
    TokenInfo,
)
from vaultaws.vault.errors import LostAnswerError

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@dataclass
class FixedClock:
    """A clock that moves when told to, or when slept on."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return (self.moment - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def made_up_key(number: int, prefix: str = "AKIA") -> str:
    """Build a key id that no scanner takes for a real one."""
    return prefix + f"{number:016d}"


def not_found() -> VaultNotFoundError:
    return VaultNotFoundError("no such thing", why="it is not there", do="look again")


def denied() -> VaultDeniedError:
    return VaultDeniedError("denied", why="permission denied", do="ask for it")


def lost() -> LostAnswerError:
    return LostAnswerError("lost", why="the connection broke off", do="look first")


@dataclass
class MemoryVault:
    """One server. `before` and `after` run around an issuance and may raise."""

    clock: FixedClock
    roles: dict[str, Role] = field(default_factory=dict)
    token: TokenInfo = field(default_factory=lambda: TokenInfo("accessor-1", "userpass-ada", "e1"))
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    forbidden: set[str] = field(default_factory=set)
    unrevocable: dict[str, VaultError] = field(default_factory=dict)
    irrevocable: dict[str, str] = field(default_factory=dict)
    forced: list[str] = field(default_factory=list)
    lease_seconds: int = 900
    namespace: str = ""
    longest_seconds: int = 1_000_000
    leases: dict[str, Lease] = field(default_factory=dict)
    audit: list[AuditIssuance] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    issued: int = 0
    parameters: dict[str, object] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return "http://127.0.0.1:8200"

    def _guard(self, name: str) -> None:
        if name in self.forbidden:
            raise denied()

    def health(self) -> ServerHealth:
        return ServerHealth(ServerProduct.OPENBAO, "2.7.2", True, False, False)

    def whoami(self) -> TokenInfo:
        self._guard("whoami")
        return self.token

    def capabilities(self, *paths: str) -> dict[str, tuple[str, ...]]:
        return dict.fromkeys(paths, ("root",))

    def mounts(self) -> dict[str, MountInfo]:
        return {"aws": MountInfo("aws", "aws", "aws_1")}

    def enable_aws(self, mount: str) -> None:
        self._guard("enable_aws")

    def read_root(self, mount: str) -> RootConfig | None:
        return None

    def write_root(self, mount: str, root: RootConfig, secret_access_key: Secret | None) -> None:
        self._guard("write_root")

    def read_lease_config(self, mount: str) -> tuple[int, int] | None:
        return None

    def write_lease_config(self, mount: str, *, lease_seconds: int, max_seconds: int) -> None:
        self._guard("write_lease_config")

    def list_roles(self, mount: str) -> list[str]:
        return sorted(self.roles)

    def own_roles(self, mount: str) -> list[str]:
        return []

    def read_role(self, mount: str, name: str) -> Role:
        self._guard("read_role")
        if name not in self.roles:
            raise not_found()
        return self.roles[name]

    def write_role(self, mount: str, role: Role) -> None:
        self.roles[role.name] = role

    def delete_role(self, mount: str, name: str) -> None:
        self.roles.pop(name, None)

    def issue(
        self,
        mount: str,
        role: str,
        *,
        sts: bool,
        ttl_seconds: int | None = None,
        role_arn: str = "",
        session_name: str = "",
        mfa_code: Secret | None = None,
    ) -> Issued:
        self.before()
        self.parameters = {
            "role_arn": role_arn,
            "session_name": session_name,
            "mfa_code": mfa_code,
        }
        with self._lock:
            issued = self._mint(mount, role, sts=sts, ttl_seconds=ttl_seconds)
        self.after()
        return issued

    def _mint(self, mount: str, role: str, *, sts: bool, ttl_seconds: int | None) -> Issued:
        self.issued += 1
        number, now = next(self._numbers), self.clock.now()
        path = f"{mount}/{'sts' if sts else 'creds'}/{role}"
        known = self.roles.get(role)
        is_token = known.credential_type is not CredentialType.IAM_USER if known else sts
        end = now + timedelta(seconds=self.lease_seconds)
        lease = Lease(f"{path}/{number:08d}", now, end, not is_token, self.lease_seconds)
        key = made_up_key(number, "ASIA" if is_token else "AKIA")
        life = min(ttl_seconds or 3600, self.longest_seconds)
        self.leases[lease.id] = lease
        self.audit.append(
            AuditIssuance(
                time=now,
                request_id=str(number),
                path=path,
                lease_id=lease.id,
                access_key=self.audit_hash("file", key),
                entity_id=self.token.entity_id,
                display_name=self.token.display_name,
                token_accessor=self.audit_hash("file", self.token.accessor),
                token_ttl_seconds=life if is_token else None,
                is_sts=is_token,
            )
        )
        return Issued(
            lease,
            Credentials(
                key,
                Secret(f"made-up-secret-{number}"),
                Secret(f"made-up-token-{number}") if is_token else None,
                now + timedelta(seconds=life) if is_token else None,
            ),
            role,
        )

    def list_leases(self, prefix: str) -> list[str]:
        self._guard("list_leases")
        return sorted(lease for lease in self.leases if lease.startswith(f"{prefix}/"))

    def lookup_lease(self, lease_id: str) -> Lease:
        self._guard("lookup_lease")
        return self._known(lease_id)

    def lookup_leases(
        self, lease_ids: Sequence[str], watch: Callable[[int], None] | None = None
    ) -> list[Lease]:
        found = []
        for lease_id in lease_ids:
            with suppress(VaultNotFoundError):
                found.append(self.lookup_lease(lease_id))
            if watch is not None:
                watch(1)
        return found

    def renew_lease(self, lease_id: str, *, increment_seconds: int) -> Lease:
        self._guard("renew_lease")
        lease = self._known(lease_id)
        if not lease.renewable:
            raise VaultRefusedError("no", why="lease is not renewable", do="let it end")
        ends = self.clock.now() + timedelta(seconds=increment_seconds)
        self.leases[lease_id] = replace(lease, expires_at=ends)
        return self.leases[lease_id]

    def _known(self, lease_id: str) -> Lease:
        """A lease that has run out is gone, unless the server cannot revoke it."""
        lease = self.leases.get(lease_id)
        if lease is None:
            raise not_found()
        over = lease.expires_at is not None and lease.expires_at <= self.clock.now()
        if over and lease_id not in self.unrevocable:
            self.leases.pop(lease_id)
            raise not_found()
        return lease

    def revoke_lease(self, lease_id: str) -> None:
        self._guard("revoke_lease")
        if lease_id in self.unrevocable:
            raise self.unrevocable[lease_id]
        with self._lock:
            self.revoked.append(lease_id)
            self.leases.pop(lease_id, None)

    def irrevocable_leases(self) -> tuple[Irrevocable, ...] | None:
        self._guard("irrevocable_leases")
        return tuple(Irrevocable(lease, why) for lease, why in self.irrevocable.items())

    def force_revoke_lease(self, lease_id: str) -> None:
        self._guard("force_revoke_lease")
        with self._lock:
            self.forced.append(lease_id)
            self.leases.pop(lease_id, None)
            self.irrevocable.pop(lease_id, None)

    def audit_devices(self) -> list[str]:
        return ["file"]

    def audit_hash(self, device: str, value: str) -> str:
        self._guard("audit_hash")
        return "hmac-sha256:" + hashlib.sha256(f"{device}{value}".encode()).hexdigest()

    def read(self, path: str) -> JsonObject | None:
        return None

    def write(self, path: str, data: JsonObject) -> JsonObject | None:
        return None


IAM_ROLE = Role("reader", CredentialType.IAM_USER, policy_document={"Version": "2012-10-17"})
STS_ROLE = Role(
    "reader-sts", CredentialType.FEDERATION_TOKEN, policy_document={"Version": "2012-10-17"}
)


def memory_vault(clock: FixedClock | None = None) -> MemoryVault:
    """A server with an iam_user role "reader" and a federation role "reader-sts"."""
    return MemoryVault(clock or FixedClock(), {IAM_ROLE.name: IAM_ROLE, STS_ROLE.name: STS_ROLE})
