"""People issue, crash at any step, recover and revoke, in any order: the invariants hold.

- a lease that somebody was given is never revoked by a recovery, nor is anybody else's lease;
- a lease that a killed run left is never forgotten: it is gone, or the journal still knows.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.memory_vault import FixedClock, MemoryVault, lost, memory_vault
from vaultaws.errors import VaultError
from vaultaws.leases.inventory import take
from vaultaws.leases.issue import Handed, handing_over, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.keeping import Keeper
from vaultaws.leases.recover import Evidence, recover
from vaultaws.leases.request import IssueRequest
from vaultaws.leases.revoke import revoke
from vaultaws.model import Credentials, Role, TokenInfo


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class DyingVault(MemoryVault):
    """A server whose client is killed at a step: no clean-up of ours reaches it either."""

    dead: ClassVar[bool] = False

    def revoke_lease(self, lease_id: str) -> None:
        if DyingVault.dead:
            raise VaultError("killed", why="killed", do="nothing")
        super().revoke_lease(lease_id)


ADA = TokenInfo("accessor-ada", "userpass-ada", "e1")
BEN = TokenInfo("accessor-ben", "userpass-ben", "e2")


class Life(RuleBasedStateMachine):
    """One server, one laptop with its journal, another laptop without."""

    def __init__(self) -> None:
        super().__init__()
        DyingVault.dead = False
        self.directory = tempfile.TemporaryDirectory()
        self.clock = FixedClock()
        made = memory_vault(self.clock)
        self.vault = DyingVault(self.clock, made.roles, lease_seconds=10_000_000)
        self.held: set[str] = set()
        self.foreign: set[str] = set()
        self.left: set[str] = set()

    def teardown(self) -> None:
        self.directory.cleanup()

    def _journal(self) -> Journal:
        return Journal(Path(self.directory.name) / "journal", self.clock, compact_bytes=2_000)

    @rule(role=st.sampled_from(["reader", "reader-sts"]))
    def hand_over(self, role: str) -> None:
        self.vault.token = ADA
        with self._journal() as journal:
            handed = issue(self.vault, journal, self.clock, IssueRequest("aws", role))
            with handing_over(self.vault, journal, handed):
                self.held.add(handed.issued.lease.id)

    @rule(step=st.sampled_from(["asked", "answered", "waited"]))
    def be_killed(self, step: str) -> None:
        """The journal keeps what it had; the server keeps its lease."""
        self.vault.token = ADA
        before = set(self.vault.leases)

        def die() -> None:
            raise lost()

        def die_waiting(_: Credentials, __: Role | None) -> None:
            DyingVault.dead = True
            raise Killed

        self.vault.after = die if step == "asked" else lambda: None
        with self._journal() as journal:
            if step == "waited":
                with pytest.raises(Killed):
                    issue(
                        self.vault, journal, self.clock, IssueRequest("aws", "reader"), die_waiting
                    )
            elif step == "asked":
                with pytest.raises(VaultError):
                    issue(self.vault, journal, self.clock, IssueRequest("aws", "reader"))
            else:
                issue(self.vault, journal, self.clock, IssueRequest("aws", "reader"))
        DyingVault.dead = False
        self.vault.after = lambda: None
        self.left |= set(self.vault.leases) - before

    @rule(
        role=st.sampled_from(["reader", "reader-sts"]),
        minutes=st.integers(0, 90),
        fetched=st.booleans(),
        killed=st.booleans(),
    )
    def work(self, role: str, minutes: int, fetched: bool, killed: bool) -> None:
        """A program works with credentials that are served, and renewed meanwhile."""
        self.vault.token = ADA
        before = set(self.vault.leases)
        with self._journal() as journal:

            def ask() -> Handed:
                return issue(self.vault, journal, self.clock, IssueRequest("aws", role))

            keeper = Keeper(self.vault, journal, ask(), anew=ask)
            for _ in range(minutes):
                if fetched:
                    keeper.credentials()
                self.clock.moment += timedelta(minutes=1)
                keeper.tend()
            if not killed:
                assert {ended.why for ended in keeper.end()} == {""}
                assert set(self.vault.leases) <= before
        self.left |= set(self.vault.leases) - before

    @rule()
    def another_person_issues(self) -> None:
        self.vault.token = BEN
        self.foreign.add(self.vault.issue("aws", "reader", sts=False).lease.id)

    @rule(minutes=st.integers(1, 10))
    def time_passes(self, minutes: int) -> None:
        self.clock.moment += timedelta(minutes=minutes)

    @rule(with_log=st.booleans())
    def come_back(self, with_log: bool) -> None:
        evidence = Evidence("file", tuple(self.vault.audit)) if with_log else None
        with self._journal() as journal:
            recover(self.vault, journal, self.clock, evidence)

    @rule()
    def revoke_mine(self) -> None:
        with self._journal() as journal:
            found = take(self.vault, "aws", self.clock, ledger=journal.ledger())
            mine = [held for held in found.holdings if held.lease_id in self.held]
            revoke(self.vault, self.clock, mine, journal=journal)
        self.held -= {held.lease_id for held in mine}

    @invariant()
    def nobody_loses_what_they_hold(self) -> None:
        assert self.held | self.foreign <= set(self.vault.leases)

    @invariant()
    def nothing_left_behind_is_forgotten(self) -> None:
        orphans = self.left & set(self.vault.leases)
        with self._journal() as journal:
            open_intents = len(journal.pending())
        assert len(orphans) <= open_intents


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestLife = Life.TestCase
