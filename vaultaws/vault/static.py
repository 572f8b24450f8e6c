"""The engine's static roles: an existing IAM user whose key the engine replaces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from vaultaws.errors import VaultNotFoundError
from vaultaws.model import StaticRole
from vaultaws.vault import decode, encode
from vaultaws.vault.base import Server


class StaticCalls(Server):
    """`static-roles/`, `static-creds/`."""

    def list_static_roles(self, mount: str) -> list[str]:
        """The engine of Vault 1.18, which OpenBao runs, cannot list them: it answers 404 or 405
        for an unsupported operation (`abilities.lists_static_roles`)."""
        return sorted(self._keys(f"{mount}/static-roles"))

    def read_static_roles(self, mount: str, names: Sequence[str]) -> tuple[StaticRole, ...]:
        found = self._each(lambda name: self._config(f"{mount}/static-roles/{name}"), names)
        return tuple(
            decode.static_role(name, data)
            for name, data in zip(names, found, strict=True)
            if data is not None
        )

    def write_static_role(self, mount: str, role: StaticRole) -> None:
        path = f"{mount}/static-roles/{role.name}"
        self._request("POST", path, encode.static_role_fields(role))

    def delete_static_role(self, mount: str, name: str) -> None:
        self._request("DELETE", f"{mount}/static-roles/{name}")

    def static_key(self, mount: str, name: str) -> tuple[str, datetime | None]:
        """No path tells the key's id without its secret; the secret is left where it came."""
        data = self._config(f"{mount}/static-creds/{name}")
        if data is None:
            raise VaultNotFoundError(
                f'no static role "{name}" on {mount}/',
                why="the engine keeps no key for it",
                do="vaultaws static list",
            )
        return decode.static_key(data)
