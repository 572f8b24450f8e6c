"""Whatever a file holds: others' lines stay as they are, ours are read as they were written."""

from __future__ import annotations

import configparser

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.handoff.profiles import Profile, ours, removed, written

NAMES = st.from_regex(r"\A[a-z][a-z0-9_-]{0,5}\Z")
VALUES = st.from_regex(r"\A[A-Za-z0-9/:._ -]{0,12}\Z").map(str.strip)
NOISE = st.sampled_from(["", "\n", "  \n", "# words\n", "; words\n", "\n\n# two\n\n"])
KEYS = st.lists(
    st.tuples(NAMES.filter("s3".__ne__), st.sampled_from([" = ", "=", " : "]), VALUES),
    max_size=4,
    unique_by=lambda k: k[0],
)


@st.composite
def files(draw: st.DrawFn) -> str:
    heads = draw(st.lists(NAMES, max_size=4, unique=True))
    text = draw(NOISE)
    for head in heads:
        text += f"[profile {head}]\n"
        for key, sign, value in draw(KEYS):
            text += f"{key}{sign}{value}\n" + draw(NOISE)
        text += draw(st.sampled_from(["", "s3 =\n  a = 1\n  b = 2\n"])) + draw(NOISE)
    return text


def values(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


@given(files(), NAMES.map("ours-".__add__), VALUES)
def test_a_profile_comes_and_goes(text: str, name: str, role: str) -> None:
    profile = Profile(name, role, "/bin/vaultaws creds r", (("region", "x"),))
    with_it = written(text, profile)
    assert with_it.startswith(text)
    assert ours(with_it) == (profile,)
    assert written(with_it, profile) == with_it
    others = {key: value for key, value in values(with_it).items() if key != f"profile {name}"}
    assert others == values(text)
    without = removed(with_it, name)
    assert without.rstrip("\n") == text.rstrip("\n")
    assert values(without) == values(text)


@given(files(), files(), NAMES.map("ours-".__add__))
def test_one_in_between_goes_without_a_trace(before: str, after: str, name: str) -> None:
    after = after[after.find("[") :].replace("[profile ", "[profile after-") if "[" in after else ""
    lines = f"[profile {name}]\ncredential_process = c\nvaultaws_role = r\n"
    assert removed(before + lines + after, name) == before + after
