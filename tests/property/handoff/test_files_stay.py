"""Whatever stands in AWS's files, an edit changes the lines it is about and no others."""

from __future__ import annotations

from hypothesis import assume, given, reject
from hypothesis import strategies as st

from vaultaws.errors import ConfigError
from vaultaws.handoff.inifile import Kind, Line, edited, parse, read_lines
from vaultaws.handoff.profiles import Profile, removed, written

NAMES = st.sampled_from(
    ["default", "a", "a-long-term", "b c", "ü", "x.y@z", "profile a", "profile b", "sso-session a"]
)
PROFILES = st.sampled_from(["default", "a", "b"])
HEADS = st.lists(NAMES, unique=True, max_size=4)
WITH_A = HEADS.flatmap(lambda heads: st.permutations(sorted({*heads, "profile a"})))
KEYS = st.sampled_from(["aws_access_key_id", "region", "Output", "x-y", "expiration"])
VALUES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs"), exclude_characters="\x85"),
    min_size=1,
    max_size=12,
)
BETWEEN = st.sampled_from([" = ", "=", ": ", "  =  "])
NOISE = st.sampled_from(["", "# a note", "; another", "  # set in", "\t; far in"])
INDENT = st.sampled_from(["", "", "", " ", "   "])
MORE = st.sampled_from(["", "", "  going = on", "    more", "\tmore"])


@st.composite
def files(draw: st.DrawFn, heads: st.SearchStrategy[list[str]] = HEADS) -> str:
    """Files that AWS's tools take, set in and spelt as people do; some twist is in most."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = draw(st.lists(NOISE, max_size=2))
    for name in draw(heads):
        lines.append(f"{draw(INDENT)}[{name}]")
        keys: list[str] = draw(st.lists(KEYS, unique_by=str.lower, max_size=4))
        for key in keys:
            lines.append(f"{draw(INDENT)}{key}{draw(BETWEEN)}{draw(VALUES)}")
            lines.extend(draw(st.lists(NOISE | MORE, max_size=2)))
        lines.extend(draw(st.lists(NOISE, max_size=2)))
    ended: bool = draw(st.booleans())
    text = end.join(lines) + (end if lines and ended else "")
    try:
        parse(text)
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
    new = edited(text, name, changes)
    before, after = parse(text), parse(new)
    expected = {**before.get(name, {}), **{k: v for k, v in changes.items() if v is not None}}
    for key, value in changes.items():
        if value is None:
            expected.pop(key, None)
    assert after == {**before, name: expected}
    assert edited(new, name, changes) == new


@given(files(), NAMES, CHANGES)
def test_what_is_not_meant_stays_byte_for_byte(
    text: str, name: str, changes: dict[str, str | None]
) -> None:
    assert_others_stay(text, edited(text, name, changes), name)


@given(files(), PROFILES, st.booleans())
def test_a_profile_is_written_and_others_stay(text: str, name: str, more: bool) -> None:
    profile = Profile(name, "r", "/bin/vaultaws creds r", (("region", "x"),) if more else ())
    new = written(text, profile, force=True)
    head = name if name == "default" else f"profile {name}"
    before, after = parse(text), parse(new)
    weaker = {k: v for k, v in before.get(head, {}).items() if k != "aws_access_key_id"}
    assert after == {**before, head: {**weaker, **dict(profile.keys)}}
    assert written(new, profile) == new
    assert_others_stay(text, new, head)


@given(files(WITH_A))
def test_a_profile_is_removed_and_others_stay(text: str) -> None:
    """What is behind its last key is kept from the first note on. The next section may move to the
    left, where it would else go on with the value that is before it now."""
    assume("profile a" in parse(text))  # set in, it may go on with a value
    new = removed(text, "a", force=True)
    assert parse(new) == {each: said for each, said in parse(text).items() if each != "profile a"}
    lines = read_lines(text)
    start, stop = bounds(lines, "profile a")
    behind = "".join(
        line.text if line.kind is Kind.REST else "\0" for line in lines[start:stop]
    ).rpartition("\0")[2]
    notes = behind.splitlines(keepends=True)
    while notes and not notes[0].strip():
        notes.pop(0)
    left = [*(line.text for line in lines[:start]), *notes]
    kept = [line.text for line in lines[stop:]]
    fresh = [line.text for line in read_lines(new)]
    assert fresh[: len(left)] == left
    assert "".join(fresh[len(left) :]).lstrip() == "".join(kept).lstrip()


def assert_others_stay(text: str, new: str, name: str) -> None:
    """Outside the section nothing moves; inside, notes, blank lines and other keys stay."""
    old_lines, new_lines = read_lines(text), read_lines(new)
    start, stop = bounds(old_lines, name)
    for old, fresh in zip(old_lines[:start], new_lines[:start], strict=True):
        assert old.text.rstrip("\r\n") == fresh.text.rstrip("\r\n")
    tail = "".join(line.text for line in old_lines[stop:])
    assert new.rstrip("\r\n").endswith(tail.rstrip("\r\n"))
    notes = [line.text.strip() for line in old_lines[start:stop] if line.kind is Kind.REST]
    kept = [line.text.strip() for line in new_lines[start:] if line.kind is Kind.REST]
    assert kept[: len(notes)] == notes


def bounds(lines: list[Line], name: str) -> tuple[int, int]:
    """Where the section begins and ends; the end of the file when it is not there."""
    heads = [at for at, line in enumerate(lines) if line.kind is Kind.HEADER]
    start = next((at for at in heads if lines[at].name == name), len(lines))
    return start, next((at for at in heads if at > start), len(lines))
