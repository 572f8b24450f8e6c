"""After a kill: what is surely ours is revoked, what may be another's is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.memory_vault import MemoryVault, memory_vault
from vaultaws.errors import VaultError
from vaultaws.leases.entries import Intent, Step
from vaultaws.leases.journal import Journal
from vaultaws.leases.recover import Evidence, Recovered, recover
from vaultaws.model import TokenInfo


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(directory: Path, vault: MemoryVault) -> Iterator[Journal]:
    with Journal(directory, vault.clock) as made:
        yield made


def intend(journal: Journal, vault: MemoryVault, token: TokenInfo | None = None) -> Intent:
    return journal.intend(
        server=vault.address,
        namespace=vault.namespace,
        mount="aws",
        role="reader",
        endpoint="creds",
        ttl_seconds=None,
        token=token or vault.token,
    )


def killed_run(
    directory: Path, vault: MemoryVault, *, asked: bool = True, answered: bool = False
) -> str:
    """Leave what a run leaves that is killed at some step; return the lease's id, if any."""
    with Journal(directory, vault.clock) as dying:
        intent = intend(dying, vault)
        if not asked:
            return ""
        issued = vault.issue("aws", "reader", sts=False)
        if answered:
            dying.issued(intent, issued)
    return issued.lease.id


def evidence(vault: MemoryVault) -> Evidence:
    return Evidence("file", tuple(vault.audit))


def later(vault: MemoryVault) -> None:
    vault.clock.moment += timedelta(minutes=5)


def test_an_answered_lease_is_revoked_at_once(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    lease_id = killed_run(directory, vault, answered=True)
    assert recover(vault, journal, vault.clock) == Recovered(revoked=(lease_id,))
    assert vault.leases == {}
    assert journal.pending() == ()


def test_an_unanswered_intent_is_found_by_the_audit_log(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    lease_id = killed_run(directory, vault)
    later(vault)
    assert recover(vault, journal, vault.clock, evidence(vault)) == Recovered(revoked=(lease_id,))
    assert vault.leases == {}


def test_an_answer_still_on_its_way_is_waited_for(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    lease_id = killed_run(directory, vault)
    found = recover(vault, journal, vault.clock, evidence(vault))
    assert (found.revoked, len(found.unsure)) == ((), 1)
    assert lease_id in vault.leases


def test_nothing_there_settles_the_intent(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    killed_run(directory, vault, asked=False)
    later(vault)
    assert recover(vault, journal, vault.clock) == Recovered(nothing_there=1)
    assert journal.pending() == ()


def test_without_the_audit_log_a_lease_is_named_and_left(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    lease_id = killed_run(directory, vault)
    later(vault)
    found = recover(vault, journal, vault.clock)
    assert found.revoked == ()
    assert lease_id in found.unsure[0]
    assert lease_id in vault.leases
    assert len(journal.pending()) == 1


def test_another_person_s_lease_is_never_touched(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    killed_run(directory, vault, asked=False)
    vault.token = TokenInfo("accessor-2", "userpass-ben", "e2")
    theirs = vault.issue("aws", "reader", sts=False).lease.id
    later(vault)
    found = recover(vault, journal, vault.clock, evidence(vault))
    assert found.revoked == ()
    assert theirs in vault.leases


def test_two_that_fit_are_named_and_left(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    killed_run(directory, vault)
    vault.issue("aws", "reader", sts=False)  # by hand, with the same token
    later(vault)
    found = recover(vault, journal, vault.clock, evidence(vault))
    assert found.revoked == ()
    assert len(vault.leases) == 2


def test_two_killed_runs_of_one_token_have_their_two_leases_revoked(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    leases = {killed_run(directory, vault), killed_run(directory, vault)}
    killed_run(directory, vault, asked=False)
    later(vault)
    found = recover(vault, journal, vault.clock, evidence(vault))
    assert set(found.revoked) == leases
    assert (found.nothing_there, found.unsure, vault.leases) == (1, (), {})


def test_one_lease_too_many_is_nobody_s_for_certain(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    killed_run(directory, vault)
    killed_run(directory, vault)
    vault.issue("aws", "reader", sts=False)
    later(vault)
    found = recover(vault, journal, vault.clock, evidence(vault))
    assert (found.revoked, len(found.unsure)) == ((), 2)


def test_a_killed_run_beside_a_live_one_is_left(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    killed_run(directory, vault)
    with Journal(directory, vault.clock) as live:
        intend(live, vault)
        later(vault)
        assert recover(vault, journal, vault.clock, evidence(vault)).revoked == ()


def test_a_live_run_s_unwritten_answer_is_not_taken(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    killed_run(directory, vault, asked=False)
    with Journal(directory, vault.clock) as living:
        intend(living, vault)
        theirs = vault.issue("aws", "reader", sts=False).lease.id
        later(vault)
        assert recover(vault, journal, vault.clock, evidence(vault)).revoked == ()
    assert theirs in vault.leases


def test_leases_known_to_the_journal_are_not_candidates(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    killed_run(directory, vault, asked=False)
    intent = intend(journal, vault)
    journal.issued(intent, vault.issue("aws", "reader", sts=False))
    journal.mark(intent.id, Step.HANDED_OVER)
    later(vault)
    found = recover(vault, journal, vault.clock, evidence(vault))
    assert found == Recovered(nothing_there=1)
    assert len(vault.leases) == 1


@pytest.mark.parametrize("what", ["list_leases", "audit_hash"])
def test_a_token_that_may_not_look_leaves_the_intent_open(
    vault: MemoryVault, directory: Path, journal: Journal, what: str
) -> None:
    killed_run(directory, vault)
    vault.forbidden = {what}
    later(vault)
    found = recover(vault, journal, vault.clock, evidence(vault))
    assert (found.revoked, len(found.unsure)) == ((), 1)
    assert len(journal.pending()) == 1


def test_one_failure_does_not_stop_the_rest(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    stuck = killed_run(directory, vault, answered=True)
    good = killed_run(directory, vault, answered=True)
    vault.unrevocable[stuck] = VaultError("no", why="AWS is down", do="again")
    found = recover(vault, journal, vault.clock)
    assert found.revoked == (good,)
    assert "AWS is down" in found.unsure[0]
    vault.unrevocable.clear()
    assert recover(vault, journal, vault.clock).revoked == (stuck,)


def test_another_server_s_intents_wait_for_that_server(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    with Journal(directory, vault.clock) as dying:
        dying.intend(
            server="https://elsewhere:8200",
            mount="aws",
            role="reader",
            endpoint="creds",
            ttl_seconds=None,
            token=vault.token,
        )
    later(vault)
    assert recover(vault, journal, vault.clock) == Recovered()
    assert len(journal.pending()) == 1


def test_another_namespace_s_intents_wait_for_that_namespace(
    vault: MemoryVault, directory: Path, journal: Journal
) -> None:
    """Its leases are not listed in this one: here nothing would be found, and it be forgotten."""
    vault.namespace = "one"
    lease_id = killed_run(directory, vault)
    later(vault)
    two = replace(memory_vault(vault.clock), namespace="two")
    assert recover(two, journal, vault.clock, evidence(vault)) == Recovered()
    assert recover(vault, journal, vault.clock, evidence(vault)) == Recovered(revoked=(lease_id,))


def test_a_refusal_to_revoke_is_told(vault: MemoryVault, directory: Path, journal: Journal) -> None:
    lease_id = killed_run(directory, vault, answered=True)
    vault.forbidden = {"revoke_lease", "renew_lease"}
    assert lease_id in vault.leases
    assert "permission denied" in recover(vault, journal, vault.clock).unsure[0]
