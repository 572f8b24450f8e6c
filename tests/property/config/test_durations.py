"""Spans of time: what is written is what is read."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vaultaws.config import durations


@given(st.integers(0, 10**7))
def test_plain_seconds(seconds: int) -> None:
    assert durations.parse(str(seconds)) == seconds


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from("smhd")), min_size=1, max_size=4))
def test_units_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{count}{unit}" for count, unit in parts)
    assert durations.parse(text) == sum(count * durations.UNITS[unit] for count, unit in parts)


@given(st.text(max_size=12))
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    assume(not durations.SHAPE.fullmatch(text.strip().lower()))
    with pytest.raises(ValueError, match="not a span of time"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (61, "1 min 1 s"),
        (900, "15 min"),
        (5400, "1 h 30 min"),
        (3600, "1 h"),
        (200_000, "2 d"),
    ],
)
def test_words(seconds: float, words: str) -> None:
    assert durations.words(seconds) == words
