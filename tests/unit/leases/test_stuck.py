"""Irrevocable leases in the inventory, and the inventory that asks for no lease."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.memory_vault import MemoryVault, memory_vault
from vaultaws.leases import listing
from vaultaws.leases.inventory import LeaseState, take
from vaultaws.leases.issue import issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.request import IssueRequest

UNSEEN = "this token may not see which leases are irrevocable (it takes sudo on sys/leases)"


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


class TestStuck:
    def test_the_reason_stands_at_its_lease_alone(self, vault: MemoryVault) -> None:
        stuck = vault.issue("aws", "reader", sts=False).lease.id
        vault.issue("aws", "reader", sts=False)
        vault.irrevocable = {stuck: "out\x1b[2J of retries", "aws/creds/gone/1": "no"}
        found = take(vault, "aws", vault.clock)
        assert {held.lease_id for held in found.holdings if held.stuck} == {stuck}
        assert found.notes == ()
        text = listing.render_table(found)
        assert "irrevocable !" in text
        assert f"1 is irrevocable (vaultaws leases revoke {stuck})" in text
        for told in (text, str(listing.as_json(found)), listing.as_csv(found)):
            assert "\x1b" not in told
        assert "of retries" in listing.as_csv(found)

    def test_an_ended_lease_is_not_stuck(self, vault: MemoryVault) -> None:
        ended = vault.issue("aws", "reader-sts", sts=True, ttl_seconds=3600).lease.id
        vault.leases.pop(ended)
        vault.irrevocable = {ended: "out of retries"}
        (held,) = take(vault, "aws", vault.clock, issuances=vault.audit).holdings
        assert (held.state, held.stuck) == (LeaseState.ENDED, "")

    def test_a_token_that_may_not_see_them_is_told_so(self, vault: MemoryVault) -> None:
        vault.issue("aws", "reader", sts=False)
        vault.forbidden = {"irrevocable_leases"}
        found = take(vault, "aws", vault.clock)
        assert len(found.holdings) == 1
        assert found.notes == (UNSEEN,)

    def test_where_no_lease_is_out_nothing_is_unseen(self, vault: MemoryVault) -> None:
        vault.forbidden = {"irrevocable_leases"}
        assert take(vault, "aws", vault.clock).notes == ()

    def test_known_leases_of_a_token_that_may_not_list_have_their_reason(
        self, vault: MemoryVault
    ) -> None:
        stuck = vault.issue("aws", "reader", sts=False).lease.id
        vault.irrevocable = {stuck: "out of retries"}
        vault.forbidden = {"list_leases"}
        (held,) = take(vault, "aws", vault.clock, issuances=vault.audit).holdings
        assert held.stuck == "out of retries"


class TestWithoutLookingUp:
    def test_no_lease_is_asked_for(self, vault: MemoryVault) -> None:
        ids = {vault.issue("aws", "reader", sts=False).lease.id for _ in range(3)}
        vault.forbidden = {"lookup_lease", "irrevocable_leases"}
        heard: list[tuple[int, int]] = []
        found = take(
            vault, "aws", vault.clock, look_up=False, watch=lambda *seen: heard.append(seen)
        )
        assert {held.lease_id for held in found.holdings} == ids
        assert {held.state for held in found.holdings} == {LeaseState.LIVE}
        assert {held.lease_ends for held in found.holdings} == {None}
        assert (heard, found.notes) == ([], ())

    def test_journal_and_audit_log_tell_the_times(self, vault: MemoryVault, tmp_path: Path) -> None:
        with Journal(tmp_path / "journal", vault.clock) as journal:
            handed = issue(vault, journal, vault.clock, IssueRequest("aws", "reader-sts", 3600))
            (known,) = take(
                vault, "aws", vault.clock, ledger=journal.ledger(), look_up=False
            ).holdings
        (logged,) = take(vault, "aws", vault.clock, issuances=vault.audit, look_up=False).holdings
        ends = handed.issued.credentials.expires_at
        assert known.token_ends == logged.token_ends == ends
        assert known.issued_at is not None
        assert logged.issued_at is not None


def test_how_far_the_look_ups_have_come_is_heard(vault: MemoryVault) -> None:
    for _ in range(3):
        vault.issue("aws", "reader", sts=False)
    heard: list[tuple[int, int]] = []
    take(vault, "aws", vault.clock, watch=lambda *seen: heard.append(seen))
    assert heard == [(1, 3), (2, 3), (3, 3)]
