"""Two patterns overlap when a text matches both: checked against all short texts."""

from __future__ import annotations

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.lint.overlap import overlap

PATTERNS = st.text(st.sampled_from("a/*?%"), max_size=3)
TEXTS = ["".join(letters) for size in range(7) for letters in product("a/", repeat=size)]
MARKS = {"*": ".*", "?": ".", "%": "[^/]*"}


def matching(pattern: str) -> set[str]:
    expression = re.compile("".join(MARKS.get(mark, re.escape(mark)) for mark in pattern))
    return {text for text in TEXTS if expression.fullmatch(text)}


@given(PATTERNS, PATTERNS)
def test_overlap_is_what_it_says(one: str, other: str) -> None:
    assert overlap(one, other) is bool(matching(one) & matching(other))


@given(PATTERNS, PATTERNS)
def test_overlap_knows_no_order(one: str, other: str) -> None:
    assert overlap(one, other) is overlap(other, one)
