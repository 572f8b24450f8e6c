"""Places: for any TOML document, each key's place points at that key's own text."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.config.places import KeyPath, Place, Places

LETTERS = st.text("abcXYZ-_09", min_size=1, max_size=5)
ODD = st.text("ab.# \"'\\é漢😀[]=", max_size=5)
SCALARS = st.sampled_from(
    ("1", "0x1F", "true", '"a # b"', "'[c]'", "2026-11-21", "1.5", '"""x\ny"""')
)
BLANKS = st.sampled_from(("", " ", "\t", "  "))
NOTES = st.sampled_from(("", "# free", "#", "# [no.table] é = 1"))


@dataclass
class Writer:
    """A document as it grows, with the place of each key as it was written."""

    newline: str = "\n"
    text: str = ""
    keys: dict[KeyPath, tuple[Place, str]] = field(default_factory=dict)
    notes: list[tuple[Place, str]] = field(default_factory=list)
    count: int = 0

    @property
    def here(self) -> Place:
        return Place(self.text.count("\n") + 1, len(self.text) - self.text.rfind("\n"))

    def write(self, text: str) -> None:
        self.text += text.replace("\n", self.newline)

    def key(self, path: KeyPath, written: str) -> None:
        self.keys.setdefault(path, (self.here, written))
        self.write(written)

    def note(self, text: str) -> None:
        if text:
            self.notes.append((self.here, text.removeprefix("#").strip()))
        self.write(text + "\n")


def fresh_key(writer: Writer, draw: st.DrawFn) -> tuple[str, str]:
    """A key that stands nowhere yet, and how it is written."""
    writer.count += 1
    style = draw(st.sampled_from(("bare", "basic", "literal", "escaped")))
    if style == "bare":
        name = draw(LETTERS) + str(writer.count)
        return name, name
    name = draw(ODD) + str(writer.count)
    if style == "literal" and "'" not in name:
        return name, f"'{name}'"
    return name, json.dumps(name, ensure_ascii=style == "escaped" and name.isascii())


def dotted(writer: Writer, table: KeyPath, draw: st.DrawFn) -> KeyPath:
    """Write a key of one to three parts; return its path."""
    path = table
    for part in range(draw(st.integers(1, 3))):
        if part:
            writer.write(draw(BLANKS) + "." + draw(BLANKS))
        name, written = fresh_key(writer, draw)
        path = (*path, name)
        writer.key(path, written)
    return path


def value(writer: Writer, path: KeyPath, draw: st.DrawFn, depth: int = 0) -> None:
    kind = draw(st.sampled_from(("scalar", "array", "inline"))) if depth < 3 else "scalar"
    if kind == "scalar":
        writer.write(draw(SCALARS) if depth == 0 else draw(SCALARS).replace("\n", " "))
    elif kind == "array":
        array(writer, path, draw, depth)
    else:
        writer.write("{" + draw(BLANKS))
        for index in range(draw(st.integers(0, 3))):
            writer.write("," + draw(BLANKS) if index else "")
            entry(writer, path, draw, depth + 1)
        writer.write("}")


def array(writer: Writer, path: KeyPath, draw: st.DrawFn, depth: int) -> None:
    writer.write("[")
    for index in range(draw(st.integers(0, 3))):
        writer.write("," if index else "")
        if depth == 0 and draw(st.booleans()):
            writer.note(draw(NOTES))
        writer.write(draw(BLANKS))
        writer.keys.setdefault((*path, str(index)), (writer.here, ""))
        value(writer, (*path, str(index)), draw, depth + 1)
    writer.write("]")


def entry(writer: Writer, table: KeyPath, draw: st.DrawFn, depth: int = 0) -> None:
    path = dotted(writer, table, draw)
    writer.write(draw(BLANKS) + "=" + draw(BLANKS))
    value(writer, path, draw, depth)


def table(writer: Writer, draw: st.DrawFn) -> KeyPath:
    """Write a header; return the table's path."""
    double = draw(st.booleans())
    writer.write(draw(BLANKS) + "[" + "[" * double + draw(BLANKS))
    path = dotted(writer, (), draw)
    writer.write(draw(BLANKS) + "]" + "]" * double + draw(BLANKS))
    return (*path, "0") if double else path


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    writer = Writer(draw(st.sampled_from(("\n", "\r\n"))))
    path: KeyPath = ()
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(("entry", "entry", "table", "note")))
        writer.write(draw(BLANKS))
        if kind == "entry":
            entry(writer, path, draw)
            writer.write(draw(BLANKS))
        elif kind == "table":
            path = table(writer, draw)
        writer.note(draw(NOTES))
    return writer


def paths(found: object, at: KeyPath = ()) -> Iterator[KeyPath]:
    """Every path that tomllib knows of."""
    items: list[tuple[str, object]] = []
    if isinstance(found, dict):
        items = list(found.items())
    elif isinstance(found, list):
        items = [(str(index), item) for index, item in enumerate(found)]
    for key, inner in items:
        yield (*at, key)
        yield from paths(inner, (*at, key))


@given(documents())
def test_each_key_is_where_it_was_written(writer: Writer) -> None:
    known = set(paths(tomllib.loads(writer.text)))
    places = Places.of(writer.text)
    lines = writer.text.split("\n")
    for path, (place, written) in writer.keys.items():
        assert places.place(path) == place, path
        assert lines[place.line - 1][place.column - 1 :].startswith(written)
    items_of_tables = {path for path in known - writer.keys.keys() if path[-1] == "0"}
    assert known == writer.keys.keys() | items_of_tables
    assert places.duplicates() == []


@given(documents())
def test_each_comment_is_where_it_was_written(writer: Writer) -> None:
    found = Places.of(writer.text).comments()
    assert [(note.place, note.text) for note in found.values()] == writer.notes
    assert list(found) == [place.line for place, _ in writer.notes]
    known = {path[:length] for path in writer.keys for length in range(len(path) + 1)}
    known |= {(), *((*path, "0") for path in known)}
    assert {note.path for note in found.values()} <= known


@given(documents(), st.data())
def test_a_key_that_is_not_there_is_where_its_table_is(writer: Writer, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([(), *writer.keys]))
    places = Places.of(writer.text)
    assert places.place((*path, "not there")) == places.place(path)


@given(st.one_of(st.text(max_size=80), st.text("[]{}=.,#\"'\\\n\r ab1", max_size=80)))
def test_any_text_has_places_inside_it(text: str) -> None:
    places = Places.of(text)
    found = [places.place(("a", "b")), *(note.place for note in places.comments().values())]
    found += [twice.again for twice in places.duplicates()]
    lines = text.split("\n")
    for line, column in found:
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1


@given(documents())
def test_what_tomllib_refuses_to_hear_twice_is_found(writer: Writer) -> None:
    again = f"{writer.text}\n{writer.text}"
    refused = False
    try:
        tomllib.loads(again)
    except tomllib.TOMLDecodeError:
        refused = True
    assert bool(Places.of(again).duplicates()) == refused
