"""Issuance, and the leases that come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from vaultaws.errors import UsageError, VaultDeniedError, VaultNotFoundError
from vaultaws.model import Issued, Lease, Secret
from vaultaws.vault import decode
from vaultaws.vault.errors import MountMissingError, not_granted
from vaultaws.vault.lookups import look_up_all
from vaultaws.vault.roles import RoleCalls

_DEEPEST: Final = 32


class LeaseCalls(RoleCalls):
    """`creds/`, `sts/`, `sys/leases/`."""

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
        """Ask once and never again: a second try could mint a second credential.

        hvac sends `ttl` as a string, knows no `mfa_code` and refuses roles of type session_token,
        so this goes raw. A code goes in a body: proxies write URLs into their logs.
        """
        if ttl_seconds is not None and ttl_seconds <= 0:
            raise UsageError(
                "the time to live must be longer than nothing",
                why=f"it is {ttl_seconds} s",
                do="ask for something like 15m",
            )
        said = {
            "ttl": f"{ttl_seconds}s" if ttl_seconds is not None else "",
            "role_arn": role_arn,
            "role_session_name": session_name,
            "mfa_code": mfa_code.reveal() if mfa_code is not None else "",
        }
        asked = {name: value for name, value in said.items() if value}
        asked_at = self._clock.now()
        path = f"{mount}/{'sts' if sts else 'creds'}/{role}"
        try:
            if mfa_code is None:
                answer = self._request("GET", path, params=asked or None)
            else:
                answer = self._request("PUT", path, asked)
        except MountMissingError:
            raise
        except VaultNotFoundError:
            raise self._role_missing(mount, role) from None
        except VaultDeniedError as refusal:
            own = self.own_roles(mount)
            if not own or role in own:
                raise
            raise not_granted(refusal, own) from None
        return decode.issued(answer, role_name=role, asked_at=asked_at)

    def list_leases(self, prefix: str) -> list[str]:
        """Walk the tree below `prefix`; one LIST a folder, since the server answers unpaged."""
        root = prefix.strip("/")
        found: list[str] = []
        waiting = [root]
        while waiting:
            folder = waiting.pop()
            names = self._lease_folder(folder)
            found += [f"{folder}/{name}" for name in names if not name.endswith("/")]
            below = [f"{folder}/{name.rstrip('/')}" for name in names if name.endswith("/")]
            waiting += [path for path in reversed(below) if path.count("/") < _DEEPEST]
        return found

    def _lease_folder(self, folder: str) -> list[str]:
        try:
            return sorted(decode.keys(self._request("LIST", f"sys/leases/lookup/{folder}")))
        except VaultNotFoundError:
            return []

    def lookup_lease(self, lease_id: str) -> Lease:
        answer = self._request("PUT", "sys/leases/lookup", {"lease_id": lease_id})
        return decode.lease(decode.payload(answer))

    def lookup_leases(
        self, lease_ids: Sequence[str], watch: Callable[[int], None] | None = None
    ) -> list[Lease]:
        return look_up_all(self.lookup_lease, lease_ids, watch)

    def renew_lease(self, lease_id: str, *, increment_seconds: int) -> Lease:
        asked_at = self._clock.now()
        body = {"lease_id": lease_id, "increment": increment_seconds}
        answer = self._request("PUT", "sys/leases/renew", body)
        renewed = decode.lease_of_answer(decode.mapping(answer, "lease"), asked_at)
        return replace(renewed, issued_at=None)

    def revoke_lease(self, lease_id: str) -> None:
        """hvac's method cannot say `sync`, without which the answer comes before the deed."""
        self._request("PUT", "sys/leases/revoke", {"lease_id": lease_id, "sync": True})
