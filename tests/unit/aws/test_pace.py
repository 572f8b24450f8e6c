"""The pace at which AWS is asked: what it does with throttles, failures and lost answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import FixedClock
from vaultaws.aws.errors import AwsSetupError, AwsUnreachableError
from vaultaws.aws.pace import LEAST_RATE, MOST_RATE, Pace, Rate, passes, pause_seconds
from vaultaws.errors import AwsError


def fault(code: str) -> AwsError:
    return AwsError("AWS failed to do it", why=code, do="again", code=code)


def after(faults: list[AwsError]) -> Callable[[], str]:
    """A call that fails with each of these, then answers."""
    waiting: Iterator[AwsError] = iter(faults)

    def call() -> str:
        for one in waiting:
            raise one
        return "answer"

    return call


def pace(clock: FixedClock, deadline: float = 120.0) -> Pace:
    return Pace(clock, chance=lambda: 0.0, deadline_seconds=deadline)


@pytest.mark.parametrize("code", ["Throttling", "InternalFailure", "ServiceUnavailable", "503"])
def test_what_passes_is_tried_again(code: str) -> None:
    assert pace(FixedClock()).run(after([fault(code)] * 4)) == "answer"


def test_a_lost_answer_is_asked_for_again() -> None:
    lost = AwsUnreachableError("no answer", why="lost", do="again")
    assert pace(FixedClock()).run(after([lost])) == "answer"


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchEntity", "DeleteConflict", ""])
def test_what_does_not_pass_is_raised_at_once(code: str) -> None:
    clock = FixedClock()
    with pytest.raises(AwsError):
        pace(clock).run(after([fault(code)]))
    assert clock.monotonic() == 0


def test_a_wrong_setting_does_not_pass() -> None:
    assert not passes(AwsSetupError("not asked", why="no keys", do="set them"))


def test_the_last_failure_is_raised_when_time_is_up() -> None:
    clock = FixedClock()
    with pytest.raises(AwsError, match="failed"):
        pace(clock, 30.0).run(after([fault("Throttling")] * 1000))
    assert 20 < clock.monotonic() <= 30


def test_calls_take_turns_at_the_rate() -> None:
    clock = FixedClock()
    kept = Pace(clock, rate=Rate(10.0, throttled=True))
    for _ in range(11):
        kept.run(after([]))
    assert 0.5 < clock.monotonic() < 1.0


def test_the_rate_doubles_until_the_first_throttle_then_creeps() -> None:
    clock = FixedClock()
    kept = pace(clock)
    for _ in range(20):
        kept.run(after([]))
    assert kept.rate == Rate(40.0)
    kept.run(after([fault("Throttling")]))
    assert kept.rate.throttled
    assert 28 <= kept.rate.per_second < 30


def test_one_burst_of_throttles_lowers_the_rate_once() -> None:
    """A call that was begun before the rate fell says nothing of the new one."""
    kept = Pace(FixedClock(), chance=lambda: 0.0, rate=Rate(100.0, throttled=True))
    throttles = [fault("Throttling")]

    def outer() -> str:
        kept.run(after(throttles[:1]))
        if throttles:
            raise throttles.pop()
        return "answer"

    assert kept.run(outer) == "answer"
    assert 70 <= kept.rate.per_second < 72


@given(st.lists(st.booleans(), max_size=400))
def test_the_rate_stays_within_its_bounds(throttles: list[bool]) -> None:
    rate = Rate()
    for throttled in throttles:
        rate = rate.after_throttle() if throttled else rate.after_answer()
        assert LEAST_RATE <= rate.per_second <= MOST_RATE


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_are_bounded(tries: int, chance: float) -> None:
    assert 0 < pause_seconds(tries, chance) <= 5
