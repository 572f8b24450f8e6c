"""TOML text → values; what tomllib refuses is said in our words, with all that is said twice."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from vaultaws.config.faults import dotted
from vaultaws.config.places import Place, Places

AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
TWICE = ("Cannot declare", "Cannot overwrite", "Cannot mutate", "Cannot redefine", "Duplicate")
QUOTES = "put strings in quotes; numbers, true and false stand without"
WORDS: tuple[tuple[str, str, str], ...] = (
    ("Invalid initial character for a key", "no key can begin so", "write a key, = and a value"),
    ("Expected '=' after a key", "a key without = after it", "write KEY = VALUE"),
    ("Invalid value", "no value that TOML knows", QUOTES),
    ("Invalid statement", "neither a key nor a table", "write KEY = VALUE, or [table]"),
    ("Expected newline or end", "more on the line than one value", "begin a new line"),
    ("Expected ']' at the end of a table", "a table's name without ] after it", "write [NAME]"),
    ("Expected ']]' at the end of an array", "a table's name without ]]", "write [NAME]"),
    ("Unclosed array", "a list without ] at its end", "close it"),
    ("Unclosed inline table", "a table in braces without } at its end", "close it on its line"),
    ("Unterminated string", "a string without a quote at its end", "close it"),
    ('Expected \'"""\'', 'a string without """ at its end', "close it"),
    ("Expected \"'", "a string without a single quote at its end", "close it"),
    ("Unescaped '", "a backslash in a string", r"write \\, or use single quotes"),
    (
        "Illegal character",
        "a character that cannot stand there",
        "take it out, or close the quotes",
    ),
    ("Found invalid character", "a character that cannot stand there", "take it out"),
    ("Invalid hex value", "\\u without its digits", "write four digits, or use single quotes"),
    ("Escaped character is not", "an escape that is no character", "write the character itself"),
    ("Invalid date or datetime", "a date that does not exist", "mend it, or put it in quotes"),
)


class NotTomlError(Exception):
    """What is wrong with the text: place, key path (as text), what, what to do; one or several."""

    def __init__(self, *found: tuple[Place, str, str, str]) -> None:
        super().__init__("not TOML")
        self.found = found


def parse(text: str) -> dict[str, Any]:
    """Read a TOML text. Raises NotTomlError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
    except RecursionError:
        do = "write a flat list or table"
        raise NotTomlError((Place(1, 1), "", "nested too deeply", do)) from None
    except ValueError:  # int() takes only so many digits
        do = "write a smaller number"
        raise NotTomlError((_long_number(text), "", "a number of too many digits", do)) from None
    if said.startswith(TWICE) and (twice := _twice(text)):
        raise NotTomlError(*twice)
    raise NotTomlError(_in_our_words(text, said))


def _twice(text: str) -> list[tuple[Place, str, str, str]]:
    return [
        (
            found.again,
            dotted(found.path),
            f"said twice; it stands first at {found.first.line}:{found.first.column}",
            "say it once",
        )
        for found in Places.of(text).duplicates()
    ]


def _in_our_words(text: str, said: str) -> tuple[Place, str, str, str]:
    match = AT.search(said)
    if match is not None and match[1]:
        place = Place(int(match[1]), int(match[2]))
    else:
        place = Place(text.count("\n") + 1, len(text) - text.rfind("\n"))
    if said.startswith(TWICE):
        return place, "", "not TOML: a key or table that is there already", "say it once"
    for begins, what, do in WORDS:
        if said.startswith(begins):
            return place, "", f"not TOML: {what}", do
    return place, "", f"not TOML: {AT.sub('', said)}", "mend it there"


def _long_number(text: str) -> Place:
    match = re.search(r"[0-9_]{4000,}", text)
    offset = match.start() if match else 0
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
