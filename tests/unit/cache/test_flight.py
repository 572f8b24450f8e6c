"""One asks, the others wait: the locks and their files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vaultaws.cache.flight import LONGEST_PAUSE_SECONDS, OLD_SECONDS, Flight, found_or_turn

LONG_AGO = 1_000_000_000.0


@pytest.fixture
def two(tmp_path: Path) -> tuple[Flight, Flight]:
    """Two processes' locks: each opens the files for itself."""
    return Flight(str(tmp_path / "locks")), Flight(str(tmp_path / "locks"))


def test_a_lock_is_one_process_s_and_again_free(two: tuple[Flight, Flight]) -> None:
    one, other = two
    assert one.enter("a")
    assert one.enter("a"), "the long way finds what the short way took"
    assert not other.enter("a")
    assert other.enter("b")
    one.leave("a")
    one.leave("a")
    assert other.enter("a")
    assert sorted(one.keys()) == ["a", "b"]


def test_files_of_old_locks_are_swept_and_those_in_use_stay(
    two: tuple[Flight, Flight], tmp_path: Path
) -> None:
    one, other = two
    for name in ("old", "held", "fresh"):
        one.enter(name)
    one.leave("old")
    one.leave("fresh")
    for name in ("old", "held"):
        os.utime(tmp_path / "locks" / f"{name}.lock", (LONG_AGO, LONG_AGO))
    other.sweep(LONG_AGO + OLD_SECONDS + 1)
    assert sorted(other.keys()) == ["fresh", "held"]
    assert one.enter("old"), "a swept lock is made anew"


def test_a_file_that_was_swept_while_it_waited_for_the_lock_is_no_lock(
    two: tuple[Flight, Flight], tmp_path: Path
) -> None:
    one, other = two
    assert one.enter("a")
    (tmp_path / "locks" / "a.lock").unlink()
    assert other.enter("a"), "the file is another one now"


def test_who_waits_gets_what_the_other_found(two: tuple[Flight, Flight]) -> None:
    one, other = two
    one.enter("a")
    there: list[str] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 20:
            there.append("set")

    found = found_or_turn(lambda: there[0] if there else None, other, "a", 60, pause)
    assert found == ("set", False)
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_who_waits_takes_the_turn_of_one_that_failed(two: tuple[Flight, Flight]) -> None:
    one, other = two
    one.enter("a")
    found = found_or_turn(lambda: None, other, "a", 60, lambda _: one.leave("a"))
    assert found == (None, True)
    assert not one.enter("a")


def test_a_set_that_came_between_look_and_lock_gives_the_lock_back(
    two: tuple[Flight, Flight],
) -> None:
    one, other = two
    looks = iter([None, "set"])
    assert found_or_turn(lambda: next(looks), one, "a", 60) == ("set", False)
    assert other.enter("a")


def test_patience_runs_out(two: tuple[Flight, Flight]) -> None:
    one, other = two
    one.enter("a")
    assert found_or_turn(lambda: None, other, "a", 0, lambda _: None) == (None, False)


def test_a_link_in_the_place_of_a_lock_is_refused(
    two: tuple[Flight, Flight], tmp_path: Path
) -> None:
    one, _ = two
    one.enter("b")
    (tmp_path / "locks" / "a.lock").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"):
        one.enter("a")
    assert not (tmp_path / "target").exists()
