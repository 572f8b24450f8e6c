"""`vaultaws leases renew` against real servers: what they cap, what they refuse."""

from __future__ import annotations

from pathlib import Path

from tests.support.engine import a_role
from tests.support.people import operator
from tests.support.wired import Wired
from vaultaws.model import CredentialType

HOSTILE = "aws/creds/reader/\x1b[31mx"


def test_a_lease_is_renewed_up_to_the_longest_life_of_its_mount(
    wired: Wired, tmp_path: Path
) -> None:
    wired.vault.write_role(wired.mount, a_role("reader"))
    wired.vault.write_lease_config(wired.mount, lease_seconds=600, max_seconds=3600)
    lease = wired.vault.issue(wired.mount, "reader", sts=False).lease.id
    shell = operator(wired, tmp_path)
    told = shell.json("leases", "renew", lease, "--increment", "30m")
    assert told["capped"] is None
    assert told["lease_ends_at"] > told["lease_ended_at"]
    capped = shell.run("leases", "renew", lease, "--increment", "5h")
    assert capped.returncode == 0, capped.stderr
    assert "capped: 5 h was asked for; config/lease of" in capped.stdout
    wired.vault.revoke_lease(lease)
    gone = shell.run("leases", "renew", lease)
    assert gone.returncode == 2
    assert "is gone" in gone.stderr


def test_an_sts_token_s_life_is_not_vault_s(wired: Wired, tmp_path: Path) -> None:
    wired.vault.write_role(wired.mount, a_role("tokens", CredentialType.FEDERATION_TOKEN))
    lease = wired.vault.issue(wired.mount, "tokens", sts=True).lease.id
    shell = operator(wired, tmp_path)
    done = shell.run("leases", "renew", lease)
    assert done.returncode == 1
    assert "whose life AWS fixed" in done.stderr
    hostile = shell.run("leases", "renew", HOSTILE)
    assert hostile.returncode == 2
    assert "\x1b" not in hostile.stderr
