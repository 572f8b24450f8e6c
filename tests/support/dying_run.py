"""A process that issues and then waits to be killed: python -m tests.support.dying_run WHERE …

WHERE says how far it comes; it prints one line when it is there:

- intended   the intent is journalled, Vault was not asked
- asked      Vault has answered, and the answer never reaches the process
- answered   it waits for AWS to honour the key
- revoking   the wait ran out, and Vault was not yet asked to revoke
- revoked    Vault has revoked, which is not yet journalled
- handing    what was issued is on its way to the person, which is not yet journalled
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from vaultaws.clock import SystemClock
from vaultaws.errors import WaitTimeoutError
from vaultaws.leases.issue import handing_over, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.request import IssueRequest
from vaultaws.model import Credentials, Issued, Role, Secret
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

LONGEST_SECONDS = 120
PLACES = ("intended", "asked", "answered", "revoking", "revoked", "handing")


def stop_here() -> None:
    """Say so, and wait for the end."""
    print("here", flush=True)
    time.sleep(LONGEST_SECONDS)
    sys.exit(9)


class DyingVault(HvacVault):
    """A server whose client comes no further than `where`."""

    where = ""

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
        self._stop_at("intended")
        issued = super().issue(
            mount,
            role,
            sts=sts,
            ttl_seconds=ttl_seconds,
            role_arn=role_arn,
            session_name=session_name,
            mfa_code=mfa_code,
        )
        self._stop_at("asked")
        return issued

    def revoke_lease(self, lease_id: str) -> None:
        self._stop_at("revoking")
        super().revoke_lease(lease_id)
        self._stop_at("revoked")

    def _stop_at(self, where: str) -> None:
        if where == self.where:
            stop_here()


def main(where: str, address: str, journal: str, mount: str, role: str) -> None:
    settings = ConnectionSettings(address=address, token=Secret(sys.stdin.readline().strip()))
    vault, clock = DyingVault(settings), SystemClock()
    vault.where = where

    def wait(_: Credentials, __: Role | None) -> None:
        if where == "answered":
            stop_here()
        if where in {"revoking", "revoked"}:
            raise WaitTimeoutError("not good in time", why="IAM is slow", do="try again")

    with Journal(Path(journal), clock) as open_journal:
        handed = issue(vault, open_journal, clock, IssueRequest(mount, role), wait)
        with handing_over(vault, open_journal, handed):
            stop_here()


if __name__ == "__main__":
    main(*sys.argv[1:])
