"""How long a set is good: by two clocks, and only in the run of the machine that issued it."""

from __future__ import annotations

import pytest

from tests.support.kept import NOON, JumpingClocks
from vaultaws.cache.life import Moment, is_worth_handing_out, seconds_left, stamp, this_moment

LEASE = 900.0
FIELDS = stamp(NOON, NOON + LEASE, Moment(NOON, 5_000.0, "boot-1"))


def left_after(passed: float = 0.0, jumped: float = 0.0) -> float:
    clocks = JumpingClocks()
    clocks.pass_(passed)
    clocks.jump(jumped)
    return seconds_left(FIELDS, clocks())


@pytest.mark.parametrize(("passed", "left"), [(0, 900), (899, 1), (900, 0), (5_000, 0)])
def test_a_set_is_good_until_its_end(passed: float, left: float) -> None:
    assert left_after(passed) == left


def test_a_clock_set_forward_only_shortens_it() -> None:
    assert left_after(100, jumped=500) == 300
    assert left_after(100, jumped=5_000) == 0


def test_a_clock_set_back_does_not_lengthen_it() -> None:
    assert left_after(800, jumped=-500) == 100
    assert left_after(1_000, jumped=-500) == 0


def test_a_set_of_the_future_is_not_used() -> None:
    assert left_after(10, jumped=-11) == 0
    assert seconds_left(FIELDS, Moment(NOON + 1, 4_999.0, "boot-1")) == 0


def test_a_set_of_another_run_of_the_machine_is_not_used() -> None:
    assert seconds_left(FIELDS, Moment(NOON + 60, 5_060.0, "boot-2")) == 0


@pytest.mark.parametrize("value", ["", "nan", "inf", "-inf", "x", "1e999"])
@pytest.mark.parametrize("name", ["issued_at", "expires_at", "uptime"])
def test_times_that_are_none_are_not_used(name: str, value: str) -> None:
    assert seconds_left({**FIELDS, name: value}, JumpingClocks()()) == 0


def test_fields_that_are_missing_are_not_used() -> None:
    for name in FIELDS:
        fields = {other: value for other, value in FIELDS.items() if other != name}
        assert seconds_left(fields, JumpingClocks()()) == 0


@pytest.mark.parametrize(
    ("life", "used_for"),
    [(300, 225), (900, 675), (3_600, 2_700), (43_200, 42_300), (129_600, 128_700)],
)
def test_a_set_is_handed_out_for_most_of_its_life(life: float, used_for: float) -> None:
    clocks = JumpingClocks()
    fields = stamp(NOON, NOON + life, clocks())
    clocks.pass_(used_for)
    assert is_worth_handing_out(fields, clocks())
    clocks.pass_(0.5)
    assert not is_worth_handing_out(fields, clocks())


def test_a_lease_of_botocores_own_window_is_used_again() -> None:
    """It asks again and again below 15 minutes: for the same set, for 11 minutes."""
    clocks = JumpingClocks()
    clocks.pass_(60)
    assert is_worth_handing_out(FIELDS, clocks())


def test_this_machines_clocks_go_on() -> None:
    first, then = this_moment(), this_moment()
    assert first.boot == then.boot
    assert then.uptime >= first.uptime > 0
