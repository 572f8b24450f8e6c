"""Where things stand in a JSON text: Python's json tells the place of broken syntax only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


def at(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset in characters."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def deeper_than(text: str, levels: int) -> tuple[int, int] | None:
    """Where an object or array opens that is deeper than `levels`; None when none is."""
    if text.count("{") + text.count("[") <= levels:
        return None
    depth = 0
    for match in TOKEN.finditer(text):
        if match[0] in ("{", "["):
            depth += 1
            if depth > levels:
                return at(text, match.start())
        elif match[0] in ("}", "]"):
            depth -= 1
    return None


def word(text: str, wanted: str) -> tuple[int, int]:
    """Where a bare word such as NaN stands for the first time."""
    found = (match.start() for match in TOKEN.finditer(text) if match[0] == wanted)
    return at(text, next(found, 0))


def repeated(text: str, key: str) -> tuple[int, int]:
    """Where `key` stands again in an object that has it already."""
    seen: list[set[str]] = []
    for name, offset in _keys(text, seen):
        if name in seen[-1] and name == key:
            return at(text, offset)
        seen[-1].add(name)
    return 1, 1


def _keys(text: str, seen: list[set[str]]) -> Iterator[tuple[str, int]]:
    """Each key with its offset; `seen` grows by a set for each object that is open."""
    before: re.Match[str] | None = None
    for match in TOKEN.finditer(text):
        if match[0] == "{":
            seen.append(set())
        elif match[0] == "}" and seen:
            seen.pop()
        elif match[0] == ":" and before is not None and seen:
            yield str(json.loads(before[0], strict=False)), before.start()
        before = match
