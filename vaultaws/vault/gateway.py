"""The one implementation of `protocol.Vault`: hvac behind our errors and our values."""

from __future__ import annotations

from vaultaws.errors import VaultNotFoundError
from vaultaws.model import JsonObject, ServerHealth, TokenInfo
from vaultaws.vault import decode
from vaultaws.vault.base import url_path
from vaultaws.vault.leases import LeaseCalls
from vaultaws.vault.mount import MountCalls


class HvacVault(MountCalls, LeaseCalls):
    """A server, spoken to with one token in one namespace."""

    def health(self) -> ServerHealth:
        """Ask for 200 in every state, so that a status code can only mean a failure."""
        states = ("standbycode", "sealedcode", "uninitcode", "drsecondarycode")
        params = dict.fromkeys((*states, "performancestandbycode"), "200")
        answer = self._request("GET", "sys/health", params=params, anonymous=True)
        return decode.health(decode.mapping(answer, "health"))

    def whoami(self) -> TokenInfo:
        return decode.token_info(decode.payload(self._client.auth.token.lookup_self()))

    def capabilities(self, *paths: str) -> dict[str, tuple[str, ...]]:
        if not paths:
            return {}
        granted = decode.payload(self._client.sys.get_capabilities(list(paths)))
        return {path: decode.texts(granted, path) for path in paths}

    def audit_devices(self) -> list[str]:
        answer = decode.mapping(self._client.sys.list_enabled_audit_devices(), "audit devices")
        return sorted(name.strip("/") for name in decode.mapping(answer.get("data"), "devices"))

    def audit_hash(self, device: str, value: str) -> str:
        answer = self._client.sys.calculate_hash(url_path(device), value)
        return decode.required_text(decode.payload(answer), "hash")

    def read(self, path: str) -> JsonObject | None:
        try:
            return self._request("GET", path)
        except VaultNotFoundError:
            return None

    def write(self, path: str, data: JsonObject) -> JsonObject | None:
        return self._request("PUT", path, data)
