"""Whatever people do and wherever a run is killed, the next one leaves nothing that nobody holds.

Real processes, killed with -9, against a real server and the IAM users of the local AWS.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.support.dying_run import PLACES
from tests.support.killed_runs import LaterClock, stopped_run
from tests.support.logins import log_in, write_roles
from tests.support.wired import Wired
from vaultaws.clock import SystemClock
from vaultaws.leases.issue import Handed, give_back, handing_over, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.recover import Evidence, recover
from vaultaws.leases.request import IssueRequest
from vaultaws.trail import audit
from vaultaws.vault.gateway import HvacVault

ROLES = st.sampled_from(["reader", "reader-sts"])
CLOCK = SystemClock()


class Life(RuleBasedStateMachine):
    """One person's journal, her token, and what she holds."""

    def __init__(self, wired: Wired, ada: HvacVault, others: frozenset[str]) -> None:
        super().__init__()
        self.wired, self.ada, self.others = wired, ada, others
        self.directory = TemporaryDirectory()
        self.held: dict[str, Handed] = {}

    def _journal(self) -> Journal:
        return Journal(Path(self.directory.name) / "journal", CLOCK)

    @rule(role=ROLES)
    def be_given(self, role: str) -> None:
        with self._journal() as journal:
            handed = issue(self.ada, journal, CLOCK, IssueRequest(self.wired.mount, role))
            with handing_over(self.ada, journal, handed):
                self.held[handed.issued.lease.id] = handed

    @rule(where=st.sampled_from(PLACES))
    def be_killed(self, where: str) -> None:
        directory = Path(self.directory.name) / "journal"
        with stopped_run(where, self.wired.vault, directory, self.wired.mount):
            pass

    @precondition(lambda self: self.users_held())
    @rule()
    def renew(self) -> None:
        for lease_id in self.users_held():
            self.ada.renew_lease(lease_id, increment_seconds=900)

    @precondition(lambda self: self.held)
    @rule()
    def give_one_back(self) -> None:
        _, handed = self.held.popitem()
        with self._journal() as journal:
            give_back(self.wired.vault, journal, handed)

    @rule()
    def come_back(self) -> None:
        """The next run, with Vault's audit log, once no answer can be on its way any more."""
        log = audit.read([self.wired.server.audit], (self.wired.mount,))
        device = self.wired.vault.audit_devices()[0]
        with self._journal() as journal:
            found = recover(
                self.wired.vault, journal, LaterClock(), Evidence(device, tuple(log.issuances))
            )
            assert found.unsure == ()
            assert journal.pending() == ()
        assert self.leases() == set(self.held)
        assert len(self.users()) == len(self.users_held())

    def teardown(self) -> None:
        try:
            self.come_back()
            with self._journal() as journal:
                for handed in self.held.values():
                    give_back(self.wired.vault, journal, handed)
            assert self.leases() == set()
            assert self.users() == set()
        finally:
            self.directory.cleanup()

    def users_held(self) -> list[str]:
        return [lease_id for lease_id in self.held if "/creds/" in lease_id]

    def leases(self) -> set[str]:
        prefixes = (f"{self.wired.mount}/{path}" for path in ("creds", "sts"))
        return {lease for prefix in prefixes for lease in self.wired.vault.list_leases(prefix)}

    def users(self) -> set[str]:
        return set(self.wired.user_names("-reader-")) - self.others


@pytest.mark.timeout(240)
def test_nothing_that_nobody_holds_remains(wired: Wired) -> None:
    write_roles(wired)
    ada = log_in(wired, "ada")
    others = frozenset(wired.user_names("-reader-"))

    class LifeHere(Life):
        def __init__(self) -> None:
            super().__init__(wired, ada, others)

    run_state_machine_as_test(
        LifeHere,
        settings=settings(
            max_examples=6,
            stateful_step_count=7,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("where", PLACES)
def test_each_place_by_itself(wired: Wired, where: str) -> None:
    write_roles(wired)
    life = Life(wired, log_in(wired, "ada"), frozenset(wired.user_names("-reader-")))
    life.be_killed(where)
    life.teardown()
