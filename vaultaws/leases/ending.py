"""Ending a lease with whatever the token is allowed.

Vault's `default` policy lets a token look up and renew a lease, but not revoke one. A renewal
by one second ends an IAM user's lease all the same: the server counts the increment from now
(`expiration.go`, CalculateTTL), and revokes the lease when the second is over.
"""

from __future__ import annotations

from typing import Final

from vaultaws.clock import Clock
from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError
from vaultaws.vault.protocol import Vault

DEADLINE_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.25


def end_lease(vault: Vault, clock: Clock, lease_id: str) -> None:
    """Revoke a lease, or where that is not allowed let it run out now; return when it is gone.

    Raises VaultNotFoundError when the server does not know it, VaultDeniedError when neither is
    allowed, VaultError when it is still there after 20 s.
    """
    try:
        vault.revoke_lease(lease_id)
    except VaultDeniedError as denied:
        if not _run_out(vault, lease_id):
            raise denied from None
        _wait_until_gone(vault, clock, lease_id)


def _run_out(vault: Vault, lease_id: str) -> bool:
    """Shorten the lease to a second; False when it cannot be (an STS lease is not renewable)."""
    try:
        vault.renew_lease(lease_id, increment_seconds=1)
    except VaultNotFoundError:
        raise
    except VaultError:
        return False
    return True


def _wait_until_gone(vault: Vault, clock: Clock, lease_id: str) -> None:
    deadline = clock.monotonic() + DEADLINE_SECONDS
    while clock.monotonic() < deadline:
        try:
            vault.lookup_lease(lease_id)
        except VaultNotFoundError:
            return
        clock.sleep(_PAUSE_SECONDS)
    raise VaultError(
        f"the lease {lease_id} has run out but is still there",
        why=f"the server has not revoked it within {DEADLINE_SECONDS:.0f} s",
        do="look again: vaultaws leases list",
    )
