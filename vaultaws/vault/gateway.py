"""The one implementation of `administration.Administration`: hvac behind our errors, our values."""

from __future__ import annotations

from vaultaws.errors import VaultNotFoundError
from vaultaws.model import JsonObject, ServerHealth, TokenInfo
from vaultaws.vault import decode
from vaultaws.vault.accessors import AccessorCalls
from vaultaws.vault.acl import AclCalls
from vaultaws.vault.audit import AuditCalls
from vaultaws.vault.endings import EndingCalls
from vaultaws.vault.identity import IdentityCalls
from vaultaws.vault.mount import MountCalls
from vaultaws.vault.static import StaticCalls


class HvacVault(
    MountCalls, EndingCalls, StaticCalls, AuditCalls, AclCalls, IdentityCalls, AccessorCalls
):
    """A server, spoken to with one token in one namespace."""

    def health(self) -> ServerHealth:
        """Ask for 200 in every state, so that a status code can only mean a failure."""
        states = ("standbycode", "sealedcode", "uninitcode", "drsecondarycode")
        params = dict.fromkeys((*states, "performancestandbycode"), "200")
        answer = self._request("GET", "sys/health", params=params, anonymous=True)
        return decode.health(decode.mapping(answer, "health"))

    def whoami(self) -> TokenInfo:
        return decode.token_info(decode.payload(self._request("GET", "auth/token/lookup-self")))

    def capabilities(self, *paths: str) -> dict[str, tuple[str, ...]]:
        if not paths:
            return {}
        granted = decode.payload(self._client.sys.get_capabilities(list(paths)))
        return {path: decode.texts(granted, path) for path in paths}

    def read(self, path: str) -> JsonObject | None:
        try:
            return self._request("GET", path)
        except VaultNotFoundError:
            return None

    def write(self, path: str, data: JsonObject) -> JsonObject | None:
        return self._request("PUT", path, data)
