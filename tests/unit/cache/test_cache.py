"""Look, obtain, forget: and no trouble of the cache stops the work."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.kept import KEY, JumpingClocks, MemoryPlace, cache_at, entry
from vaultaws.cache.cache import Cache
from vaultaws.cache.entry import Entry
from vaultaws.cache.flight import Flight
from vaultaws.errors import VaultUnreachableError


def never() -> Entry:
    pytest.fail("it was asked for, though it was there")


def test_what_was_obtained_is_had_again_without_asking(tmp_path: Path) -> None:
    cache = cache_at(tmp_path)
    made = entry()
    assert cache.look(KEY) is None
    assert cache.obtain(KEY, lambda: made) == (made, False)
    assert cache.obtain(KEY, never) == (made, True)
    assert cache.look(KEY) == made
    assert cache.look("f" * 32) is None


def test_what_is_nearly_over_is_asked_for_anew(tmp_path: Path) -> None:
    clocks = JumpingClocks()
    cache = cache_at(tmp_path, clocks=clocks)
    cache.obtain(KEY, entry)
    clocks.pass_(700)
    fresh = entry(issued_at=clocks.wall, expires_at=clocks.wall + 900, lease_id="second")
    assert cache.obtain(KEY, lambda: fresh) == (fresh, False)
    assert cache.look(KEY) == fresh


def test_the_place_is_told_when_the_set_ends(tmp_path: Path) -> None:
    place = MemoryPlace()
    cache_at(tmp_path, place).obtain(KEY, entry)
    assert place.seconds == {KEY: 900}


@pytest.mark.parametrize("end", [None, JumpingClocks().wall - 1])
def test_a_set_without_an_end_or_after_it_is_not_kept(tmp_path: Path, end: float | None) -> None:
    place = MemoryPlace()
    made = entry(expires_at=end)
    assert cache_at(tmp_path, place).obtain(KEY, lambda: made) == (made, False)
    assert place.kept == {}


def test_time_that_passed_while_it_was_got_counts(tmp_path: Path) -> None:
    clocks, place = JumpingClocks(), MemoryPlace()

    def slow() -> Entry:
        clocks.pass_(100)
        clocks.jump(-90)
        return entry()

    cache_at(tmp_path, place, clocks).obtain(KEY, slow)
    assert place.seconds == {KEY: 800}


def test_an_error_goes_on_and_the_next_one_asks(tmp_path: Path) -> None:
    cache = cache_at(tmp_path)

    def down() -> Entry:
        raise VaultUnreachableError("no server", why="down", do="wait")

    with pytest.raises(VaultUnreachableError):
        cache.obtain(KEY, down)
    assert cache.obtain(KEY, entry)[1] is False
    assert cache.obtain(KEY, down) == (entry(), True)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EDQUOT, errno.ENOSPC, errno.EIO])
def test_a_place_that_refuses_is_no_trouble(tmp_path: Path, number: int) -> None:
    cache = cache_at(tmp_path, MemoryPlace(refusal=number))
    assert cache.look(KEY) is None
    assert cache.obtain(KEY, entry) == (entry(), False)
    assert cache.forget({"aws/sts/reader/abc"}) == 0


def test_where_there_can_be_no_lock_each_asks_for_itself(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("")
    cache = cache_at(tmp_path)
    assert cache.obtain(KEY, entry) == (entry(), False)
    assert cache.obtain(KEY, never) == (entry(), True)


def test_no_place_asks_every_time(tmp_path: Path) -> None:
    cache = Cache(None, Flight(str(tmp_path / "locks")))
    assert cache.obtain(KEY, entry) == cache.obtain(KEY, entry) == (entry(), False)
    assert cache.look(KEY) is None
    assert cache.forget({"a"}) == 0
    assert not (tmp_path / "locks").exists()


@pytest.mark.parametrize("garbage", [b"", b"x", b"vaultaws cache 1\n", b"vaultaws cache 9\nx"])
def test_garbage_in_the_place_of_a_set_is_asked_for_anew(tmp_path: Path, garbage: bytes) -> None:
    cache = cache_at(tmp_path, MemoryPlace({KEY: garbage}))
    assert cache.look(KEY) is None
    assert cache.forget({""}) == 0
    assert cache.obtain(KEY, entry) == (entry(), False)
    assert cache.obtain(KEY, never) == (entry(), True)


def test_the_sets_of_leases_that_were_revoked_are_dropped(tmp_path: Path) -> None:
    cache = cache_at(tmp_path)
    cache.obtain("a" * 32, lambda: entry(lease_id="one"))
    cache.obtain("b" * 32, lambda: entry(lease_id="two"))
    assert cache.forget({"one", "other"}) == 1
    assert cache.look("a" * 32) is None
    assert cache.look("b" * 32) is not None


def test_those_who_wait_get_the_set_of_the_one_that_asks(tmp_path: Path) -> None:
    place, asked, go = MemoryPlace(), threading.Event(), threading.Event()
    waited: list[str] = []

    @contextmanager
    def waiting() -> Iterator[None]:
        waited.append("began")
        asked.wait(60)
        go.set()
        yield

    def slow() -> Entry:
        asked.set()
        go.wait(60)
        return entry()

    got: list[tuple[Entry, bool]] = []
    first = threading.Thread(target=lambda: got.append(cache_at(tmp_path, place).obtain(KEY, slow)))
    first.start()
    second = cache_at(tmp_path, place).obtain(KEY, never, waiting())
    first.join()
    assert (got, second, waited) == ([(entry(), False)], (entry(), True), ["began"])


def test_a_set_says_no_secret(tmp_path: Path) -> None:
    assert "planted" not in repr(entry()) + str(entry())
    assert "planted" not in repr(cache_at(tmp_path).obtain(KEY, entry))
