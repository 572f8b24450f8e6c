"""Whatever stands in a template: a name, or one of the two errors; never anything else."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.lint import username
from vaultaws.lint.gotemplate import TemplateNotFollowedError, TemplateRefusedError

PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{{-",
        "-}}",
        "(",
        ")",
        "|",
        "if",
        "else",
        "end",
        "eq",
        "ne",
        "and",
        "or",
        "not",
        "len",
        "print",
        "printf",
        "truncate",
        "random",
        "truncate_sha256",
        "replace",
        "base64",
        "sha256",
        "uppercase",
        "unix_time",
        "uuid",
        "timestamp",
        ".Type",
        ".DisplayName",
        ".PolicyName",
        ".Nope",
        '"STS"',
        '"%s-%s"',
        '"%d"',
        '"%05d"',
        "`x`",
        "0",
        "3",
        "20",
        "-1",
        "99999999999",
        "true",
        "$a",
        ":=",
        ".",
        ",",
        "range",
        "define",
        "/*",
        "*/",
        "text",
    ]
)
TEMPLATES = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=25).map(" ".join),
    st.sampled_from(["{{" * 5000, "{{" + "/*" * 30_000, "{{ a" + "|a" * 20_000]),
)
LONGEST = 1_000_000


@given(TEMPLATES, st.text(max_size=20), st.text(max_size=200))
def test_a_template_gives_a_name_or_says_why_not(template: str, role: str, person: str) -> None:
    with suppress(TemplateRefusedError, TemplateNotFollowedError):
        assert len(username.user_name(template, role, person=person)) < LONGEST
        assert len(username.federated_name(template)) < LONGEST


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_engines_own_template_never_passes_its_bounds(role: str, person: str) -> None:
    assert len(username.user_name("", role, person=person)) <= username.USER_LENGTH
