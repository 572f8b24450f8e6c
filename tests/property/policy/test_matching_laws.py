"""Patterns against a slow and simple reference; operators against their own laws; and no input,
however strange, that breaks the parser."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from vaultaws.policy.checks import PolicyKind, check_policy
from vaultaws.policy.conditions import compile_condition
from vaultaws.policy.document import (
    Condition,
    MalformedPolicyError,
    PolicyDocument,
    parse_policy,
)
from vaultaws.policy.match import Mode, pattern_set
from vaultaws.policy.values import Context, Truth

TEXT = st.text("ab:/.$", max_size=8)
PATTERN = st.text("ab:/.$*?", max_size=8)


def matches(pattern: str, text: str, mode: Mode) -> bool:
    return pattern_set([pattern], mode, variables=True).matches(text, {}) is Truth.YES


def glob(pattern: str, text: str) -> bool:
    """The reference: one character at a time."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return glob(pattern[1:], text) or (bool(text) and glob(pattern, text[1:]))
    return bool(text) and pattern[0] in {"?", text[0]} and glob(pattern[1:], text[1:])


def by_segment(pattern: str, text: str, *, reach: bool, colons: int = 0) -> bool:
    """The reference for ARNs: wildcards stay in their segment until the sixth; with `reach` a
    star that ends its segment does not."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    free = colons >= 5
    if head == "*":
        if by_segment(rest, text, reach=reach, colons=colons):
            return True
        over = free or (reach and (not rest or rest[0] == ":"))
        return (
            bool(text)
            and (over or text[0] != ":")
            and by_segment(pattern, text[1:], reach=reach, colons=colons)
        )
    if not text:
        return False
    if head == "?":
        return (free or text[0] != ":") and by_segment(rest, text[1:], reach=reach, colons=colons)
    return head == text[0] and by_segment(
        rest, text[1:], reach=reach, colons=colons + (head == ":")
    )


@given(PATTERN, TEXT)
@example("*a*b", "aab")
@example("a*", "a\nb")
def test_text_patterns(pattern: str, text: str) -> None:
    assert matches(pattern, text, Mode.TEXT) == (pattern == "*" or glob(pattern, text))


ARNS = st.lists(st.text("ab*?", max_size=3), min_size=4, max_size=8).map(":".join)


@given(ARNS, st.lists(st.text("ab", max_size=3), min_size=4, max_size=8).map(":".join))
@example("a*b*:*:c", "ab:x:c")
@example("*:a*b:*", "x:ab:ab:y")
def test_arn_patterns(pattern: str, text: str) -> None:
    assume(pattern != "*")
    assert matches(pattern, text, Mode.RESOURCE) == by_segment(pattern, text, reach=True)
    assert matches(pattern, text, Mode.ARN) == by_segment(pattern, text, reach=False)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_variable_s_value_is_literal(value: str, other: str) -> None:
    context: Context = {"aws:username": (value,)}
    patterns = pattern_set(["x/${aws:username}"], Mode.TEXT, variables=True)
    assert patterns.matches(f"x/{value}", context) is Truth.YES
    assert (patterns.matches(f"x/{other}", context) is Truth.YES) == (value == other)


VALUES = {
    "String{}Equals": st.text("aB*", max_size=3),
    "String{}EqualsIgnoreCase": st.text("aB", max_size=3),
    "String{}Like": st.text("ab*?", max_size=3),
    "Numeric{}Equals": st.integers(-3, 3).map(str) | st.sampled_from(["1.0", "x"]),
    "Date{}Equals": st.sampled_from(["2026", "2026-01-01", "2026-01-01T00:00:00Z", "5", "no"]),
    "{}IpAddress": st.sampled_from(["10.0.0.0/8", "10.0.0.1", "::1", "2001:db8::/32", "bad"]),
    "Arn{}Equals": st.sampled_from(["arn:a:b:c:d:e", "arn:*:b:c:d:*", "arn:a:b", "x"]),
    "Arn{}Like": st.sampled_from(["arn:a:b:c:d:e", "arn:*:b:c:d:*", "arn:a:b", "x"]),
}


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    """An operator, its negation, policy values and one value of the request, or none."""
    form = draw(st.sampled_from(sorted(VALUES)))
    values = VALUES[form]
    wanted = tuple(draw(st.lists(values, max_size=3)))
    actual = tuple(draw(st.lists(values, max_size=1)))
    return form.format(""), form.format("Not"), wanted, actual


def told(operator: str, wanted: tuple[str, ...], actual: tuple[str, ...]) -> Truth:
    return compile_condition(Condition(operator, "k", wanted), variables=True)({"k": actual})


@given(comparisons())
def test_an_operator_and_its_negation_never_both_hold(
    one: tuple[str, str, tuple[str, ...], tuple[str, ...]],
) -> None:
    operator, negation, wanted, actual = one
    answers = {told(operator, wanted, actual), told(negation, wanted, actual)}
    assert answers in ({Truth.YES, Truth.NO}, {Truth.NO})
    if operator.startswith("String") or not actual:
        assert Truth.YES in answers


@given(comparisons())
def test_a_negation_is_the_nor_of_its_values(
    one: tuple[str, str, tuple[str, ...], tuple[str, ...]],
) -> None:
    operator, negation, wanted, actual = one
    assume(actual)
    apart = [told(operator, (value,), actual) for value in wanted]
    assert told(operator, wanted, actual) is max(apart, default=Truth.NO)
    every = [told(negation, (value,), actual) for value in wanted]
    assert not wanted or told(negation, wanted, actual) is min(every)


@given(comparisons())
def test_if_exists_changes_only_what_is_missing(
    one: tuple[str, str, tuple[str, ...], tuple[str, ...]],
) -> None:
    for operator in one[:2]:
        with_suffix = told(f"{operator}IfExists", one[2], one[3])
        assert with_suffix is (told(operator, one[2], one[3]) if one[3] else Truth.YES)


@given(comparisons(), st.lists(st.text("ab", min_size=1, max_size=2), max_size=3).map(tuple))
def test_sets_are_all_and_any_of_their_values(
    one: tuple[str, str, tuple[str, ...], tuple[str, ...]], actual: tuple[str, ...]
) -> None:
    for operator in one[:2]:
        singles = [told(operator, one[2], (value,)) is Truth.YES for value in actual]
        every = told(f"ForAllValues:{operator}", one[2], actual) is Truth.YES
        some = told(f"ForAnyValue:{operator}", one[2], actual) is Truth.YES
        assert every == all(singles)
        assert some == any(singles)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
ELEMENTS = st.sampled_from(
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"]
)
PLAUSIBLE = st.sampled_from(
    ["Allow", "Deny", "*", "s3:*", "arn:aws:s3:::*", {"StringEquals": {"a": "${b"}}, {"AWS": "*"}]
)
NEAR_POLICIES = st.fixed_dictionaries(
    {"Version": st.sampled_from(["2012-10-17", "2008-10-17", 5])},
    optional={
        "Statement": JSON
        | st.lists(st.dictionaries(ELEMENTS, PLAUSIBLE | JSON, min_size=3), max_size=2),
        "Id": JSON,
    },
)


def parse_or_refuse(source: Any) -> None:
    """Every answer is a document or a MalformedPolicyError; a document can be checked too."""
    try:
        document = parse_policy(source)
    except MalformedPolicyError:
        return
    assert isinstance(document, PolicyDocument)
    for kind in PolicyKind:
        with suppress(MalformedPolicyError):
            check_policy(document, kind)


@given(st.text(max_size=200))
@example("\ud800")
@example('{"Statement": "\\ud800"}')
def test_the_parser_survives_any_text(text: str) -> None:
    parse_or_refuse(text)


@given(JSON | NEAR_POLICIES)
@example({"Statement": {"Effect": []}})
@example({"Version": {}, "Statement": {}})
def test_the_parser_survives_any_json(value: Any) -> None:
    parse_or_refuse(json.dumps(value))
    parse_or_refuse(value)
