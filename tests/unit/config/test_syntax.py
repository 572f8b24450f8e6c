"""What is not TOML: where, in our words, and all that is said twice."""

from __future__ import annotations

import pytest

from vaultaws.config import syntax
from vaultaws.config.syntax import NotTomlError


def refused(text: str) -> list[tuple[tuple[int, int], str, str, str]]:
    with pytest.raises(NotTomlError) as caught:
        syntax.parse(text)
    return [(place[:2], key, what, do) for place, key, what, do in caught.value.found]


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a = = 1", (1, 5), "no value that TOML knows"),
        ("\n  a 1", (2, 5), "a key without ="),
        ("= 1", (1, 1), "neither a key nor a table"),
        ("a = 1 b = 2", (1, 7), "more on the line"),
        ("[a\nb = 1", (1, 3), "without ] after it"),
        ("[[a]\nb = 1", (1, 4), "without ]]"),
        ("[]", (1, 2), "no key can begin so"),
        ("a = [1, 2", (1, 10), "a list without ]"),
        ("a = { b = 1", (1, 12), "braces"),
        ('a = "b', (1, 7), "without a quote"),
        ('a = "b\nc = 1', (1, 7), "cannot stand there"),
        ('a = """b', (1, 9), "quote at its end"),
        ("a = 'b", (1, 7), "at its end"),
        ("a = '''b", (1, 9), "at its end"),
        (r'a = "\q"', (1, 8), "backslash"),
        (r'a = "\uXYZW"', (1, 8), "without its digits"),
        (r'a = "\ud800"', (1, 12), "no character"),
        ("a = 2026-02-30", (1, 5), "a date that does not exist"),
        ("a = \x00", (1, 5), "no value that TOML knows"),
        ("# \x1b", (1, 3), "cannot stand there"),
        ("a.b = 1\n[a]", (2, 3), "there already"),
        ("a = " + "[" * 9999, (1, 1), "nested too deeply"),
        ("\n\nab = " + "1" * 9999, (3, 6), "too many digits"),
    ],
)
def test_each_fault_has_its_place_and_our_words(
    text: str, place: tuple[int, int], word: str
) -> None:
    ((where, key, what, do),) = refused(text)
    assert (where, key) == (place, "")
    assert word in what
    assert do


def test_all_that_is_said_twice_is_named_with_its_first_place() -> None:
    text = '[roles.a]\ncredential_type = "x"\n\n[roles.b]\nm = 1\nm = 2\n\n[roles.a]\n'
    assert refused(text) == [
        ((6, 1), "roles.b.m", "said twice; it stands first at 5:1", "say it once"),
        ((8, 8), "roles.a", "said twice; it stands first at 1:8", "say it once"),
    ]
