"""The engine's roles."""

from __future__ import annotations

from vaultaws.errors import VaultDeniedError, VaultNotFoundError
from vaultaws.model import Role
from vaultaws.vault import decode, encode
from vaultaws.vault.base import Server
from vaultaws.vault.errors import MountMissingError, role_missing


class RoleCalls(Server):
    """`roles/`."""

    def list_roles(self, mount: str) -> list[str]:
        try:
            return sorted(decode.keys(self._request("LIST", f"{mount}/roles")))
        except MountMissingError:
            raise
        except VaultNotFoundError:
            return []

    def read_role(self, mount: str, name: str) -> Role:
        try:
            answer = self._request("GET", f"{mount}/roles/{name}")
        except MountMissingError:
            raise
        except VaultNotFoundError:
            raise self._role_missing(mount, name) from None
        return decode.role(name, decode.payload(answer))

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
