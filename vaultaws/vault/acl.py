"""ACL policies, and the auth methods by which people come in."""

from __future__ import annotations

from collections.abc import Sequence

from vaultaws.model import AuthMount
from vaultaws.vault import decode, decode_access
from vaultaws.vault.base import Server


class AclCalls(Server):
    """`sys/policies/acl`, `sys/auth`."""

    def list_acl_policies(self) -> list[str]:
        return sorted(self._keys("sys/policies/acl"))

    def read_acl_policies(self, names: Sequence[str]) -> dict[str, str]:
        found = self._each(lambda name: self._config(f"sys/policies/acl/{name}"), names)
        return {
            name: decode.text(data, "policy")
            for name, data in zip(names, found, strict=True)
            if data is not None
        }

    def write_acl_policy(self, name: str, text: str) -> None:
        self._request("PUT", f"sys/policies/acl/{name}", {"policy": text})

    def delete_acl_policy(self, name: str) -> None:
        self._request("DELETE", f"sys/policies/acl/{name}")

    def auth_mounts(self) -> dict[str, AuthMount]:
        return decode_access.auth_mounts(decode.payload(self._request("GET", "sys/auth")))

    def approle_role_id(self, auth_mount: str, role: str) -> str | None:
        data = self._config(f"auth/{auth_mount}/role/{role}/role-id")
        return None if data is None else decode.required_text(data, "role_id")
