"""Condition operators (IAM user guide, "Policy elements: Condition operators")."""

from __future__ import annotations

import base64
from typing import ClassVar

import pytest

from vaultaws.policy.conditions import compile_condition, is_known
from vaultaws.policy.document import Condition
from vaultaws.policy.values import Context, Truth

KEY = "aws:thing"


def told(operator: str, values: str | list[str], actual: str | list[str] | None) -> Truth:
    wanted = (values,) if isinstance(values, str) else tuple(values)
    found = (actual,) if isinstance(actual, str) else tuple(actual or ())
    context: Context = {} if actual is None else {KEY: found}
    test = compile_condition(Condition(operator, "AWS:Thing", wanted), variables=True)
    return test(context)


MATCHES = [
    ("StringEquals", "a", "a"),
    ("stringequals", "a", "a"),
    ("StringEquals", ["b", "a"], "a"),
    ("StringEqualsIgnoreCase", "ADA", "ada"),
    ("StringNotEquals", "a", "A"),
    ("StringNotEqualsIgnoreCase", "a", "b"),
    ("StringLike", "a*c?", "abbbc1"),
    ("StringLike", "*:*", "line\nbreak:x"),
    ("StringNotLike", "a*", "b"),
    ("StringEquals", "a*", "a*"),
    ("NumericEquals", "10", "10.0"),
    ("NumericNotEquals", "10", "11"),
    ("NumericLessThan", "10", "9.9"),
    ("NumericLessThanEquals", "-1", "-1"),
    ("NumericGreaterThan", "9", "10"),
    ("NumericGreaterThanEquals", ["100", "5"], "7"),
    ("DateEquals", "2026-11-21T08:30:00Z", "2026-11-21T09:30:00+01:00"),
    ("DateEquals", "2026-11-21T08:30:00Z", "1795249800"),
    ("DateNotEquals", "2026", "2026-01-02"),
    ("DateLessThan", "2026-11-21T08:30:00Z", "2026-11-21T08:29:59Z"),
    ("DateLessThan", "2026-11-21T08:30:00", "2026-11-21T08:29:59Z"),
    ("DateLessThanEquals", "2026-11-21T08:30Z", "2026-11-21T08:30:00.000Z"),
    ("DateGreaterThan", "2026-11", "2026-11-02"),
    ("DateGreaterThanEquals", "2026-11-21", "2026-11-21T00:00:00Z"),
    ("Bool", "true", "True"),
    ("Bool", "false", "false"),
    ("BinaryEquals", base64.b64encode(b"x").decode(), base64.b64encode(b"x").decode()),
    ("IpAddress", "192.0.2.0/24", "192.0.2.9"),
    ("IpAddress", "192.0.2.9", "192.0.2.9"),
    ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1"),
    ("NotIpAddress", "192.0.2.0/24", "198.51.100.1"),
    ("ArnEquals", "arn:aws:sns:*:1:q", "arn:aws:sns:eu-west-2:1:q"),
    ("ArnLike", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a/b"),
    ("ArnNotEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"),
    ("ArnNotLike", "arn:aws:iam::1:role/*", "arn:aws:iam::1:user/a"),
    ("Null", "false", "x"),
]


@pytest.mark.parametrize(("operator", "values", "actual"), MATCHES)
def test_matches(operator: str, values: str | list[str], actual: str) -> None:
    assert told(operator, values, actual) is Truth.YES


MISSES = [
    ("StringEquals", "a", "A"),
    ("StringEquals", [], "a"),
    ("StringNotEquals", ["a", "b"], "b"),
    ("StringLike", "a?", "abc"),
    ("StringNotLike", ["a*", "b*"], "bc"),
    ("NumericLessThan", "10", "10"),
    ("DateLessThan", "2026-11-21T08:30:00Z", "2026-11-21T08:30:00Z"),
    ("Bool", "true", "false"),
    ("IpAddress", "192.0.2.0/24", "2001:db8::1"),
    ("NotIpAddress", ["10.0.0.0/8", "192.0.2.0/24"], "192.0.2.1"),
    ("ArnLike", "arn:aws:sns:*:q", "arn:aws:sns:eu-west-2:1:q"),
    ("ArnNotLike", ["arn:aws:iam::1:role/*"], "arn:aws:iam::1:role/a"),
    ("Null", "true", "x"),
]


@pytest.mark.parametrize(("operator", "values", "actual"), MISSES)
def test_misses(operator: str, values: str | list[str], actual: str) -> None:
    assert told(operator, values, actual) is Truth.NO


UNREADABLE = [
    ("Numeric{}Equals", "ten", "10"),
    ("Numeric{}Equals", "10", "NaN"),
    ("Numeric{}Equals", "1e3", "1000"),
    ("Date{}Equals", "2026-13-01", "2026-11-21"),
    ("Date{}Equals", "2026-11-21", "yesterday"),
    ("{}IpAddress", "192.0.2.0/33", "192.0.2.1"),
    ("{}IpAddress", "192.0.2.0/24", "here"),
    ("Arn{}Like", "role/*", "arn:aws:iam::1:role/a"),
    ("Arn{}Like", "arn:aws:iam::1:role/*", "role/a"),
]


@pytest.mark.parametrize("word", ["", "Not"])
@pytest.mark.parametrize(("operator", "values", "actual"), UNREADABLE)
def test_an_unreadable_value_matches_neither_way(
    operator: str, values: str, actual: str, word: str
) -> None:
    assert told(operator.format(word), values, actual) is Truth.NO


def test_an_unreadable_value_beside_a_good_one() -> None:
    assert told("NumericEquals", ["ten", "10"], "10") is Truth.YES
    assert told("NumericNotEquals", ["ten", "10"], "11") is Truth.NO
    assert told("Bool", "yes", "true") is Truth.NO
    assert told("BinaryEquals", "!", "eA==") is Truth.NO


@pytest.mark.parametrize(
    "operator", ["StringEquals", "StringLike", "NumericLessThan", "Bool", "IpAddress", "ArnLike"]
)
def test_a_missing_key(operator: str) -> None:
    assert told(operator, "1", None) is Truth.NO
    assert told(f"{operator}IfExists", "1", None) is Truth.YES
    assert told(f"ForAllValues:{operator}", "1", None) is Truth.YES
    assert told(f"ForAnyValue:{operator}", "1", None) is Truth.NO
    assert told(f"ForAnyValue:{operator}IfExists", "1", None) is Truth.YES


@pytest.mark.parametrize(
    "operator",
    [
        "StringNotEquals",
        "StringNotEqualsIgnoreCase",
        "StringNotLike",
        "NumericNotEquals",
        "DateNotEquals",
        "NotIpAddress",
        "ArnNotEquals",
        "ArnNotLike",
    ],
)
def test_a_missing_key_satisfies_a_negated_operator(operator: str) -> None:
    assert told(operator, "1", None) is Truth.YES
    assert told(f"ForAnyValue:{operator}", "1", None) is Truth.NO


def test_if_exists_still_compares_what_exists() -> None:
    assert told("BoolIfExists", "false", "true") is Truth.NO
    assert told("BoolIfExists", "false", "false") is Truth.YES
    assert told("StringNotEqualsIfExists", "a", "a") is Truth.NO


class TestSets:
    def test_for_all_values(self) -> None:
        assert told("ForAllValues:StringEquals", ["a", "b"], ["a", "b"]) is Truth.YES
        assert told("ForAllValues:StringEquals", ["a", "b"], ["a", "c"]) is Truth.NO
        assert told("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"]) is Truth.YES
        assert told("ForAllValues:StringNotEquals", ["a", "b"], ["a", "d"]) is Truth.NO

    def test_for_any_value(self) -> None:
        assert told("ForAnyValue:StringLike", ["a*"], ["x", "ab"]) is Truth.YES
        assert told("ForAnyValue:StringLike", ["a*"], ["x", "y"]) is Truth.NO
        assert told("ForAnyValue:StringNotEquals", ["a"], ["a", "b"]) is Truth.YES
        assert told("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"]) is Truth.NO

    def test_empty_values_count_as_missing(self) -> None:
        assert told("ForAllValues:StringEquals", ["a"], [""]) is Truth.YES
        assert told("ForAnyValue:StringEquals", [""], [""]) is Truth.NO
        assert told("Null", "true", [""]) is Truth.YES

    def test_a_plain_operator_cannot_tell_several_values(self) -> None:
        assert told("StringEquals", "a", ["a", "b"]) is Truth.UNKNOWN


class TestNull:
    def test_missing(self) -> None:
        assert told("Null", "true", None) is Truth.YES
        assert told("Null", "false", None) is Truth.NO
        assert told("Null", ["true", "false"], None) is Truth.YES
        assert told("Null", "perhaps", None) is Truth.NO

    @pytest.mark.parametrize("operator", ["NullIfExists", "ForAllValues:Null", "ForAnyValue:Null"])
    def test_has_no_other_forms(self, operator: str) -> None:
        assert told(operator, "true", None) is Truth.UNKNOWN
        assert not is_known(operator)


@pytest.mark.parametrize(
    "operator", ["", "StringResembles", "ForSomeValues:StringEquals", "IfExists", "String Equals"]
)
def test_an_unknown_operator_cannot_be_told(operator: str) -> None:
    assert told(operator, "a", "a") is Truth.UNKNOWN
    assert not is_known(operator)


class TestVariables:
    @staticmethod
    def told(operator: str, value: str, context: Context, *, variables: bool = True) -> Truth:
        test = compile_condition(Condition(operator, KEY, (value,)), variables=variables)
        return test(context)

    own: ClassVar[Context] = {KEY: ("ada",), "aws:username": ("ada",)}

    def test_are_filled_in(self) -> None:
        assert self.told("StringEquals", "${aws:username}", self.own) is Truth.YES
        assert self.told("StringEqualsIgnoreCase", "${aws:username}", self.own) is Truth.YES
        assert self.told("StringLike", "${aws:username}*", self.own) is Truth.YES
        arn: Context = {KEY: ("arn:aws:iam::1:user/ada",), "aws:username": ("ada",)}
        assert self.told("ArnLike", "arn:aws:iam::*:user/${aws:username}", arn) is Truth.YES

    def test_in_equals_stars_are_text(self) -> None:
        star: Context = {KEY: ("a*",)}
        assert self.told("StringEquals", "a${*}", star) is Truth.YES
        assert self.told("StringEquals", "a*", {KEY: ("ab",)}) is Truth.NO

    def test_without_a_value_nothing_is_equal(self) -> None:
        nobody: Context = {KEY: ("ada",)}
        assert self.told("StringEquals", "${aws:username}", nobody) is Truth.NO
        assert self.told("StringLike", "${aws:username}*", nobody) is Truth.NO
        assert self.told("StringNotEquals", "${aws:username}", nobody) is Truth.YES
        assert self.told("StringNotLike", "${aws:username}", nobody) is Truth.YES

    def test_other_operators_and_the_old_version_have_none(self) -> None:
        numbers: Context = {KEY: ("5",), "aws:five": ("5",)}
        assert self.told("NumericEquals", "${aws:five}", numbers) is Truth.NO
        assert self.told("StringEquals", "${aws:username}", self.own, variables=False) is Truth.NO
