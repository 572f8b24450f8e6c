"""A TOML text brought to other values: what stays is left byte for byte, comments included. Pure.

tomlkit writes values; tree-sitter says where the old ones stand. A comment that speaks of a key
or table that goes (on its line, or right above it) goes with it; every other comment stays.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from vaultaws.config.places import KeyPath as Path
from vaultaws.errors import ConfigError
from vaultaws.plan.adopt_sheet import Sheet

BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
WIDEST: Final = 100  # a list longer than that on one line gets a line an item

Data = Mapping[str, Any]


def rewrite(text: str, wanted: Data) -> str:
    """Bring a TOML text to the values of `wanted`.

    Tables that are new stand after those of their kind, else at the end, in the order of
    `wanted`. Raises ConfigError when the text is written in a way that cannot be edited.
    """
    differences = list(_differences((), tomllib.loads(text), wanted))
    if not differences:
        return text
    sheet = Sheet.of(text)
    for path, value in differences:
        if not _edit(sheet, path, value, wanted):
            raise _cannot_edit(path)
    done = sheet.text()
    try:
        same = tomllib.loads(done) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise _cannot_edit(())
    return done


class Gone:
    """The value of a key that goes."""


def _differences(path: Path, now: Data, wanted: Data) -> Iterator[tuple[Path, Any]]:
    for key in now.keys() - wanted.keys():
        yield (*path, key), Gone
    for key, value in wanted.items():
        old = now.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            yield from _differences((*path, key), old, value)
        elif key not in now or old != value:
            yield (*path, key), value


def _edit(sheet: Sheet, path: Path, value: Any, wanted: Data) -> bool:
    inline = sheet.inline_around(path)
    if inline is not None:
        sheet.replace(inline, literal(_at(wanted, inline)))
    elif value is Gone:
        return sheet.remove(path) and _stays(sheet, path[:-1], wanted)
    elif path in sheet.pairs:
        items = [literal(item) for item in value] if isinstance(value, list) else None
        sheet.replace(path, literal(value), items)
    elif isinstance(value, Mapping) and len(path) <= 2:
        for table, lines in blocks(path, value):
            sheet.add_table(table, lines)
    else:
        line = pair(path[-1], value)
        if not sheet.add_key(path[:-1], line):
            sheet.add_table(path[:-1], [header(path[:-1]), line])
    return True


def _stays(sheet: Sheet, table: Path, wanted: Data) -> bool:
    """A table without a header was there by what stood in it; now that is gone it needs one."""
    if table and not _at(wanted, table) and not sheet.has_header(table):
        sheet.add_table(table, [header(table)])
    return True


def _at(data: Data, path: Path) -> Any:
    value: Any = data
    for key in path:
        value = value[key]
    return value


def blocks(path: Path, value: Data) -> Iterator[tuple[Path, list[str]]]:
    """The lines of a table; one that holds only tables, such as roles, is a table for each."""
    if len(path) == 1 and value and all(isinstance(held, Mapping) for held in value.values()):
        for key, held in value.items():
            yield from blocks((*path, key), held)
    else:
        yield path, [header(path), *(pair(key, held) for key, held in value.items())]


def header(path: Path) -> str:
    """The header of a table."""
    return f"[{'.'.join(_key(part) for part in path)}]"


def pair(key: str, value: Any) -> str:
    """A key with its value; a long list has a line an item."""
    text = f"{_key(key)} = {literal(value)}"
    if isinstance(value, list) and len(text) > WIDEST:
        items = "".join(f"  {literal(item)},\n" for item in value)
        return f"{_key(key)} = [\n{items}]"
    return text


def literal(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    import tomlkit

    if isinstance(value, Mapping):
        held = ", ".join(f"{_key(key)} = {literal(item)}" for key, item in value.items())
        return f"{{ {held} }}" if held else "{}"
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, str):
        raw = value.isprintable() and "'" not in value and ('"' in value or "\\" in value)
        return tomlkit.string(value, literal=raw).as_string()
    return str(tomlkit.item(value).as_string())


def _key(part: str) -> str:
    import tomlkit

    return part if BARE.fullmatch(part) else tomlkit.string(part).as_string()


def _cannot_edit(path: Path) -> ConfigError:
    where = header(path) if path else "the file"
    return ConfigError(
        f"cannot change {where} in place",
        why="it is written in a way that import does not edit (dotted keys across tables)",
        do="write it as [tables] with one key a line, or import into another file",
    )
