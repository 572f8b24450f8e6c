"""What a responder ends: leases that the server has given up on, and tokens by their accessor."""

from __future__ import annotations

from vaultaws.errors import VaultDeniedError, VaultNotFoundError, VaultRefusedError
from vaultaws.model import Irrevocable, TokenInfo
from vaultaws.vault import decode, decode_access
from vaultaws.vault.leases import LeaseCalls


class EndingCalls(LeaseCalls):
    """`sys/leases`, `sys/leases/revoke-force/`, `auth/token/*-accessor`."""

    def irrevocable_leases(self) -> tuple[Irrevocable, ...] | None:
        """The listing came with Vault 1.8 and is in every OpenBao."""
        params = {"type": "irrevocable", "limit": "none"}
        try:
            answer = self._request("GET", "sys/leases", params=params)
        except VaultNotFoundError:
            return None
        return () if answer is None else decode_access.irrevocable(decode.payload(answer))

    def force_revoke_lease(self, lease_id: str) -> None:
        """The path takes a prefix: what is no lease would be all the leases below it. So the
        lease is looked up first; between the two it can only go (ids are never given again)."""
        try:
            known = self.lookup_lease(lease_id)
        except VaultNotFoundError:
            return
        self._request("PUT", f"sys/leases/revoke-force/{known.id}")

    def revoke_accessor(self, accessor: str) -> None:
        if self.token_of_accessor(accessor) is not None:
            self._request("POST", "auth/token/revoke-accessor", {"accessor": accessor})

    def token_of_accessor(self, accessor: str) -> TokenInfo | None:
        """Servers say "invalid accessor" of one that is gone, some with 403, some with 400."""
        try:
            answer = self._request("POST", "auth/token/lookup-accessor", {"accessor": accessor})
        except (VaultDeniedError, VaultNotFoundError, VaultRefusedError) as error:
            if "invalid accessor" in error.why:
                return None
            raise
        return decode.token_info(decode.payload(answer))
