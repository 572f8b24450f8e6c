"""Values as Terraform's language writes them, laid out as `terraform fmt` would. Pure.

The layout: two spaces a level; the `=` of neighbouring attributes stand in one column, where a
value of several lines stands apart (hclwrite's format).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Expression:
    """What is written as it stands: a call, a reference."""

    text: str


@dataclass(frozen=True)
class Names:
    """A map whose keys are data: each is quoted. An object's keys are names and stand bare."""

    items: Mapping[str, object]


def quoted(text: str) -> str:
    """A string that holds no template: `${` and `%{` mean themselves."""
    escaped = "".join(_ESCAPES.get(char) or _visible(char) for char in text)
    return '"' + re.sub(r"[$%](?=\{)", lambda found: found[0] * 2, escaped) + '"'


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    point = ord(char)
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


def block(head: str, attributes: Mapping[str, object]) -> str:
    """A block with its attributes: `head` is what stands before its brace."""
    return "\n".join([f"{head} {{", *_attributes(attributes, "  ", bare=True), "}", ""])


def _attributes(values: Mapping[str, object], indent: str, *, bare: bool) -> Iterator[str]:
    """The lines of attributes; those of one line in a row have their `=` in one column."""
    run: list[tuple[str, str]] = []
    for name, value in values.items():
        key = name if bare and _NAME.fullmatch(name) else quoted(name)
        first, *rest = value_lines(value, indent)
        if not rest:
            run.append((key, first))
            continue
        yield from _aligned(run, indent)
        run = []
        yield f"{indent}{key} = {first}"
        yield from rest
    yield from _aligned(run, indent)


def _aligned(run: Sequence[tuple[str, str]], indent: str) -> Iterator[str]:
    width = max((len(key) for key, _ in run), default=0)
    for key, value in run:
        yield f"{indent}{key.ljust(width)} = {value}"


def value_lines(value: object, indent: str = "") -> list[str]:
    """A value's lines; the first has no indent, the last ends at `indent`."""
    match value:
        case None | bool() | int():
            return [json.dumps(value)]
        case str() | Expression():
            return [quoted(value) if isinstance(value, str) else value.text]
        case Names(items):
            return _object(items, indent, bare=False)
        case Mapping():
            return _object(value, indent, bare=True)
        case Sequence():
            return [f"[{', '.join(''.join(value_lines(item)) for item in value)}]"]
        case _:
            msg = f"no value of Terraform's language: {type(value).__name__}"
            raise TypeError(msg)


def _object(items: Mapping[str, object], indent: str, *, bare: bool) -> list[str]:
    if not items:
        return ["{}"]
    return ["{", *_attributes(items, f"{indent}  ", bare=bare), f"{indent}}}"]
