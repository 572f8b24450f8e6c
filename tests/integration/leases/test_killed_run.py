"""A process killed between asking and handing over: the next run takes back what it left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.killed_runs import LaterClock, stopped_run
from tests.support.logins import log_in, write_roles
from tests.support.wired import Wired
from vaultaws.clock import SystemClock
from vaultaws.errors import WaitTimeoutError
from vaultaws.leases.inventory import LeaseState, take
from vaultaws.leases.issue import handing_over, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.recover import Evidence, recover
from vaultaws.leases.request import IssueRequest
from vaultaws.leases.revoke import revoke
from vaultaws.model import Credentials, Role
from vaultaws.trail import audit
from vaultaws.vault.gateway import HvacVault


@pytest.fixture
def ada(wired: Wired) -> HvacVault:
    write_roles(wired)
    return log_in(wired, "ada")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(directory: Path) -> Iterator[Journal]:
    with Journal(directory, SystemClock()) as made:
        yield made


def leases(wired: Wired) -> list[str]:
    return wired.vault.list_leases(f"{wired.mount}/creds")


def users(wired: Wired) -> list[str]:
    """IAM users that the engine made at this mount."""
    return wired.user_names("-reader-")


def test_killed_before_handing_over(
    wired: Wired, ada: HvacVault, journal: Journal, directory: Path
) -> None:
    with stopped_run("answered", ada, directory, wired.mount):
        before = users(wired)
        assert journal.pending() == ()
        assert recover(ada, journal, SystemClock()).revoked == ()
    (left,) = journal.pending()
    assert left.issued
    assert leases(wired) == [left.issued.lease_id]
    assert left.intent.display_name == "userpass-ada"

    found = recover(wired.vault, journal, SystemClock())

    assert found.revoked == (left.issued.lease_id,)
    assert leases(wired) == []
    assert len(users(wired)) == len(before) - 1
    assert journal.pending() == ()


def test_killed_before_the_answer(
    wired: Wired, ada: HvacVault, journal: Journal, directory: Path
) -> None:
    with stopped_run("asked", ada, directory, wired.mount):
        pass
    (left,) = journal.pending()
    assert left.issued is None
    (lease,) = leases(wired)
    theirs = log_in(wired, "ben").issue(wired.mount, "reader", sts=False).lease.id

    unsure = recover(wired.vault, journal, LaterClock())
    assert unsure.revoked == ()
    assert lease in unsure.unsure[0]
    assert theirs in unsure.unsure[0]

    log = audit.read([wired.server.audit], (wired.mount,))
    device = wired.vault.audit_devices()[0]
    evidence = Evidence(device, tuple(log.issuances))
    assert recover(wired.vault, journal, LaterClock(), evidence).revoked == (lease,)
    assert leases(wired) == [theirs]


def test_a_wait_that_runs_out_leaves_neither_lease_nor_user(
    wired: Wired, ada: HvacVault, journal: Journal
) -> None:
    before = users(wired)

    def wait(_: Credentials, __: Role | None) -> None:
        raise WaitTimeoutError("not good in time", why="IAM is slow", do="try again")

    with pytest.raises(WaitTimeoutError):
        issue(ada, journal, SystemClock(), IssueRequest(wired.mount, "reader"), wait)
    assert leases(wired) == []
    assert users(wired) == before


def test_listed_and_revoked_with_what_lives_on(
    wired: Wired, ada: HvacVault, journal: Journal
) -> None:
    clock = SystemClock()
    user, handed = (
        issue(ada, journal, clock, IssueRequest(wired.mount, role))
        for role in ("reader", "reader-sts")
    )
    for one in (user, handed):
        with handing_over(ada, journal, one):
            pass
    log = audit.read([wired.server.audit], (wired.mount,))
    found = take(wired.vault, wired.mount, clock, ledger=journal.ledger(), issuances=log.issuances)
    assert [(held.person, held.role, held.is_sts) for held in found.holdings] == [
        ("ada", "reader", False),
        ("ada", "reader-sts", True),
    ]

    done = revoke(wired.vault, clock, found.holdings, journal=journal)

    assert not done.failed
    (alive,) = done.still_alive
    assert alive.holding.role == "reader-sts"
    token = handed.issued.credentials
    assert "federated-user" in wired.client("sts", token).get_caller_identity()["Arn"]
    (held,) = take(wired.vault, wired.mount, clock, ledger=journal.ledger()).holdings
    assert held.state is LeaseState.REVOKED
    assert held.outlives_lease()


def test_a_revoked_user_s_key_is_dead(wired: Wired, ada: HvacVault, journal: Journal) -> None:
    handed = issue(ada, journal, SystemClock(), IssueRequest(wired.mount, "reader"))
    with pytest.raises(BrokenPipeError), handing_over(ada, journal, handed):
        raise BrokenPipeError
    with pytest.raises(ClientError) as dead:
        wired.client("sts", handed.issued.credentials).get_caller_identity()
    assert dead.value.response["Error"]["Code"] == "InvalidClientTokenId"
