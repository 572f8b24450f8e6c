"""Comments and what they speak of; what is said twice."""

from __future__ import annotations

import tracemalloc

import pytest

from vaultaws.config.places import DEEPEST, Duplicate, KeyPath, Place, Places

TEXT = """\
# of the mount
# and more
[mount]   # beside the header
path = "aws" # beside a key

# free, in the mount

# above a key
max_lease_ttl = "1h"
audit_non_hmac_request_keys = [
  "a", # in a list
  # below it
]
# the last of the mount

[roles."a.b"]
"""


@pytest.mark.parametrize(
    ("line", "text", "path"),
    [
        (1, "of the mount", ("mount",)),
        (2, "and more", ("mount",)),
        (3, "beside the header", ("mount",)),
        (4, "beside a key", ("mount", "path")),
        (6, "free, in the mount", ("mount",)),
        (8, "above a key", ("mount", "max_lease_ttl")),
        (11, "in a list", ("mount", "audit_non_hmac_request_keys")),
        (12, "below it", ("mount", "audit_non_hmac_request_keys")),
        (14, "the last of the mount", ("mount",)),
    ],
)
def test_a_comment_speaks_of_what_it_stands_at(line: int, text: str, path: KeyPath) -> None:
    comment = Places.of(TEXT).comments()[line]
    assert (comment.text, comment.path) == (text, path)


def test_a_free_comment_at_the_top_speaks_of_the_file() -> None:
    assert Places.of("# all\n\n[mount]\n").comments()[1].path == ()


@pytest.mark.parametrize(
    ("text", "path", "first", "again"),
    [
        ("[a]\n\n[a]\n", ("a",), (1, 2), (3, 2)),
        ("[a.b]\n[ a . b ]\n", ("a", "b"), (1, 4), (2, 7)),
        ("a = 1\n'a' = 2\n", ("a",), (1, 1), (2, 1)),
        ("a.b = 1\na.b = 2\n", ("a", "b"), (1, 3), (2, 3)),
        ("a = 1\n[a.b]\n", ("a",), (1, 1), (2, 4)),
        ("a = {}\na.b = 1\n", ("a",), (1, 1), (2, 3)),
        ("a = { b = 1, b = 2 }\n", ("a", "b"), (1, 7), (1, 14)),
    ],
)
def test_what_is_said_twice(
    text: str, path: KeyPath, first: tuple[int, int], again: tuple[int, int]
) -> None:
    assert Places.of(text).duplicates() == [Duplicate(path, Place(*first), Place(*again))]


def test_the_keys_of_a_table_said_twice_are_not_told_again() -> None:
    found = Places.of("[a]\nx = 1\n[a]\nx = 1\ny = 2\n[a.b]\nz = 3\n").duplicates()
    assert [(twice.path, twice.again) for twice in found] == [(("a",), (3, 2))]


def test_tables_of_tables_are_counted() -> None:
    places = Places.of("[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\n[[a.d]]\n")
    assert places.place(("a", "1", "b")) == (4, 1)
    assert places.place(("a", "1", "c")) == (5, 4)
    assert places.place(("a", "1", "d", "0")) == (6, 5)


def test_columns_count_characters() -> None:
    assert Places.of('"é漢😀" = { x = [1, "é", 2] }').place(("é漢😀", "x", "2")) == (1, 24)


def test_lists_in_lists_without_end_have_the_place_of_what_is_around_them() -> None:
    deep = Places.of("a = " + "[" * 5000 + "]" * 5000)
    assert deep.place(("a", *("0" for _ in range(5000)))).line == 1


@pytest.mark.parametrize("text", ["", "[", "[]", "= 1", '"', "a", "[[a", "\x00", "a = "])
def test_broken_texts_have_places_too(text: str) -> None:
    assert Places.of(text).place(("a",)).line == 1


def test_a_key_of_very_many_parts_has_the_place_of_its_first_ones() -> None:
    parts = ("a",) * 3000
    tracemalloc.start()
    try:
        found = Places.of(f"{'.'.join(parts)} = 1\n").place(parts)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == Place(1, 2 * DEEPEST - 1)
    assert most < 16 * 1024 * 1024  # the paths of all parts would be 36 MB
