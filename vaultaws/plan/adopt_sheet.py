"""The lines of a TOML text with where its keys and tables stand, and edits of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from vaultaws.config.places import KEYS, key_parts
from vaultaws.config.places import KeyPath as Path

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Pair:
    """A key with its value: the table whose header it stands below, and the value's node."""

    table: Path
    value: Node

    @property
    def first(self) -> int:
        """The row of the key: a value begins on its line."""
        return self.value.start_point.row

    @property
    def last(self) -> int:
        return self.value.end_point.row


@dataclass(frozen=True)
class Table:
    """A table's header row, and the last row of its keys."""

    path: Path
    first: int
    last: int


@dataclass
class Sheet:
    """A text under edit, by its lines. Use `of`, the edits, then `text`."""

    _lines: list[bytes]
    pairs: dict[Path, Pair] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    _comments: set[int] = field(default_factory=set)
    _dropped: set[int] = field(default_factory=set)
    _new: dict[int, bytes] = field(default_factory=dict)
    _keys: dict[int, list[str]] = field(default_factory=dict)
    _blocks: dict[int, list[list[str]]] = field(default_factory=dict)
    _made: dict[Path, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a TOML text that has no fault."""
        import tree_sitter
        import tree_sitter_toml

        raw = text.encode()
        sheet = cls(raw.split(b"\n"))
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
        for node in parser.parse(raw).root_node.named_children:
            if node.type == "table":
                sheet._table(node)
            else:
                sheet._entry((), node)
        return sheet

    def _table(self, node: Node) -> None:
        path = next(_path(child) for child in node.named_children if child.type in KEYS)
        rows = [node.start_point.row]
        for child in node.named_children:
            self._entry(path, child)
            if child.type == "pair":
                rows.append(_value(child).end_point.row)
        self.tables.append(Table(path, rows[0], rows[-1]))

    def _entry(self, table: Path, node: Node) -> None:
        if node.type == "comment":
            row, column = node.start_point
            if not self._lines[row][:column].strip():
                self._comments.add(row)
        elif node.type == "pair":
            key = next(child for child in node.named_children if child.type in KEYS)
            self.pairs[(*table, *_path(key))] = Pair(table, _value(node))

    def inline_around(self, path: Path) -> Path | None:
        """The inline table in which `path` is, or would be."""
        for length in range(1, len(path)):
            if path[:length] in self.pairs:
                return path[:length]
        return None

    def replace(self, path: Path, value: str, items: Sequence[str] | None = None) -> None:
        """Put another value to a key. A list over several lines (`items`) keeps its comments;
        comments inside another value go above the key."""
        node = self.pairs[path].value
        first, last = node.start_point, node.end_point
        above: list[bytes] = []
        if items is not None and node.type == "array" and first.row != last.row:
            value = "\n".join(_array(node, items, self._indent(node)))
        else:
            above = list(_comments(node))
        before = self._lines[first.row][: first.column]
        after = self._lines[last.row][last.column :]
        line = before + self._ends(value) + after
        self._new[first.row] = (self._return + b"\n").join([*above, line])
        self._dropped.update(range(first.row + 1, last.row + 1))

    def remove(self, path: Path) -> bool:
        """Remove a key or a table with all below it; False when it is nowhere."""
        pairs = [pair for found, pair in self.pairs.items() if found[: len(path)] == path]
        tables = [table for table in self.tables if table.path[: len(path)] == path]
        rows = [(one.first, one.last) for one in pairs] + [(one.first, one.last) for one in tables]
        for first, last in rows:
            self._dropped.update(range(self._with_comments(first), last + 1))
        for table in tables:
            self._drop_blank(table)
        return bool(pairs or tables)

    def _with_comments(self, row: int) -> int:
        while row - 1 in self._comments:
            row -= 1
        return row

    def _drop_blank(self, table: Table) -> None:
        """Take one of the blank lines above and below a table that goes."""
        above, below = self._with_comments(table.first) - 1, table.last + 1
        last = len(self._lines) - 1  # what is behind the last line feed
        if self._is_blank(above) or above < 0:
            if below < last and self._is_blank(below):
                self._dropped.add(below)
            elif below == last and above >= 0:
                self._dropped.add(above)

    def _is_blank(self, row: int) -> bool:
        return 0 <= row < len(self._lines) and not self._lines[row].strip()

    def has_header(self, table: Path) -> bool:
        """True when a table has a header of its own that stays."""
        stands = (known.path for known in self.tables if known.first not in self._dropped)
        return table in self._made or table in stands

    def add_key(self, table: Path, line: str) -> bool:
        """Add a key below a table's last; False when the table has no header."""
        if table in self._made:
            self._made[table].append(line)
            return True
        for known in self.tables:
            if known.path == table:
                self._keys.setdefault(known.last, []).append(line)
                return True
        return False

    def add_table(self, table: Path, lines: list[str]) -> None:
        """Add a table after the last of its kind, else at the end."""
        kin = [
            known
            for known in self.tables
            if known.path[0] == table[0] and known.first not in self._dropped
        ]
        self._made[table] = list(lines)
        row = kin[-1].last if kin else self._end()
        self._blocks.setdefault(row, []).append(self._made[table])

    def _end(self) -> int:
        """The last row with something in it, -1 in an empty text."""
        filled = (row for row in reversed(range(len(self._lines))) if self._lines[row].strip())
        return next(filled, -1)

    def text(self) -> str:
        """The text with all edits."""
        return b"\n".join(self._edited()).decode()

    def _edited(self) -> Iterator[bytes]:
        yield from self._added(-1)
        for row, line in enumerate(self._lines):
            if row not in self._dropped:
                yield self._new.get(row, line)
            yield from self._added(row)

    def _added(self, row: int) -> Iterator[bytes]:
        lines = list(self._keys.get(row, ()))
        for number, block in enumerate(self._blocks.get(row, ())):
            lines.extend(block if row < 0 and number == 0 else ["", *block])
        for line in lines:
            yield self._ends(line) + self._return

    @property
    def _return(self) -> bytes:
        """What stands before each line feed: nothing, or a carriage return."""
        return b"\r" if self._lines[0].endswith(b"\r") else b""

    def _ends(self, text: str) -> bytes:
        return text.encode().replace(b"\n", self._return + b"\n")

    def _indent(self, node: Node) -> str:
        """How far the items of an array are set in."""
        row = next((child.start_point.row for child in _items(node)), node.start_point.row)
        line = self._lines[row]
        space = line[: len(line) - len(line.lstrip())].decode()
        return space if row != node.start_point.row else f"{space}  "


def _path(key: Node) -> Path:
    return tuple(name for name, _ in key_parts(key))


def _value(pair: Node) -> Node:
    return next(child for child in pair.named_children if child.type not in {*KEYS, "comment"})


def _items(array: Node) -> list[Node]:
    return [child for child in array.named_children if child.type != "comment"]


def _comments(value: Node) -> Iterator[bytes]:
    """The comments inside a value, such as those of a list in an inline table."""
    for child in value.named_children:
        if child.type == "comment":
            yield (child.text or b"").rstrip(b"\r")
        else:
            yield from _comments(child)


def _array(array: Node, items: Sequence[str], indent: str) -> Iterator[str]:
    """The lines of a list that keeps its comments: those above and beside an item go with it."""
    above: dict[object, list[str]] = {}
    beside: dict[object, str] = {}
    waiting: list[str] = []
    item, row = None, -1
    for child in array.named_children:
        text = (child.text or b"").decode().rstrip("\r")
        if child.type != "comment":
            item, row = _meaning(text), child.end_point.row
            above.setdefault(item, []).extend(waiting)
            waiting = []
        elif child.start_point.row == row and item not in beside:
            beside[item] = text
        else:
            waiting.append(text)
    yield "["
    for wanted in items:
        yield from (f"{indent}{comment}" for comment in above.pop(_meaning(wanted), ()))
        yield f"{indent}{wanted}, {beside.pop(_meaning(wanted), '')}".rstrip()
    yield from (f"{indent}{comment}" for comment in waiting)
    yield f"{indent[: max(len(indent) - 2, 0)]}]"


def _meaning(item: str) -> object:
    """An item of a list without its spelling."""
    return str(tomllib.loads(f"item = {item}")["item"])
