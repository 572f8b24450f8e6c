from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from tests.support.calls import NOON, HandClock
from vaultaws.local.aws.clock import MAX_OFFSET, ClockError, MovableClock


def test_it_follows_its_base_until_it_is_moved() -> None:
    base = HandClock()
    clock = MovableClock(base)
    base.advance(5)
    assert clock.now() == NOON + timedelta(seconds=5)
    assert clock.offset == timedelta()


def test_advance_moves_wall_time_and_monotonic_alike() -> None:
    clock = MovableClock(HandClock())
    before = clock.monotonic()
    assert clock.advance(90) == NOON + timedelta(seconds=90)
    assert clock.monotonic() - before == 90
    assert clock.wall() == NOON


def test_set_goes_forward_only() -> None:
    clock = MovableClock(HandClock())
    assert clock.set(NOON + timedelta(hours=2)) == NOON + timedelta(hours=2)
    with pytest.raises(ClockError, match="does not go back"):
        clock.set(NOON)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ClockError, match="time zone"):
        MovableClock(HandClock()).set(datetime(2030, 1, 1))  # noqa: DTZ001  (the fault under test)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12])
def test_impossible_moves_are_refused(seconds: float) -> None:
    clock = MovableClock(HandClock())
    with pytest.raises(ClockError):
        clock.advance(seconds)
    assert clock.now() == NOON


def test_many_moves_together_stay_within_the_limit() -> None:
    clock = MovableClock(HandClock())
    clock.advance(MAX_OFFSET.total_seconds())
    with pytest.raises(ClockError, match="at most"):
        clock.advance(1)


def test_it_does_not_follow_a_base_that_is_set_back() -> None:
    base = HandClock()
    clock = MovableClock(base)
    first = clock.now()
    base.time -= timedelta(hours=1)
    assert clock.now() == first


def test_a_sleeper_wakes_when_the_clock_is_moved_past_its_end() -> None:
    clock = MovableClock()
    woken = threading.Event()

    def sleep_an_hour() -> None:
        clock.sleep(3600)
        woken.set()

    sleeper = threading.Thread(target=sleep_an_hour, daemon=True)
    sleeper.start()
    moves = 0
    while not woken.wait(0.01) and moves < 1_000:  # the first may come before the sleep begins
        clock.advance(3600)
        moves += 1
    assert woken.is_set()


def test_threads_never_see_it_go_back() -> None:
    clock = MovableClock()
    seen_back = []

    def watch() -> None:
        last = clock.now()
        for _ in range(2_000):
            now = clock.now()
            if now < last:
                seen_back.append((last, now))
            last = now

    watchers = [threading.Thread(target=watch) for _ in range(4)]
    for watcher in watchers:
        watcher.start()
    for _ in range(200):
        clock.advance(0.5)
    for watcher in watchers:
        watcher.join()
    assert seen_back == []
