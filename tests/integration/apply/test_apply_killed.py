"""`vaultaws apply` killed at every single request: the next apply goes on, nothing is doubled."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.killing import Killer, killed
from tests.support.places import a_place, here, settled
from tests.support.relay import Relay
from tests.support.wired import Wired

LONGEST = 40
"""More writes than the file of a place needs: a loop over them ends by itself before."""


def test_killed_before_each_write_the_next_apply_ends_it(wired: Wired, tmp_path: Path) -> None:
    """A place of its own for each write, and one apply that goes on from there."""
    for number in range(1, LONGEST):
        with a_place(wired, tmp_path, str(number)) as place:
            if not killed(place, Killer(number), "before"):
                break
            code, _, said = here(place.shell, "apply", "--yes")
            assert code == 0, said
            settled(place)
    assert 12 < number < LONGEST - 1


def test_killed_again_and_again_it_still_comes_to_its_end(wired: Wired, tmp_path: Path) -> None:
    """One place; every apply is killed after its second write, and the next gets further."""
    with a_place(wired, tmp_path) as place:
        runs = 1
        while killed(place, Killer(2), "after"):
            runs += 1
            assert runs < LONGEST
        assert runs > 5
        settled(place)


def test_what_was_left_open_is_mentioned_by_plan_and_closed_by_apply(
    wired: Wired, tmp_path: Path
) -> None:
    with a_place(wired, tmp_path) as place:
        relay = Relay(place.wired.server.address)
        shell = place.through(relay.address)
        process = shell.start("apply", "--yes")
        relay.before = Killer(5, process)
        with process:
            process.communicate(timeout=60)
        code, _, said = here(shell, "plan")
        found = re.search(r"an apply of vaultaws.toml begun .* ended after 3 of [0-9]+ steps", said)
        assert (code, bool(found)) == (0, True), said
        code, _, said = here(shell, "apply", "--yes")
        assert (code, "ended after 3 of" in said) == (0, True), said
        assert here(shell, "plan")[::2] == (0, "")
        relay.stop()
