"""Whenever and however often apply is killed, the last one leaves the server as declared."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.killing import Killer, killed
from tests.support.places import a_place, here, settled
from tests.support.wired import Wired

KILLS = st.lists(
    st.tuples(st.sampled_from(["before", "after"]), st.integers(1, 16)), min_size=1, max_size=4
)
MARKS = itertools.count(1)


@given(kills=KILLS)
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_kills_in_any_order_leave_nothing_undone_and_nothing_doubled(
    wired: Wired, tmp_path: Path, kills: list[tuple[str, int]]
) -> None:
    with a_place(wired, tmp_path, f"r{next(MARKS)}") as place:
        for when, number in kills:
            killed(place, Killer(number), when)
        code, _, said = here(place.shell, "apply", "--yes")
        assert code == 0, said
        settled(place)
