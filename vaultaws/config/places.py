"""Where things stand in a TOML file: keys, tables, items of arrays, comments.

Reading values is tomllib's task; it keeps no places. Here tree-sitter parses the same text, only
when a place is wanted, and it also parses what tomllib refuses.
"""

from __future__ import annotations

import bisect
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from tree_sitter import Node

KeyPath = tuple[str, ...]
"""Keys from the top of the file; an item of an array is its index as text: ("roles", "a", "0")."""
DEEPEST = 64  # arrays in arrays, parts of a key; below that the enclosing place will do
KEYS = ("bare_key", "quoted_key", "dotted_key")
TABLES = ("table", "table_array_element")


class Place(NamedTuple):
    """A place in a text: line and column, counted in characters from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Comment:
    """A comment without its mark, and what it speaks of.

    `path` is the key or table on whose lines it stands, or right above which; else the table
    around it.
    """

    place: Place
    text: str
    path: KeyPath


@dataclass(frozen=True)
class Duplicate:
    """A key or table that is said again."""

    path: KeyPath
    first: Place
    again: Place


@dataclass
class Places:
    """All places of one text. Use `of`."""

    _lines: list[bytes]
    _nodes: dict[KeyPath, Node] = field(default_factory=dict)
    _defined: dict[KeyPath, Node] = field(default_factory=dict)
    _closed: set[KeyPath] = field(default_factory=set)
    _again: set[KeyPath] = field(default_factory=set)
    _repeated: list[tuple[KeyPath, Node, Node]] = field(default_factory=list)
    _anchors: dict[int, KeyPath] = field(default_factory=dict)
    _headers: list[tuple[int, KeyPath]] = field(default_factory=list)
    _comments: list[Node] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Self:
        """Find the places of a TOML text, which may have faults."""
        import tree_sitter
        import tree_sitter_toml

        raw = text.encode("utf-8", errors="surrogatepass")
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
        found = cls(raw.split(b"\n"))
        found._document(parser.parse(raw).root_node)
        return found

    def place(self, path: KeyPath) -> Place:
        """Where the key, table or item stands; else what encloses it; else the file's start."""
        for length in range(len(path), 0, -1):
            node = self._nodes.get(path[:length])
            if node is not None:
                return self._place(node)
        return Place(1, 1)

    def duplicates(self) -> list[Duplicate]:
        """What is said twice, in the file's order."""
        return [
            Duplicate(path, self._place(first), self._place(again))
            for path, first, again in self._repeated
        ]

    def comments(self) -> Mapping[int, Comment]:
        """The comments by line, in the file's order."""
        return self._comments_by_line

    @cached_property
    def _comments_by_line(self) -> dict[int, Comment]:
        found: dict[int, Comment] = {}
        above: dict[int, KeyPath] = {}
        for node in sorted(self._comments, key=lambda node: node.start_point.row, reverse=True):
            row = node.start_point.row
            alone = not self._lines[row][: node.start_point.column].strip()
            beside = self._anchors.get(row)
            below = self._anchors.get(row + 1, above.get(row + 1))
            if beside is None and alone and below is not None:
                above[row] = beside = below
            path = beside if beside is not None else self._table_around(row)
            text = (node.text or b"").decode("utf-8", errors="replace")
            place = self._place(node)
            found[place.line] = Comment(place, text.lstrip("#").strip(), path)
        return dict(reversed(found.items()))

    def _table_around(self, row: int) -> KeyPath:
        index = bisect.bisect_right(self._headers, row, key=lambda header: header[0])
        return self._headers[index - 1][1] if index else ()

    def _place(self, node: Node) -> Place:
        row, column = node.start_point
        before = self._lines[row][:column]
        return Place(row + 1, len(before.decode("utf-8", errors="replace")) + 1)

    def _document(self, root: Node) -> None:
        counts: dict[KeyPath, int] = {}
        for node in root.named_children:
            if node.type in TABLES:
                self._table(node, counts)
            else:
                self._entry((), node)

    def _table(self, node: Node, counts: dict[KeyPath, int]) -> None:
        header = next((child for child in node.named_children if child.type in KEYS), None)
        if header is None:
            return
        keys = tuple(key_parts(header))
        path = self._keys((), keys, counts)
        if node.type == "table_array_element":
            counts[path] = counts.get(path, -1) + 1
            path = (*path, str(counts[path]))
            self._nodes.setdefault(path, keys[-1][1])
        elif not self._define(path, keys[-1][1]):
            self._again.add(path)
        self._anchors[header.start_point.row] = path
        self._headers.append((header.start_point.row, path))
        for child in node.named_children:
            self._entry(path, child)

    def _entry(self, table: KeyPath, node: Node) -> None:
        if node.type == "comment":
            self._comments.append(node)
        elif node.type == "pair":
            path = self._pair(table, node)
            for row in range(node.start_point.row, node.end_point.row + 1):
                self._anchors.setdefault(row, path)

    def _pair(self, table: KeyPath, node: Node, depth: int = 0) -> KeyPath:
        children = [child for child in node.named_children if child.type != "comment"]
        self._comments.extend(child for child in node.named_children if child.type == "comment")
        if not children or children[0].type not in KEYS:
            return table
        keys = tuple(key_parts(children[0]))
        path = self._keys(table, keys, {})
        if table not in self._again and self._define(path, keys[-1][1]):
            for value in children[1:]:
                self._value(path, value, depth)
            self._closed.add(path)
        return path

    def _value(self, path: KeyPath, node: Node, depth: int) -> None:
        if depth > DEEPEST:
            return
        if node.type == "inline_table":
            for child in node.named_children:
                if child.type == "pair":
                    self._pair(path, child, depth + 1)
        elif node.type == "array":
            items = [child for child in node.named_children if child.type != "comment"]
            self._comments.extend(child for child in node.named_children if child.type == "comment")
            for index, item in enumerate(items):
                self._nodes.setdefault((*path, str(index)), item)
                self._value((*path, str(index)), item, depth + 1)

    def _keys(
        self, table: KeyPath, keys: tuple[tuple[str, Node], ...], counts: dict[KeyPath, int]
    ) -> KeyPath:
        """The path of a dotted key; each of its first parts has its place."""
        path = table
        for name, node in keys[:DEEPEST]:
            if path in counts and path != table:
                path = (*path, str(counts[path]))
            path = (*path, name)
            self._nodes.setdefault(path, node)
        return path

    def _define(self, path: KeyPath, node: Node) -> bool:
        """Note where a table or key is said; False where it, or a value above it, was said."""
        held = next((path[:n] for n in range(1, len(path)) if path[:n] in self._closed), path)
        first = self._defined.setdefault(held, node)
        if first is node:
            return True
        self._repeated.append((held, first, node))
        return False


def key_parts(key: Node) -> Iterator[tuple[str, Node]]:
    """The parts of a key with their nodes; the grammar nests dotted keys to the left."""
    if key.type != "dotted_key":
        yield _name(key), key
        return
    parts: list[Node] = []
    while key.type == "dotted_key":
        *left, last = key.named_children
        parts.append(last)
        parts.extend(reversed(left[1:]))
        key = left[0]
    parts.append(key)
    for part in reversed(parts):
        yield _name(part), part


def _name(key: Node) -> str:
    raw = (key.text or b"").decode("utf-8", errors="replace")
    if key.type != "quoted_key":
        return raw
    if raw[0] == "'" or "\\" not in raw:
        return raw[1:-1]
    try:
        return str(tomllib.loads(f"k = {raw}")["k"])
    except tomllib.TOMLDecodeError:
        return raw[1:-1]
