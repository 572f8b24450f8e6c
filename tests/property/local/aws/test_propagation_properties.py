"""The propagation against a plain reading of its rule, and the movable clock."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.calls import NOON, HandClock
from vaultaws.local.aws.clock import MovableClock
from vaultaws.local.aws.propagation import DelayedPropagation, PropagationSettings

STEPS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["a", "b"])), max_size=25)


@given(STEPS, st.integers(0, 8))
def test_a_look_sees_the_value_of_delay_ago(steps: list[tuple[int, str]], delay: int) -> None:
    """Every value is the number of its change, so what is seen tells when it was made."""
    propagation = DelayedPropagation(PropagationSettings(delay))
    now = NOON
    history: dict[str, list[tuple[timedelta, int]]] = {"a": [], "b": []}
    value = {"a": 0, "b": 0}
    for number, (pause, subject) in enumerate(steps, 1):
        now += timedelta(seconds=pause)
        propagation.changed(subject, value[subject], now)
        value[subject] = number
        history[subject].append((now - NOON, number))
        for each in ("a", "b"):
            horizon = now - NOON - timedelta(seconds=delay)
            expected = max((n for at, n in history[each] if at <= horizon), default=0)
            assert propagation.seen(each, value[each], now) == expected


@given(STEPS, st.integers(1, 8), st.floats(0, 1), st.booleans(), st.integers(0, 5))
def test_jitter_never_shows_later_than_the_delay_and_never_what_was_not(
    steps: list[tuple[int, str]],
    delay: int,
    jitter: float,
    flap: bool,
    seed: int,
) -> None:
    propagation = DelayedPropagation(PropagationSettings(delay, jitter, flap), seed=seed)
    now = NOON
    value = 0
    for number, (pause, _) in enumerate(steps, 1):
        now += timedelta(seconds=pause)
        propagation.changed("a", value, now)
        value = number
        assert 0 <= propagation.seen("a", value, now) <= value
    assert propagation.seen("a", value, now + timedelta(seconds=delay)) == value


@given(st.lists(st.floats(0, 1e6, allow_nan=False), max_size=20))
def test_the_clock_adds_up_its_moves(moves: list[float]) -> None:
    clock = MovableClock(HandClock())
    before, start = clock.now(), clock.monotonic()
    for seconds in moves:
        assert clock.advance(seconds) >= before
        before = clock.now()
    assert abs(clock.monotonic() - start - sum(moves)) < 1
    assert clock.wall() == NOON
