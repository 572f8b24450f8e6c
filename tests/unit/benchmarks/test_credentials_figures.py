"""The figures of `benchmarks.credentials`: by round, so that a slow round misleads nobody."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.credentials import Herd, at_once, herd_table, paired, table
from benchmarks.measure import CommandFailedError
from benchmarks.peers import Contender, versions


def contender(title: str) -> Contender:
    return Contender(title, lambda _: [title], {}, "")


def test_a_round_in_which_all_are_slow_does_not_change_the_ratio() -> None:
    assert paired([20, 200, 21], [80, 800, 84]) == 0.25
    with pytest.raises(ValueError, match="zip"):
        paired([20], [80, 81])


def test_each_line_has_the_median_and_our_part_of_it() -> None:
    figures = {"hit": [20.0, 20.0, 22.0], "peer": [100.0, 110.0, 100.0]}
    lines = table(figures, [contender("hit"), contender("peer")])
    assert lines[2:] == [
        "| hit | 20.0 | 20.0 to 22.0 | 100% |",
        "| peer | 100.0 | 100.0 to 110.0 | 20% |",
    ]


def test_a_herd_says_how_often_its_source_was_asked() -> None:
    assert herd_table([Herd("vaultaws", 50, 1, 0.9)])[-1] == "| vaultaws | 50 | 1 | 0.90 |"


def test_a_herd_gathers_what_each_printed_and_fails_with_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('here')"]
    seconds, said = at_once(command, {}, tmp_path, 3)
    assert said == ["here\n"] * 3
    assert seconds > 0
    with pytest.raises(CommandFailedError, match="3 failed"):
        at_once([*command[:2], "raise SystemExit(1)"], {}, tmp_path, 3)


def test_the_peers_are_those_of_the_locks() -> None:
    said = versions()
    assert all(name in said for name in ("aws-mfa 0.", "awsume 4.", "awscli 1."))
