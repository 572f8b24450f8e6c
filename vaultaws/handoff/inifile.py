"""AWS's INI files as text: read, and one section changed line by line; no other byte moves. Pure.

Lines are told apart as configparser tells them (its `RawConfigParser`, which AWS's own tools
read these files with): a line set in deeper than its option goes on with that option's value.
"""

from __future__ import annotations

import configparser
import io
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import Final

from vaultaws.errors import ConfigError

Section = Mapping[str, str]
Sections = Mapping[str, Section]
DEFAULT: Final = "default"
_BOM: Final = "\ufeff"
_HEADER: Final = re.compile(r"\[(.+)\]")
_OPTION: Final = re.compile(r"(.*?)\s*[=:]")
_LONE: Final = re.compile(r"(?<!\r)\n")


def parse(text: str, path: Path | None = None) -> Sections:
    """The sections of a file, as the AWS CLI and botocore take them. Raises ConfigError, which
    names the path when there is one, and never quotes a line: it may hold a secret."""
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        faults: list[tuple[int, str]] = getattr(error, "errors", [])
        line = faults[0][0] if faults else getattr(error, "lineno", None)
        reason = {
            "DuplicateSectionError": "a section is there twice",
            "DuplicateOptionError": "a key is there twice in its section",
            "MissingSectionHeaderError": "a byte order mark stands before the first section"
            if text.startswith(_BOM)
            else "a line stands before the first section",
        }.get(type(error).__name__, "neither a section, a key nor a comment")
        raise unreadable(reason, path, line) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}


def unreadable(why: str, path: Path | None = None, line: int | None = None) -> ConfigError:
    """The error for a file that is not of AWS's form."""
    if path is None:
        what, why = "the AWS configuration file", f"line {line}: {why}" if line else why
    else:
        what = f"{path}:{line}" if line else str(path)
    do = "correct it by hand; nothing was changed"
    return ConfigError(f"{what} cannot be read", why=why, do=do)


def profile_name(head: str) -> str:
    """The profile that a section of the config file is about, as the SDKs read its head; empty
    for a section of another kind."""
    if head == DEFAULT:
        return head
    try:
        words = shlex.split(head)
    except ValueError:
        return ""
    return words[1] if len(words) == 2 and words[0] == "profile" else ""


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


def edited(
    text: str, section: str, values: Mapping[str, str | None], path: Path | None = None
) -> str:
    """The text with the section's values put in; None takes a key away. What is said already is
    not touched. Raises ConfigError for what is no INI, and names the path.

    A section that is missing comes last, behind a blank line. New lines end as the file's do.
    """
    sections = parse(text, path)
    there = sections.get(section, {})
    changed = {key: value for key, value in values.items() if there.get(key) != value}
    if section in sections and not changed:
        return text
    end = "\r\n" if "\r\n" in text and not _LONE.search(text) else "\n"
    lines = _ended(read_lines(text), end)
    if section not in sections:
        gap = end if lines and lines[-1].text.strip() else ""
        lines += read_lines(f"{gap}[{section}]{end}")
    for key, value in changed.items():
        lines = _set(lines, section, key, value, end)
    new = "".join(line.text for line in lines)
    parse(new, path)
    return new


def without(text: str, section: str) -> str:
    """The text without a section that is there. Notes behind its last key stay: they may be about
    what comes next."""
    lines = read_lines(text)
    first, after = _bounds(lines, section)
    last = max(at for at in range(first, after) if lines[at].kind is not Kind.REST)
    note = next((at for at in range(last + 1, after) if lines[at].text.strip()), after)
    before, behind = lines[:first], lines[after:]
    heads = [line for line in before if line.kind in {Kind.HEADER, Kind.OPTION}][-1:]
    for head in heads if behind else ():
        if head.kind is Kind.OPTION and len(behind[0].indent) > len(head.indent):
            # so far in, the next section would go on with the value before it
            behind[0] = replace(behind[0], text=head.indent + behind[0].text.lstrip())
    return "".join(line.text for line in (*before, *lines[note:after], *behind))


def _ended(lines: list[Line], end: str) -> list[Line]:
    """The lines with an end at the last one too."""
    if not lines or lines[-1].text.endswith("\n"):
        return lines
    last = lines[-1]
    return [*lines[:-1], replace(last, text=last.text + end)]


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
    anew = f"{old.indent}{old.name} = {value}{end}"
    fresh = [] if value is None else [replace(old, text=anew)]
    return [*lines[:there], *fresh, *rest, *lines[stop:]]


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
