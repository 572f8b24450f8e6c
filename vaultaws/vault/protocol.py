"""What the rest of the house may ask of a Vault or OpenBao server.

`gateway.HvacVault` is the one implementation; tests run against real servers, so there is no
second one. Every method raises from `vaultaws.errors`' Vault branch and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from vaultaws.model import (
    Irrevocable,
    Issued,
    JsonObject,
    Lease,
    MountInfo,
    Role,
    RootConfig,
    Secret,
    ServerHealth,
    TokenInfo,
)


class Vault(Protocol):
    """A server, spoken to with one token in one namespace."""

    @property
    def address(self) -> str:
        """The server's address, as people type it."""
        ...

    @property
    def namespace(self) -> str:
        """The namespace in which it is asked; empty for the root."""
        ...

    def health(self) -> ServerHealth:
        """Read `sys/health` without a token; a sealed or standby server answers too."""
        ...

    def whoami(self) -> TokenInfo:
        """Look up the token itself."""
        ...

    def capabilities(self, *paths: str) -> dict[str, tuple[str, ...]]:
        """What the token may do on each path (`sys/capabilities-self`)."""
        ...

    # the mount
    def mounts(self) -> dict[str, MountInfo]:
        """Secrets engines by path, without the trailing slash."""
        ...

    def enable_aws(self, mount: str) -> None:
        """Enable the AWS engine at `mount`."""
        ...

    def read_root(self, mount: str) -> RootConfig | None:
        """Read `config/root`, or None when it was never written."""
        ...

    def write_root(self, mount: str, root: RootConfig, secret_access_key: Secret | None) -> None:
        """Write `config/root` whole: afterwards it holds `root`, and what it held besides in
        fields that `RootConfig` has no name for.

        `secret_access_key` None leaves the server's own key pair in place; raises UsageError
        where the engine would erase it instead (before Vault 1.19, and on OpenBao). An empty
        secret with an empty key id clears the pair.
        """
        ...

    def read_lease_config(self, mount: str) -> tuple[int, int] | None:
        """`config/lease` as (lease, lease_max) in seconds, or None."""
        ...

    def write_lease_config(self, mount: str, *, lease_seconds: int, max_seconds: int) -> None:
        """Write `config/lease`; it bounds iam_user leases only."""
        ...

    # roles
    def list_roles(self, mount: str) -> list[str]:
        """Role names, sorted; empty when there is none."""
        ...

    def own_roles(self, mount: str) -> list[str]:
        """Names of the roles that the token's policies let it issue path by path, sorted; roles
        that only a pattern reaches are not among them. Empty where the token may not ask.
        """
        ...

    def read_role(self, mount: str, name: str) -> Role:
        """Read one role. Raises VaultNotFoundError, naming the nearest roles when it may list."""
        ...

    def write_role(self, mount: str, role: Role) -> None:
        """Write one role whole."""
        ...

    def delete_role(self, mount: str, name: str) -> None:
        """Delete a role. Its leases stay (hashicorp/vault#1243)."""
        ...

    # issue and after
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
        """Ask for credentials at `creds/` or `sts/`; what is empty or None is not said.

        The credentials' end is counted from before the request went out, so it is never late.
        With an MFA code the token needs the capability update instead of read.
        """
        ...

    def list_leases(self, prefix: str) -> list[str]:
        """Lease ids below `prefix`, whole, depth first. Needs sudo on sys/leases/lookup."""
        ...

    def lookup_lease(self, lease_id: str) -> Lease:
        """Look one lease up. Raises VaultNotFoundError when it is gone."""
        ...

    def lookup_leases(
        self, lease_ids: Sequence[str], watch: Callable[[int], None] | None = None
    ) -> list[Lease]:
        """Look very many up, side by side, in their order; what is gone is left out. `watch`
        hears how many more are done."""
        ...

    def renew_lease(self, lease_id: str, *, increment_seconds: int) -> Lease:
        """Renew by an increment in seconds."""
        ...

    def revoke_lease(self, lease_id: str) -> None:
        """Revoke and wait until the engine has answered (`sync=true`)."""
        ...

    def irrevocable_leases(self) -> tuple[Irrevocable, ...] | None:
        """Leases of this namespace that the server has given up revoking, those that ended first
        first; None where the server has no such listing. Needs sudo on sys/leases."""
        ...

    def force_revoke_lease(self, lease_id: str) -> None:
        """Forget exactly one lease, whatever the engine says of it. Needs sudo.

        The engine is asked once more; where it fails, what it made stays in AWS. A lease that is
        gone is done.
        """
        ...

    # who asked
    def audit_devices(self) -> list[str]:
        """Paths of the audit devices, without the trailing slash."""
        ...

    def audit_hash(self, device: str, value: str) -> str:
        """The HMAC under which `device` writes `value` (`sys/audit-hash`)."""
        ...

    # raw, for what later stations need before it has a name here
    def read(self, path: str) -> JsonObject | None:
        """GET a path and return the whole answer (`data` inside); None when there is nothing."""
        ...

    def write(self, path: str, data: JsonObject) -> JsonObject | None:
        """PUT a path; None when the answer has no body."""
        ...
