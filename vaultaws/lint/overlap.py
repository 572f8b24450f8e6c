"""Whether two patterns have a text in common. `*` is any text, `?` any character, and `%` (in
kinds of ARNs) any text without a slash."""

from __future__ import annotations

from typing import Final

_STARS: Final = frozenset("*%")
_MARKS: Final = frozenset("*%?")
_ARN_PARTS: Final = 6


def arns_overlap(one: str, other: str) -> bool:
    """Whether some ARN matches both, part by part; a pattern cut short is taken as a whole."""
    parts = one.split(":", _ARN_PARTS - 1), other.split(":", _ARN_PARTS - 1)
    if len(parts[0]) == len(parts[1]) == _ARN_PARTS:
        return all(overlap(*pair) for pair in zip(*parts, strict=True))
    return overlap(one, other)


def overlap(one: str, other: str) -> bool:
    """Whether some text matches both.

    The plain ends are compared first: they settle most pairs. Time for what is between them is
    the product of its lengths.
    """
    if one == other:
        return True
    head = _plain(one, other)
    if one[:head] != other[:head]:
        return False
    one, other = one[head:], other[head:]
    tail = _plain(one[::-1], other[::-1])
    if one[len(one) - tail :] != other[len(other) - tail :]:
        return False
    return _middles_overlap(one[: len(one) - tail], other[: len(other) - tail])


def _plain(one: str, other: str) -> int:
    """How many characters from the start are no marks in both."""
    pairs = zip(one, other, strict=False)
    marked = (place for place, pair in enumerate(pairs) if not _MARKS.isdisjoint(pair))
    return next(marked, min(len(one), len(other)))


def _middles_overlap(one: str, other: str) -> bool:
    row = [False] * (len(other) + 1)
    row[len(other)] = True
    _spread_back(row, other)
    for mark in reversed(one):
        row = _row_above(mark, row, other)
    return row[0]


def _spread_back(row: list[bool], other: str) -> None:
    """At the end of `one`, only stars of `other` are left to match nothing."""
    for index in range(len(other) - 1, -1, -1):
        row[index] = row[index + 1] and other[index] in _STARS


def _row_above(mark: str, below: list[bool], other: str) -> list[bool]:
    """The answers for one more mark of `one`, from those without it."""
    star = mark in _STARS
    row = [False] * (len(other) + 1)
    row[len(other)] = star and below[len(other)]
    for index in range(len(other) - 1, -1, -1):
        facing = other[index]
        if star or facing in _STARS:
            skips_one = star and below[index]
            skips_other = facing in _STARS and row[index + 1]
            row[index] = skips_one or skips_other or _takes(mark, facing, row, below, index)
        else:
            row[index] = _meet(mark, facing) and below[index + 1]
    return row


def _takes(mark: str, facing: str, row: list[bool], below: list[bool], index: int) -> bool:
    """One star takes the mark that faces it and stays."""
    if mark in _STARS and facing not in _STARS:
        return _meet(mark, facing) and row[index + 1]
    if facing in _STARS and mark not in _STARS:
        return _meet(facing, mark) and below[index]
    return False


def _meet(one: str, other: str) -> bool:
    """Whether one character can be both marks."""
    if "%" in (one, other):
        return "/" not in (one, other)
    return one == other or bool({"*", "?"} & {one, other})
