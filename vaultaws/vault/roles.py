"""The engine's roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError
from vaultaws.model import Role
from vaultaws.vault import decode, decode_access, encode
from vaultaws.vault.base import Server
from vaultaws.vault.errors import MountMissingError, role_missing


class RoleCalls(Server):
    """`roles/`."""

    def list_roles(self, mount: str) -> list[str]:
        return sorted(self._keys(f"{mount}/roles"))

    def own_roles(self, mount: str) -> list[str]:
        """By what the policy `default` lets each token read of itself, on Vault and OpenBao. The
        servers promise no form of it: one that is not understood tells nothing."""
        where = "/".join(filter(None, (self.namespace.strip("/"), mount)))
        try:
            answer = self._request("GET", "sys/internal/ui/resultant-acl")
            return decode_access.roles_named(decode.payload(answer), where)
        except VaultError:
            return []

    def read_role(self, mount: str, name: str) -> Role:
        try:
            answer = self._request("GET", f"{mount}/roles/{name}")
        except MountMissingError:
            raise
        except VaultNotFoundError:
            raise self._role_missing(mount, name) from None
        return decode.role(name, decode.payload(answer))

    def read_roles(self, mount: str, names: Sequence[str]) -> tuple[Role, ...]:
        found = self._each(lambda name: self._config(f"{mount}/roles/{name}"), names)
        return tuple(
            decode.role(name, data)
            for name, data in zip(names, found, strict=True)
            if data is not None
        )

    def count_leases(self, mount: str, roles: Sequence[str]) -> Mapping[str, int | None]:
        counts = [self._count_below(mount, endpoint, roles) for endpoint in ("creds", "sts")]
        return {
            role: None if creds is None or sts is None else creds + sts
            for role, creds, sts in zip(roles, *counts, strict=True)
        }

    def _count_below(self, mount: str, endpoint: str, roles: Sequence[str]) -> list[int | None]:
        """Count one endpoint's leases. Where the token may list the endpoint itself, only roles
        that have leases there are asked for."""
        folder = f"sys/leases/lookup/{mount}/{endpoint}"
        try:
            holding: set[str] | None = {name.rstrip("/") for name in self._keys(folder)}
        except VaultDeniedError:
            holding = None

        def count(role: str) -> int | None:
            if holding is not None and role not in holding:
                return 0
            try:
                return len(self._keys(f"{folder}/{role}"))
            except VaultDeniedError:
                return None

        return self._each(count, roles)

    def write_role(self, mount: str, role: Role) -> None:
        self._request("POST", f"{mount}/roles/{role.name}", encode.role_fields(role))

    def delete_role(self, mount: str, name: str) -> None:
        self._request("DELETE", f"{mount}/roles/{name}")

    def _role_missing(self, mount: str, name: str) -> VaultNotFoundError:
        try:
            known = self.list_roles(mount)
        except VaultDeniedError:
            return role_missing(mount, name, None)
        return role_missing(mount, name, known)
