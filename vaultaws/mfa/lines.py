"""One section of an INI file changed, line by line: no other byte moves. Pure.

Lines are told apart as configparser tells them (its `RawConfigParser`, which AWS's own tools
read these files with): a line set in deeper than its option goes on with that option's value.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_HEADER: Final = re.compile(r"\[(.+)\]")
_OPTION: Final = re.compile(r"(.*?)\s*[=:]")
_LONE: Final = re.compile(r"(?<!\r)\n")


class Kind(Enum):
    """What a line is."""

    HEADER = auto()
    OPTION = auto()
    MORE = auto()
    """Goes on with the value of the option before."""
    REST = auto()
    """Blank, or a note."""


@dataclass(frozen=True)
class Line:
    """One line with its own end. `name` is the section's, or the option's as it is spelt."""

    text: str
    kind: Kind
    name: str = ""

    @property
    def indent(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip())]


def read_lines(text: str) -> list[Line]:
    """The lines of a file that configparser takes."""
    found: list[Line] = []
    in_option, depth = False, 0
    for line in io.StringIO(text, newline="\n"):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            found.append(Line(line, Kind.REST))
            continue
        indent = len(line) - len(line.lstrip())
        if in_option and indent > depth:
            found.append(Line(line, Kind.MORE))
            continue
        depth = indent
        header = _HEADER.match(stripped)
        in_option = header is None
        if header is not None:
            found.append(Line(line, Kind.HEADER, header[1]))
        else:
            option = _OPTION.match(stripped)
            found.append(Line(line, Kind.OPTION, option[1] if option is not None else stripped))
    return found


def with_values(text: str, section: str, values: Mapping[str, str | None]) -> str:
    """The text with the section's values put in; None takes a key away.

    A section that is missing comes last, behind a blank line. New lines end as the file's do.
    """
    end = "\r\n" if "\r\n" in text and not _LONE.search(text) else "\n"
    lines = read_lines(text)
    if not any(line.kind is Kind.HEADER and line.name == section for line in lines):
        lines = [*_ended(lines, end), *read_lines(f"{end if lines else ''}[{section}]{end}")]
    for key, value in values.items():
        lines = _set(_ended(lines, end), section, key, value, end)
    return "".join(line.text for line in lines)


def _ended(lines: list[Line], end: str) -> list[Line]:
    """The lines with an end at the last one too."""
    if not lines or lines[-1].text.endswith("\n"):
        return lines
    last = lines[-1]
    return [*lines[:-1], Line(last.text + end, last.kind, last.name)]


def _set(lines: list[Line], section: str, key: str, value: str | None, end: str) -> list[Line]:
    """Give one key its value, in its place, else behind the last key of the section."""
    first, after = _bounds(lines, section)
    inside = range(first + 1, after)
    options = [at for at in inside if lines[at].kind is Kind.OPTION]
    there = next((at for at in options if lines[at].name.lower() == key), None)
    if there is None:
        if value is None:
            return lines
        place, indent = _place(lines, first, after, options)
        new = Line(f"{indent}{key} = {value}{end}", Kind.OPTION, key)
        return [*lines[:place], new, *lines[place:]]
    stop = next((at for at in options if at > there), after)
    rest = [line for line in lines[there + 1 : stop] if line.kind is not Kind.MORE]
    old = lines[there]
    fresh = [] if value is None else [_replaced(old, value, end)]
    return [*lines[:there], *fresh, *rest, *lines[stop:]]


def _replaced(old: Line, value: str, end: str) -> Line:
    return Line(f"{old.indent}{old.name} = {value}{end}", Kind.OPTION, old.name)


def _bounds(lines: list[Line], section: str) -> tuple[int, int]:
    """Where the section's header is, and where the next section begins."""
    headers = [at for at, line in enumerate(lines) if line.kind is Kind.HEADER]
    first = next(at for at in headers if lines[at].name == section)
    return first, next((at for at in headers if at > first), len(lines))


def _place(lines: list[Line], first: int, after: int, options: list[int]) -> tuple[int, str]:
    """Where a new key goes, and how far in: never so that what follows would go on with it."""
    if options:
        last = options[-1]
        place = max(at for at in range(last, after) if lines[at].kind is not Kind.REST) + 1
        return place, lines[last].indent
    return first + 1, lines[after].indent if after < len(lines) else ""
