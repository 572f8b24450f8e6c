"""Leases at which the engine fails: a user that is gone, a user that AWS will not delete."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import START, MemoryVault, denied, memory_vault
from vaultaws.errors import (
    AwsError,
    VaultError,
    VaultNotFoundError,
    VaultRefusedError,
    VaultSealedError,
)
from vaultaws.leases import revoke_show
from vaultaws.leases.inventory import Inventory, take
from vaultaws.leases.revoke import Revocation, revoke
from vaultaws.leases.revoke_hard import CERTAIN_AFTER_SECONDS, Hard
from vaultaws.leases.revoke_one import PATIENCE_SECONDS, TRIES, Fate


@dataclass(frozen=True)
class Left:
    name: str
    blocks: tuple[str, ...] = ("login profile", "MFA device m")


@dataclass
class Iam:
    """The users there are; `left` are those that a deletion left behind."""

    names: set[str] = field(default_factory=set)
    left: tuple[Left, ...] = ()
    fault: AwsError | None = None
    asked: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    vault: MemoryVault | None = None

    def exists(self, name: str) -> bool:
        self.asked.append(name)
        if self.fault:
            raise self.fault
        return name in self.names

    def left_behind(self, since: datetime, until: datetime) -> tuple[Left, ...]:
        if self.fault:
            raise self.fault
        assert since < START < until
        return self.left

    def clear(self, name: str) -> None:
        self.cleared.append(name)
        if self.vault is not None:
            self.vault.unrevocable.clear()


def engine(words: str) -> VaultRefusedError:
    """A refusal as servers give it."""
    why = f"failed to revoke entry: resp: (*logical.Response)(nil) err: {words}; status code: 404"
    return VaultRefusedError("the server refused PUT sys/leases/revoke", why=why, do="try again")


def user_gone(name: str) -> VaultRefusedError:
    return engine(f"NoSuchEntity: The user with name {name} cannot be found.")


CONFLICT = engine("DeleteConflict: Cannot delete entity, must delete login profile first.")


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


def out(vault: MemoryVault, count: int = 1) -> Inventory:
    for _ in range(count):
        vault.issue("aws", "reader", sts=False)
    return take(vault, "aws", vault.clock)


def run(vault: MemoryVault, inventory: Inventory, iam: Iam, *, clear: bool = False) -> Revocation:
    return revoke(vault, vault.clock, inventory.holdings, hard=Hard(iam, clear=clear), workers=1)


class TestMissing:
    def test_a_user_that_is_gone_is_believed_when_the_lease_is_old_enough(
        self, vault: MemoryVault
    ) -> None:
        inventory, iam = out(vault), Iam()
        lease = inventory.holdings[0].lease_id
        vault.unrevocable[lease] = user_gone("vault-a")
        (found,) = run(vault, inventory, iam).outcomes
        assert (found.fate, found.alive) == (Fate.FORGOTTEN, False)
        assert vault.forced == [lease]
        assert iam.asked == ["vault-a"] * 3
        assert vault.clock.now() >= START + timedelta(seconds=CERTAIN_AFTER_SECONDS)

    def test_a_user_that_iam_has_is_not_forgotten(self, vault: MemoryVault) -> None:
        inventory = out(vault)
        vault.unrevocable[inventory.holdings[0].lease_id] = user_gone("vault-a")
        done = run(vault, inventory, Iam({"vault-a"}))
        assert done.failed
        assert len(done.still_alive) == 1
        assert vault.forced == []
        assert "IAM has the user vault-a" in revoke_show.render(done)

    def test_an_iam_that_says_nothing_is_no_proof(self, vault: MemoryVault) -> None:
        inventory = out(vault)
        vault.unrevocable[inventory.holdings[0].lease_id] = user_gone("vault-a")
        iam = Iam(fault=AwsError("no", why="there are no AWS credentials", do="set AWS_PROFILE"))
        done = run(vault, inventory, iam)
        assert vault.forced == []
        text = revoke_show.render(done)
        assert "IAM was not asked: there are no AWS credentials" in text
        assert "do: set AWS_PROFILE" in text

    def test_without_sudo_the_user_is_dead_all_the_same(self, vault: MemoryVault) -> None:
        inventory = out(vault)
        vault.unrevocable[inventory.holdings[0].lease_id] = user_gone("vault-a")
        vault.forbidden = {"force_revoke_lease"}
        done = run(vault, inventory, Iam())
        assert done.failed
        assert done.still_alive == ()
        assert "sudo on sys/leases/revoke-force" in revoke_show.render(done)

    def test_a_name_that_is_none_is_not_asked_for(self, vault: MemoryVault) -> None:
        inventory, iam = out(vault), Iam()
        vault.unrevocable[inventory.holdings[0].lease_id] = user_gone("x y\x1b[31m")
        assert run(vault, inventory, iam).failed
        assert iam.asked == []


class TestWords:
    HOSTILE = "ada\x1b[2J\u202e"

    def test_nothing_that_a_terminal_obeys_is_printed(self, vault: MemoryVault) -> None:
        (held,) = out(vault).holdings
        held = replace(held, person=self.HOSTILE, lease_id=f"aws/creds/{self.HOSTILE}/1")
        vault.unrevocable[held.lease_id] = engine(f"AccessDenied: {self.HOSTILE}")
        stuck = {held.lease_id: self.HOSTILE}
        done = revoke(vault, vault.clock, (held,), stuck=stuck)
        plan = revoke_show.render_plan(revoke_show.Plan(START, (held,), stuck=stuck))
        for text in (revoke_show.render(done), plan):
            assert all(line.isprintable() for line in text.splitlines())
            assert "the server has given up on it" in text

    def test_an_irrevocable_lease_is_told_with_its_reason(self, vault: MemoryVault) -> None:
        (held,) = out(vault).holdings
        vault.irrevocable[held.lease_id] = "out of retries"
        done = revoke(vault, vault.clock, (held,), stuck={held.lease_id: "out of retries"})
        assert revoke_show.as_json(done)["leases"][0]["irrevocable"] == "out of retries"
        assert "(the server has given up on it: out of retries)" in revoke_show.render(done)

    def test_a_failure_says_until_when_its_user_lives(self, vault: MemoryVault) -> None:
        (held,) = out(vault).holdings
        vault.unrevocable[held.lease_id] = engine("AccessDenied: no")
        text = revoke_show.render(revoke(vault, vault.clock, (held,)))
        assert "its IAM user lives on, its end is due in 15 min" in text


class TestBlocked:
    def test_what_blocks_is_named_and_left(self, vault: MemoryVault) -> None:
        inventory, iam = out(vault), Iam(left=(Left("vault-a"),))
        vault.unrevocable[inventory.holdings[0].lease_id] = CONFLICT
        done = run(vault, inventory, iam)
        text = revoke_show.render(done)
        assert "vault-a: login profile, MFA device m" in text
        command = f"vaultaws leases revoke {inventory.holdings[0].lease_id} --clear-blocks"
        assert f"do: {command}" in text
        assert (iam.cleared, len(done.still_alive)) == ([], 1)

    def test_it_is_cleared_when_asked_for(self, vault: MemoryVault) -> None:
        inventory = out(vault, 3)
        for held in inventory.holdings[:2]:
            vault.unrevocable[held.lease_id] = CONFLICT
        iam = Iam(left=(Left("vault-a"), Left("vault-b")), vault=vault)
        done = run(vault, inventory, iam, clear=True)
        assert {found.fate for found in done.outcomes} == {Fate.REVOKED}
        assert iam.cleared == ["vault-a", "vault-b"]
        assert "vault-b: removed login profile, MFA device m" in revoke_show.render(done)
        assert vault.leases == {}

    def test_somebody_elses_user_may_be_among_them(self, vault: MemoryVault) -> None:
        inventory = out(vault)
        vault.unrevocable[inventory.holdings[0].lease_id] = CONFLICT
        iam = Iam(left=(Left("vault-a"), Left("charles")))
        done = run(vault, inventory, iam, clear=True)
        assert iam.cleared == []
        assert "its user is one of vault-a" in revoke_show.render(done)

    def test_a_user_that_nobody_finds(self, vault: MemoryVault) -> None:
        inventory = out(vault)
        vault.unrevocable[inventory.holdings[0].lease_id] = CONFLICT
        done = run(vault, inventory, Iam(), clear=True)
        assert "must delete login profile first" in revoke_show.render(done)

    def test_an_iam_that_refuses(self, vault: MemoryVault) -> None:
        inventory = out(vault)
        vault.unrevocable[inventory.holdings[0].lease_id] = CONFLICT
        iam = Iam(fault=AwsError("no", why="AccessDenied", do="ask"))
        assert "in AWS: AccessDenied" in revoke_show.render(run(vault, inventory, iam, clear=True))


@dataclass
class Flaky(MemoryVault):
    """Fails so often, then works."""

    failures: list[VaultError] = field(default_factory=list)
    tried: int = 0

    def revoke_lease(self, lease_id: str) -> None:
        self.tried += 1
        if self.failures:
            raise self.failures.pop()
        super().revoke_lease(lease_id)


def flaky(*failures: VaultError) -> Flaky:
    made = memory_vault()
    return Flaky(made.clock, made.roles, failures=list(failures))


SEALED = VaultSealedError("sealed", why="a sealed server answers nothing", do="unseal it")


class TestPassing:
    @pytest.mark.parametrize(
        "failure",
        [
            engine("Throttling: Rate exceeded"),
            engine("ServiceUnavailable: x"),
            engine("NoSuchEntity: The Access Key with id x cannot be found."),
            VaultError("the server failed", why="HTTP 500", do="again"),
            SEALED,
        ],
    )
    def test_what_passes_is_tried_again(self, failure: VaultError) -> None:
        vault = flaky(failure, failure)
        inventory = out(vault)
        (found,) = revoke(vault, vault.clock, inventory.holdings).outcomes
        assert (found.fate, vault.tried) == (Fate.REVOKED, 3)

    def test_not_for_ever(self) -> None:
        vault = flaky(*[engine("Throttling: Rate exceeded")] * 100)
        (found,) = revoke(vault, vault.clock, out(vault).holdings).outcomes
        assert (found.fate, vault.tried) == (Fate.FAILED, TRIES)
        assert found.why == "Throttling: Rate exceeded"

    @pytest.mark.parametrize("failure", [denied(), engine("AccessDenied: not authorized")])
    def test_what_does_not_pass_is_not(self, failure: VaultError) -> None:
        vault = flaky(*[failure] * 10)
        vault.forbidden = {"renew_lease"}
        (found,) = revoke(vault, vault.clock, out(vault).holdings).outcomes
        assert (found.fate, vault.tried) == (Fate.FAILED, 1)

    def test_a_server_that_stays_sealed_is_waited_for_once(self) -> None:
        vault = flaky(*[SEALED] * 10_000)
        done = revoke(vault, vault.clock, out(vault, 50).holdings, workers=1)
        assert {found.fate for found in done.outcomes} == {Fate.FAILED}
        assert vault.clock.monotonic() < PATIENCE_SECONDS + 10
        assert vault.tried < 50 + TRIES + PATIENCE_SECONDS * 2

    def test_one_who_was_faster(self) -> None:
        vault = flaky(VaultNotFoundError("gone", why="it is gone", do="list"))
        (found,) = revoke(vault, vault.clock, out(vault).holdings).outcomes
        assert found.fate is Fate.GONE


@given(st.lists(st.sampled_from(["", "gone", "conflict", "throttle", "denied"]), max_size=12))
def test_every_lease_is_told_of_and_none_alive_is_called_dead(faults: list[str]) -> None:
    vault = memory_vault()
    inventory = out(vault, len(faults))
    kinds = {
        "gone": user_gone("vault-a"),
        "conflict": CONFLICT,
        "throttle": engine("Throttling: x"),
        "denied": denied(),
    }
    for held, fault in zip(inventory.holdings, faults, strict=True):
        if fault:
            vault.unrevocable[held.lease_id] = kinds[fault]
    heard: list[tuple[int, int]] = []
    done = revoke(
        vault,
        vault.clock,
        inventory.holdings,
        hard=Hard(Iam()),
        watch=lambda count, total: heard.append((count, total)),
    )
    assert [found.holding for found in done.outcomes] == list(inventory.holdings)
    assert {found.holding.lease_id for found in done.still_alive} == set(vault.leases)
    assert heard == [(number + 1, len(faults)) for number in range(len(faults))]
    assert revoke_show.render(done)
