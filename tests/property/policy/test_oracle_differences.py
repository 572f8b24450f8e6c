"""Where the independent evaluator and ours differ, AWS's documents decide.

One case for each known difference, with the reason, and a test that both still answer so.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cases import Case, oracle, ours
from tests.support.policies import ROLE_ARN, statement

QUEUE = "arn:aws:sns:eu-west-2:1:q"
OTHER_QUEUE = "arn:aws:sns:us-east-1:1:q2"
LATER = "2026-11-21T08:30:00Z"
EARLIER = "2025-01-01T00:00:00Z"


def under(operator: str, key: str, values: Any, *, actual: Any = None, **more: Any) -> Case:
    """An Allow of everything under one condition."""
    context = {} if actual is None else {key: actual}
    return Case([statement(Condition={operator: {key: values}})], context=context, **more)


DIFFERENCES: list[tuple[str, Case, bool]] = [
    # (why ours is right, the case, our answer; the oracle gives the other)
    (
        "resources are compared with case (Resource element)",
        Case([statement(resource="arn:aws:s3:::B/k")]),
        False,
    ),
    (
        "a star inside an ARN's segment stays in it (Resource element)",
        Case(
            [statement(resource="arn:aws:sns:eu*2:1:q", action="*")],
            action="sns:Publish",
            resource="arn:aws:sns:eu:2:1:q",
        ),
        False,
    ),
    (
        "ARN conditions are compared by segment (ARN operators)",
        under("ArnLike", "k", "arn:aws:sns:*:q", actual="arn:aws:sns:eu-west-2:1:q"),
        False,
    ),
    (
        "ARN conditions are compared with case (ARN operators)",
        under("ArnEquals", "k", "arn:aws:iam::1:role/OPS", actual="arn:aws:iam::1:role/ops"),
        False,
    ),
    (
        "a negated operator matches a missing key (StringNotLike as the others)",
        under("StringNotLike", "k", "a*"),
        True,
    ),
    (
        "IfExists goes with every numeric operator",
        under("NumericLessThanIfExists", "k", "10", actual="5"),
        True,
    ),
    (
        "IfExists goes with every date operator",
        under("DateLessThanIfExists", "k", LATER, actual=EARLIER),
        True,
    ),
    (
        "IfExists goes with IpAddress",
        under("IpAddressIfExists", "k", "10.0.0.0/8", actual="192.0.2.7"),
        False,
    ),
    (
        "one of several dates is enough",
        under("DateLessThan", "k", [EARLIER, LATER], actual="2026-01-01T00:00:00Z"),
        True,
    ),
    (
        "ForAnyValue with a negated operator asks for one value that differs from all",
        under("ForAnyValue:StringNotEquals", "k", ["a"], actual=["a", "b"]),
        True,
    ),
    (
        "ForAllValues tests every value of the request, numbers too",
        under("ForAllValues:ArnLike", "k", QUEUE, actual=[QUEUE, OTHER_QUEUE]),
        False,
    ),
    (
        "IfExists covers a missing key under ForAnyValue too",
        under("ForAnyValue:StringEqualsIfExists", "k", "a"),
        True,
    ),
    (
        "several keys of one operator must all match, under ForAnyValue too",
        Case(
            [statement(Condition={"ForAnyValue:StringEquals": {"j": "a", "k": "b"}})],
            context={"j": "a", "k": "c"},
        ),
        False,
    ),
    (
        "BinaryEquals has an IfExists form",
        under("BinaryEqualsIfExists", "k", "eA=="),
        True,
    ),
    (
        "an operator that is not known never allows",
        under("Resembles", "k", "a", actual="a"),
        False,
    ),
    (
        "policy variables work in conditions",
        under("StringEquals", "k", "${aws:username}", actual="ada"),
        True,
    ),
    (
        "a policy variable can have a default",
        Case([statement(resource="arn:aws:s3:::b/${aws:none, 'k'}")]),
        True,
    ),
    (
        "version 2008-10-17 has no policy variables",
        Case(
            [statement(resource="arn:aws:s3:::${aws:username}/k")],
            resource="arn:aws:s3:::ada/k",
            version="2008-10-17",
        ),
        False,
    ),
    (
        "the text of a variable is literal",
        Case(
            [statement(resource="arn:aws:s3:::${k}/k")],
            resource="arn:aws:s3:::b/k",
            context={"k": "*"},
        ),
        False,
    ),
    (
        'a Principal of {"AWS": "*"} is the same as "*"',
        Case([], on_resource=[{**statement(), "Principal": {"AWS": "*"}}]),
        True,
    ),
    (
        "a role is assumed only if it trusts",
        Case([statement()], action="sts:AssumeRole", resource=ROLE_ARN),
        False,
    ),
    (
        "who one is may always be asked",
        Case([statement("Deny")], action="sts:GetCallerIdentity", resource="*"),
        True,
    ),
    (
        "a session token needs no permission",
        Case([], action="sts:GetSessionToken", resource="*"),
        True,
    ),
]


@pytest.mark.parametrize(("why", "case", "expected"), DIFFERENCES, ids=[d[0] for d in DIFFERENCES])
def test_known_differences(why: str, case: Case, expected: bool) -> None:
    assert ours(case) is expected, why
    assert oracle(case) is not expected, f"the oracle has changed: {why}"


UNREADABLE = [
    ("a number that is none", under("NumericEquals", "k", "ten", actual="10")),
    ("an address that is none", under("IpAddress", "k", "here", actual="192.0.2.7")),
    ("a date without a zone beside one", under("DateLessThan", "k", "2020-01-01", actual=LATER)),
]


@pytest.mark.parametrize(("why", "case"), UNREADABLE, ids=[one[0] for one in UNREADABLE])
def test_the_oracle_fails_where_we_say_no(why: str, case: Case) -> None:
    assert not ours(case), why
    with pytest.raises((ValueError, TypeError)):
        oracle(case)
