"""The tokens that there are, by their accessors."""

from __future__ import annotations

from vaultaws.vault.base import Server


class AccessorCalls(Server):
    """`auth/token/accessors`."""

    def token_accessors(self) -> list[str]:
        return self._keys("auth/token/accessors")
