"""Many leases looked up: in their order, the gone left out, a refusal raised."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultaws.errors import VaultNotFoundError, VaultSealedError
from vaultaws.model import Lease
from vaultaws.vault.bulk import AT_ONCE
from vaultaws.vault.lookups import look_up_all

IDS = [f"aws/creds/reader/{number}" for number in range(50)]


def lookup(lease_id: str) -> Lease:
    if lease_id.endswith("7"):
        raise VaultNotFoundError("no such lease", why="it is gone", do="look again")
    return Lease(lease_id)


def test_the_order_stays_and_the_gone_are_left_out() -> None:
    counted: list[int] = []
    found = look_up_all(lookup, IDS, counted.append)
    assert [lease.id for lease in found] == [each for each in IDS if not each.endswith("7")]
    assert sum(counted) == len(IDS)


def test_a_server_that_is_sealed_is_said() -> None:
    def sealed(_: str) -> Lease:
        raise VaultSealedError("Vault is sealed", why="it is", do="unseal it")

    with pytest.raises(VaultSealedError):
        look_up_all(sealed, IDS)
    assert look_up_all(sealed, []) == []


@given(st.integers(0, 3000), st.sets(st.integers(0, 2999), max_size=20))
def test_however_many_each_is_looked_up_once(count: int, gone: set[int]) -> None:
    ids = [f"aws/creds/reader/{number}" for number in range(count)]
    missing = {f"aws/creds/reader/{number}" for number in gone}
    asked: list[str] = []
    counted: list[int] = []

    def ask(lease_id: str) -> Lease:
        asked.append(lease_id)
        if lease_id in missing:
            raise VaultNotFoundError("no such lease", why="it is gone", do="look again")
        return Lease(lease_id)

    found = look_up_all(ask, ids, counted.append)
    assert [lease.id for lease in found] == [each for each in ids if each not in missing]
    assert sorted(asked) == sorted(ids)
    assert sum(counted) == count


@pytest.mark.parametrize("fault", [VaultSealedError("x", why="y", do="z"), KeyError("a bug")])
def test_after_a_fault_none_is_begun(fault: Exception) -> None:
    """Many would be: each thread has taken several."""
    lock, asked = threading.Lock(), 0

    def ask(lease_id: str) -> Lease:
        nonlocal asked
        with lock:
            asked += 1
            number = asked
        if number >= 100:
            raise fault
        return Lease(lease_id)

    with pytest.raises(type(fault)):
        look_up_all(ask, [f"aws/creds/reader/{number}" for number in range(10_000)])
    assert 100 <= asked <= 100 + AT_ONCE


def test_an_interrupt_passes_and_no_more_are_looked_up() -> None:
    """What the caller's own thread raises stands for Ctrl-C."""
    seen: list[str] = []
    interrupted = threading.Event()
    before = set(threading.enumerate())

    def ask(lease_id: str) -> Lease:
        seen.append(lease_id)
        if len(seen) > 1000:
            assert interrupted.wait(30)
        return Lease(lease_id)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look_up_all(ask, [f"aws/creds/reader/{number}" for number in range(10_000)], interrupt)
    interrupted.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    assert len(seen) <= 1000 + AT_ONCE
