"""Credentials kept good while a program works, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.disk import full_disk
from tests.support.memory_vault import FixedClock, MemoryVault, memory_vault
from tests.support.waiting import until
from vaultaws.errors import VaultawsError, VaultError, VaultRefusedError, VaultUnreachableError
from vaultaws.leases.entries import Step
from vaultaws.leases.issue import Handed, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.keeping import Keeper
from vaultaws.leases.recover import recover
from vaultaws.leases.request import IssueRequest
from vaultaws.model import Issued, Lease, Secret
from vaultaws.vault.errors import LostAnswerError

MINUTE = timedelta(minutes=1)


def down() -> VaultUnreachableError:
    return VaultUnreachableError("no server answers", why="connection refused", do="start it")


@dataclass
class SetClock(FixedClock):
    """A clock that somebody sets while the program runs; what it counts goes on."""

    off: timedelta = timedelta()

    def now(self) -> datetime:
        return super().now() + self.off


@dataclass
class CappedVault(MemoryVault):
    """Renews no lease beyond a maximal life, as a mount does; may be down."""

    max_seconds: int = 3600
    is_down: bool = False
    renewals: int = 0

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
        if self.is_down:
            raise down()
        return super().issue(mount, role, sts=sts, ttl_seconds=ttl_seconds)

    def renew_lease(self, lease_id: str, *, increment_seconds: int) -> Lease:
        if self.is_down:
            raise down()
        self.renewals += 1
        born = self._known(lease_id).issued_at or self.clock.now()
        most = int((born + timedelta(seconds=self.max_seconds) - self.clock.now()).total_seconds())
        return super().renew_lease(lease_id, increment_seconds=min(increment_seconds, most))

    def revoke_lease(self, lease_id: str) -> None:
        if self.is_down:
            raise down()
        super().revoke_lease(lease_id)


@dataclass
class Run:
    """One run of `exec`, and what it says."""

    vault: CappedVault
    journal: Journal
    said: list[str] = field(default_factory=list)
    ends: list[datetime | None] = field(default_factory=list)

    def ask(self, role: str) -> Handed:
        life = 900 if role == "reader-sts" else None
        request = IssueRequest("aws", role, ttl_seconds=life)
        return issue(self.vault, self.journal, self.vault.clock, request)

    def keeper(self, role: str, *, anew: bool = False, warns: bool = True) -> Keeper:
        return Keeper(
            self.vault,
            self.journal,
            self.ask(role),
            anew=(lambda: self.ask(role)) if anew else None,
            say=self.said.append,
            moved=self.ends.append,
            warns=warns,
        )

    def pass_minutes(self, keeper: Keeper, minutes: float) -> None:
        """Let time pass as the keeper's thread sees it."""
        end = self.vault.clock.now() + minutes * MINUTE
        while (left := (end - self.vault.clock.now()).total_seconds()) > 0:
            self.vault.clock.sleep(min(keeper.tend(), left))
        keeper.tend()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def run(directory: Path) -> Iterator[Run]:
    with run_by(FixedClock(), directory) as made:
        yield made


@contextmanager
def run_by(clock: FixedClock, directory: Path) -> Iterator[Run]:
    vault = CappedVault(clock, memory_vault(clock).roles)
    with Journal(directory, clock) as journal:
        yield Run(vault, journal)


@pytest.mark.parametrize(("role", "most"), [("reader", 5), ("reader-sts", 20)])
def test_three_hours_on_fifteen_minutes_never_see_an_expired_set(
    run: Run, role: str, most: int
) -> None:
    keeper = run.keeper(role, anew=True)
    for _ in range(180):
        now = run.vault.clock.now()
        given = keeper.credentials()
        assert given.expires_at is not None
        assert given.expires_at - now > 4 * MINUTE  # who fetched it has time to work with it
        run.pass_minutes(keeper, 1)
    assert run.vault.issued <= most
    assert run.said == []

    ended = keeper.end()

    assert [one.why for one in ended] == [""] * len(ended)
    assert run.vault.leases == {}
    assert all(record.closed for record in run.journal.ledger().records)


@pytest.mark.parametrize("role", ["reader", "reader-sts"])
def test_a_clock_that_is_set_back_puts_no_renewal_off(directory: Path, role: str) -> None:
    clock = SetClock()
    with run_by(clock, directory) as run:
        keeper = run.keeper(role, anew=True)
        run.pass_minutes(keeper, 3)
        clock.off = -10 * MINUTE
        run.pass_minutes(keeper, 8)
        assert run.vault.renewals + run.vault.issued == 2


def test_nor_the_next_try_after_a_failure(directory: Path) -> None:
    clock = SetClock()
    with run_by(clock, directory) as run:
        keeper = run.keeper("reader-sts", anew=True)
        run.vault.is_down = True
        run.pass_minutes(keeper, 11)
        run.vault.is_down = False
        clock.off = -10 * MINUTE
        run.pass_minutes(keeper, 1)
        assert run.vault.issued == 2


def test_a_set_that_was_given_lives_to_its_end_and_one_that_was_not_goes_at_once(run: Run) -> None:
    keeper = run.keeper("reader-sts", anew=True)
    keeper.credentials()
    (first,) = run.vault.leases
    run.pass_minutes(keeper, 12)
    assert first in run.vault.leases
    assert len(run.vault.leases) == 2
    run.pass_minutes(keeper, 30)
    assert first not in run.vault.leases
    assert len(run.vault.leases) == 1


def test_a_lease_is_renewed_to_its_most_and_then_the_end_is_said(run: Run) -> None:
    keeper = run.keeper("reader")
    run.pass_minutes(keeper, 50)
    assert (run.vault.issued, run.said) == (1, [])
    run.pass_minutes(keeper, 9)
    (warning,) = run.said
    assert "the credentials of reader end in" in warning
    assert "cannot be renewed" in warning
    assert "--serve" in warning
    run.pass_minutes(keeper, 3)
    assert run.said[1:] == ["the credentials of reader have ended"]
    assert run.ends[0] != run.ends[-1]
    assert [one.why for one in keeper.end()] == [""]


def test_a_token_s_end_is_said_once_in_good_time(run: Run) -> None:
    keeper = run.keeper("reader-sts")
    run.pass_minutes(keeper, 9)
    assert run.said == []
    run.pass_minutes(keeper, 2)
    assert len(run.said) == 1
    (ended,) = keeper.end()
    assert ended.token_ends is not None  # it lives on, lease or not
    assert ended.access_key_id.startswith("ASIA")
    assert run.vault.renewals == 0


def test_where_the_prompt_shows_it_nothing_is_said(run: Run) -> None:
    keeper = run.keeper("reader-sts", warns=False)
    run.pass_minutes(keeper, 20)
    assert run.said == []


def test_a_server_that_is_down_is_said_once_and_the_old_set_served_to_its_end(run: Run) -> None:
    keeper = run.keeper("reader-sts", anew=True)
    first = keeper.credentials()
    run.vault.is_down = True
    run.pass_minutes(keeper, 14)
    assert keeper.credentials() == first
    (said,) = run.said
    assert "could not be renewed (no server answers: connection refused)" in said
    assert "they are good until" in said
    run.pass_minutes(keeper, 2)
    with pytest.raises(VaultError, match=r"ended at .* and could not be renewed") as gone:
        keeper.credentials()
    assert "connection refused" in gone.value.why
    assert "they have ended" in run.said[1]
    assert len(run.said) == 2

    run.vault.is_down = False
    run.pass_minutes(keeper, 1)
    assert keeper.credentials() != first
    assert "renewed again" in run.said[2]


def test_after_a_sleep_the_next_request_renews_by_itself(run: Run) -> None:
    """The machine slept: no thread looked at the time, and many ask at once."""
    keeper = run.keeper("reader-sts", anew=True)
    run.vault.clock.sleep(7200)
    with ThreadPoolExecutor(20) as pool:
        given = list(pool.map(lambda _: keeper.credentials(), range(40)))
    assert len({one.access_key_id for one in given}) == 1
    assert run.vault.issued == 2


def test_a_clock_that_was_set_back_harms_nothing(run: Run) -> None:
    keeper = run.keeper("reader-sts", anew=True)
    run.vault.clock.sleep(-86_400)
    run.pass_minutes(keeper, 5)
    assert keeper.credentials().expires_at is not None


def test_a_token_that_may_not_renew_gets_a_fresh_set(run: Run) -> None:
    keeper = run.keeper("reader", anew=True)
    run.vault.forbidden = {"renew_lease"}
    run.pass_minutes(keeper, 12)
    assert run.vault.issued == 2


def test_a_lease_that_somebody_else_revoked(run: Run) -> None:
    plain, serving = run.keeper("reader"), run.keeper("reader", anew=True)
    run.vault.leases.clear()
    run.pass_minutes(serving, 12)
    assert run.vault.issued == 3
    run.pass_minutes(plain, 1)
    assert "cannot be renewed" in run.said[-1]
    assert [one.why for one in plain.end()] == [""]


def test_an_answer_that_got_lost_leaves_the_intent_to_the_next_run(
    run: Run, directory: Path
) -> None:
    keeper = run.keeper("reader-sts", anew=True)

    def lose() -> None:
        raise LostAnswerError("lost", why="the connection broke off", do="look first")

    run.vault.after = lose
    run.pass_minutes(keeper, 11)
    run.vault.after = lambda: None
    run.pass_minutes(keeper, 1)
    keeper.end()
    run.journal.close()
    with Journal(directory, run.vault.clock) as other:
        assert other.pending()


def test_what_cannot_be_revoked_is_told_and_revoked_by_the_next_run(
    run: Run, directory: Path
) -> None:
    keeper = run.keeper("reader")
    run.vault.is_down = True
    (ended,) = keeper.end()
    assert "connection refused" in ended.why
    assert run.journal.pending() == ()  # it is still this run's own
    run.journal.close()
    run.vault.is_down = False
    with Journal(directory, run.vault.clock) as other:
        assert recover(run.vault, other, run.vault.clock).revoked == (ended.lease_id,)
    assert run.vault.leases == {}


def test_a_killed_run_s_leases_are_the_next_one_s_to_revoke(run: Run, directory: Path) -> None:
    keeper = run.keeper("reader-sts", anew=True)
    keeper.credentials()
    run.pass_minutes(keeper, 12)
    run.journal.close()  # as the system does when a process is killed
    with Journal(directory, run.vault.clock) as other:
        assert len(recover(run.vault, other, run.vault.clock).revoked) == 2
    assert run.vault.leases == {}


def test_a_living_run_s_lease_is_nobody_else_s(run: Run, directory: Path) -> None:
    run.keeper("reader")
    with Journal(directory, run.vault.clock) as other:
        assert recover(run.vault, other, run.vault.clock).revoked == ()
    assert len(run.vault.leases) == 1


def test_one_that_cannot_be_revoked_does_not_keep_the_others(run: Run) -> None:
    keeper = run.keeper("reader-sts", anew=True)
    keeper.credentials()
    (first,) = run.vault.leases
    run.pass_minutes(keeper, 12)
    run.vault.unrevocable[first] = VaultRefusedError("refused", why="it failed", do="look")
    whys = {one.lease_id: one.why for one in keeper.end()}
    assert "it failed" in whys.pop(first)
    assert list(whys.values()) == [""]
    assert list(run.vault.leases) == [first]
    assert keeper.end() == ()


def test_a_full_disk_at_the_end_revokes_all_the_same(run: Run, directory: Path) -> None:
    keeper = run.keeper("reader")
    with full_disk((directory / "leases.jsonl").stat().st_size):
        assert [one.why for one in keeper.end()] == [""]
    assert run.vault.leases == {}
    (record,) = run.journal.ledger().records
    assert record.is_open  # the next run looks, and finds nothing


def test_a_full_disk_while_renewing_issues_nothing(run: Run, directory: Path) -> None:
    keeper = run.keeper("reader-sts", anew=True)
    with full_disk((directory / "leases.jsonl").stat().st_size):
        run.pass_minutes(keeper, 12)
    assert run.vault.issued == 1
    assert "cannot be used" in run.said[0]


def test_a_lease_that_ended_by_itself_has_lapsed(run: Run) -> None:
    keeper = run.keeper("reader")
    run.vault.forbidden = {"revoke_lease", "renew_lease"}
    run.vault.clock.sleep(7200)
    run.vault.forbidden = set()
    run.vault.leases.clear()
    assert [one.why for one in keeper.end()] == [""]
    (record,) = run.journal.ledger().records
    assert record.closed
    assert record.closed.step is Step.REVOKED  # revoking what is gone is no fault on a server


def test_after_the_end_there_is_nothing_to_give(run: Run) -> None:
    keeper = run.keeper("reader", anew=True)
    keeper.end()
    keeper.tend()
    with pytest.raises(VaultawsError, match="the end of the run"):
        keeper.credentials()


def test_a_thread_tends_and_stops_when_the_block_ends(run: Run) -> None:
    keeper = run.keeper("reader-sts", anew=True)
    run.vault.clock.sleep(800)
    with keeper.tended():
        until(lambda: run.vault.issued == 2)
    assert not keeper.goes_on(60)


def test_a_fault_of_ours_does_not_end_the_tending(run: Run) -> None:
    def break_once() -> None:
        run.vault.before = lambda: None
        raise ZeroDivisionError

    keeper = run.keeper("reader-sts", anew=True)
    run.vault.clock.sleep(800)
    run.vault.before = break_once
    with keeper.tended():
        until(lambda: bool(run.said))
    assert run.said == ["renewing has a fault (ZeroDivisionError); trying again"]
