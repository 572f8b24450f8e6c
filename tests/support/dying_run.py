"""A process that issues and then waits to be killed: python -m tests.support.dying_run WHERE …

WHERE is `answered` (killed while it waits for AWS to honour the key) or `asked` (killed before
Vault's answer reached it). It prints one line when it has come so far.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from vaultaws.clock import SystemClock
from vaultaws.leases.issue import issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.request import IssueRequest
from vaultaws.model import Credentials, Issued, Role, Secret
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

LONGEST_SECONDS = 120


def stop_here() -> None:
    """Say so, and wait for the end."""
    print("here", flush=True)
    time.sleep(LONGEST_SECONDS)
    sys.exit(9)


class LateVault(HvacVault):
    """The server's answer is on its way, and never comes."""

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
        issued = super().issue(
            mount,
            role,
            sts=sts,
            ttl_seconds=ttl_seconds,
            role_arn=role_arn,
            session_name=session_name,
            mfa_code=mfa_code,
        )
        stop_here()
        return issued


def main(where: str, address: str, journal: str, mount: str, role: str) -> None:
    settings = ConnectionSettings(address=address, token=Secret(sys.stdin.readline().strip()))
    vault = LateVault(settings) if where == "asked" else HvacVault(settings)
    clock = SystemClock()

    def wait(_: Credentials, __: Role | None) -> None:
        stop_here()

    issue(vault, Journal(Path(journal), clock), clock, IssueRequest(mount, role), wait)


if __name__ == "__main__":
    main(*sys.argv[1:])
