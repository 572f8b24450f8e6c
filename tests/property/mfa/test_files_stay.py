"""Whatever stands in ~/.aws/credentials, an edit changes the lines it is about and no others."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, reject
from hypothesis import strategies as st

from vaultaws.errors import ConfigError
from vaultaws.mfa.lines import Kind, Line, read_lines
from vaultaws.mfa.profiles import parse
from vaultaws.mfa.writing import edited

FILE = Path("credentials")
NAMES = st.sampled_from(["default", "a", "a-long-term", "b c", "ü", "x.y@z"])
KEYS = st.sampled_from(["aws_access_key_id", "region", "Output", "x-y", "expiration"])
VALUES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs"), exclude_characters="\x85"),
    min_size=1,
    max_size=12,
)
BETWEEN = st.sampled_from([" = ", "=", ": ", "  =  "])
NOISE = st.sampled_from(["", "# a note", "; another", "  # set in"])


INDENT = st.sampled_from(["", "", "", " ", "   "])
MORE = st.sampled_from(["", "", "  going = on", "    more", "\tmore"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """Files that AWS's tools take, set in and spelt as people do; some twist is in most."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = draw(st.lists(NOISE, max_size=2))
    for name in draw(st.lists(NAMES, unique=True, max_size=4)):
        lines.append(f"{draw(INDENT)}[{name}]")
        keys: list[str] = draw(st.lists(KEYS, unique_by=str.lower, max_size=4))
        for key in keys:
            lines.append(f"{draw(INDENT)}{key}{draw(BETWEEN)}{draw(VALUES)}")
            lines.extend(draw(st.lists(NOISE | MORE, max_size=2)))
        lines.extend(draw(st.lists(NOISE, max_size=2)))
    ended: bool = draw(st.booleans())
    text = end.join(lines) + (end if lines and ended else "")
    try:
        parse(text, FILE)
    except ConfigError:
        reject()
    return text


CHANGES = st.dictionaries(
    st.sampled_from(["aws_access_key_id", "aws_session_token", "expiration", "region"]),
    st.none() | VALUES,
    min_size=1,
)


@given(files(), NAMES, CHANGES)
def test_the_section_says_what_was_asked_and_others_what_they_said(
    text: str, name: str, changes: dict[str, str | None]
) -> None:
    new = edited(text, FILE, name, changes)
    before, after = parse(text, FILE), parse(new, FILE)
    expected = {**before.get(name, {}), **{k: v for k, v in changes.items() if v is not None}}
    for key, value in changes.items():
        if value is None:
            expected.pop(key, None)
    assert after == {**before, name: expected}
    assert edited(new, FILE, name, changes) == new


@given(files(), NAMES, CHANGES)
def test_what_is_not_meant_stays_byte_for_byte(
    text: str, name: str, changes: dict[str, str | None]
) -> None:
    """Outside the section nothing moves; inside, notes, blank lines and other keys stay."""
    new = edited(text, FILE, name, changes)
    old_lines, new_lines = read_lines(text), read_lines(new)
    start = next((at for at, line in enumerate(old_lines) if _heads(line, name)), len(old_lines))
    for old, fresh in zip(old_lines[:start], new_lines[:start], strict=True):
        assert old.text.rstrip("\r\n") == fresh.text.rstrip("\r\n")
    stop = next(
        (at for at in range(start + 1, len(old_lines)) if old_lines[at].kind is Kind.HEADER),
        len(old_lines),
    )
    tail = "".join(line.text for line in old_lines[stop:])
    assert new.rstrip("\r\n").endswith(tail.rstrip("\r\n"))
    notes = [line.text.strip() for line in old_lines[start:stop] if line.kind is Kind.REST]
    kept = [line.text.strip() for line in new_lines[start:] if line.kind is Kind.REST]
    assert kept[: len(notes)] == notes


def _heads(line: Line, name: str) -> bool:
    return line.kind is Kind.HEADER and line.name == name
