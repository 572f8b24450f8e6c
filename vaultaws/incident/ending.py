"""A lease ended for good, in an incident: with its IAM user gone behind Vault's back, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vaultaws.clock import Clock
from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError
from vaultaws.incident.model import Evidence
from vaultaws.incident.waves import GONE
from vaultaws.leases.ending import end_lease
from vaultaws.leases.revoke_one import failed
from vaultaws.vault.administration import Administration


@dataclass(frozen=True)
class LeaseEnder:
    """Ends leases. `user_exists` asks IAM."""

    vault: Administration
    clock: Clock
    user_exists: Callable[[str], bool]

    def __call__(self, lease_id: str, user: str) -> Evidence:
        """End a lease. Vault is made to forget it only when IAM confirms that its user is gone:
        the engine fails at those for five minutes, and then at irrevocable ones for ever.

        Raises VaultError and AwsError.
        """
        try:
            end_lease(self.vault, self.clock, lease_id)
        except VaultNotFoundError:
            return {"gone": True}
        except (VaultDeniedError, *GONE):
            raise
        except VaultError as fault:
            named = failed(fault).missing_user or user
            if not named or self.user_exists(named):
                raise
            self.vault.force_revoke_lease(lease_id)
            return {"revoked": True, "forced": True, "user": named}
        return {"revoked": True}
