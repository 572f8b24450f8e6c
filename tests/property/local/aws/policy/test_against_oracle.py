"""Case by case against an independent evaluator (principalmapper).

Generated cases keep to what both claim to do. Where the two differ, AWS's documents decide:
`DIFFERENCES` holds one case for each, with the reason, and a test that both still answer so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.oracle import oracle_allows
from tests.support.policies import (
    ACCOUNT,
    OTHER_ACCOUNT,
    ROLE_ARN,
    USER_ARN,
    statement,
    trust,
    user,
)
from vaultaws.local.aws.policy.document import parse_policy
from vaultaws.local.aws.policy.evaluate import decide
from vaultaws.local.aws.policy.values import AccessRequest, AttachedPolicy, PolicySet


@dataclass(frozen=True)
class Case:
    """One question for both."""

    statements: list[dict[str, Any]]
    action: str = "s3:GetObject"
    resource: str = "arn:aws:s3:::b/k"
    context: dict[str, str | list[str]] = field(default_factory=dict)
    boundary: list[dict[str, Any]] | None = None
    session: list[dict[str, Any]] | None = None
    on_resource: list[dict[str, Any]] | None = None
    resource_account: str = ACCOUNT
    version: str = "2012-10-17"

    def document(self, statements: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Version": self.version, "Statement": statements}

    def known(self) -> dict[str, str | list[str]]:
        """The oracle adds aws:username by itself, so both are given it."""
        return {"aws:username": "ada", **self.context}


def oracle(case: Case) -> bool:
    def optional(statements: list[dict[str, Any]] | None) -> dict[str, Any] | None:
        return None if statements is None else case.document(statements)

    return oracle_allows(
        USER_ARN,
        case.action,
        case.resource,
        case.known(),
        identity=[case.document([one]) for one in case.statements],
        boundary=optional(case.boundary),
        session=optional(case.session),
        resource_policy=optional(case.on_resource),
        resource_account=case.resource_account,
    )


def ours(case: Case) -> bool:
    def attached(statements: list[dict[str, Any]]) -> AttachedPolicy:
        return AttachedPolicy("p", parse_policy(case.document(statements)))

    on_resource = None if case.on_resource is None else attached(case.on_resource)
    policies = PolicySet(
        identity=tuple(attached([one]) for one in case.statements),
        boundary=None if case.boundary is None else attached(case.boundary),
        session=None if case.session is None else (attached(case.session),),
        trust=on_resource,
        resource=on_resource,
    )
    context = {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in case.known().items()
    }
    asked = AccessRequest(user(), case.action, case.resource, context, case.resource_account)
    return decide(asked, policies).allowed


REGIONS = ["eu-west-2", "us-east-1", "eu-north-1"]
NUMBERS = ["-1", "5", "10", "10.5"]
DATES = ["2026-11-21T08:30:00Z", "2026-11-21T09:30:00+01:00", "2025-01-01T00:00:00Z", "1763713800"]
ADDRESSES = ["192.0.2.7", "10.1.2.3", "2001:db8::7"]
NETWORKS = ["192.0.2.0/24", "10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "198.51.100.0/24"]
ARNS = ["arn:aws:sns:eu-west-2:1:q", "arn:aws:sns:us-east-1:1:q2", "arn:aws:iam::1:role/ops"]
ARN_PATTERNS = [*ARNS, "arn:aws:sns:*:1:q", "arn:aws:iam::*:role/*", "arn:aws:sns:eu-west-?:1:*"]
BOOLS = ["true", "false"]
TAGS = ["team", "tier", "cost"]


def lists(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2)


STRING_OPERATORS = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringLike"]
NUMERIC = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]


def on(
    operators: list[str], keys: list[str], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of one operator on one key."""
    return st.builds(
        lambda operator, key, wanted: {operator: {f"test:{key}": wanted}},
        st.sampled_from(operators),
        st.sampled_from(keys),
        values,
    )


def if_exists(*operators: str) -> list[str]:
    return [operator + end for operator in operators for end in ("", "IfExists")]


CONDITIONS = st.one_of(
    on(if_exists(*STRING_OPERATORS), ["region"], lists([*REGIONS, "eu-*", "*-?", "EU-WEST-2"])),
    on(["StringNotEqualsIgnoreCase"], ["region"], lists(["EU-west-2", "x"])),
    on([f"Numeric{name}" for name in NUMERIC], ["number"], lists(NUMBERS)),
    on([f"Date{name}" for name in NUMERIC], ["date"], st.sampled_from(DATES)),
    on(if_exists("Bool"), ["mfa"], st.sampled_from(BOOLS)),
    on(["IpAddress", "NotIpAddress"], ["ip"], lists(NETWORKS)),
    on(if_exists("ArnEquals", "ArnLike"), ["arn"], lists(ARN_PATTERNS)),
    on(["ArnNotEquals", "ArnNotLike"], ["arn"], lists(ARN_PATTERNS)),
    on(["Null"], ["region", "mfa", "tags"], st.sampled_from(BOOLS)),
    on(["ForAllValues:StringEquals", "ForAnyValue:StringEquals"], ["tags"], lists(TAGS)),
    on(["ForAllValues:StringNotEquals"], ["tags"], lists(TAGS)),
    on(["ForAllValues:StringLike", "ForAnyValue:StringLike"], ["tags"], lists(["t*", "c?st"])),
)
"""Of the forms both evaluators know."""


@st.composite
def contexts(draw: st.DrawFn) -> dict[str, str | list[str]]:
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "test:region": st.sampled_from(REGIONS),
                "test:number": st.sampled_from(NUMBERS),
                "test:date": st.sampled_from(DATES),
                "test:mfa": st.sampled_from(BOOLS),
                "test:ip": st.sampled_from(ADDRESSES),
                "test:arn": st.sampled_from(ARNS),
                "test:tags": st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True),
            },
        )
    )


RESOURCES = ["*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/ada/x", "arn:aws:s3:::c/k"]
PATTERNS = [*RESOURCES, "arn:aws:s3:::b/*", "arn:aws:s3:::?/k", "arn:aws:s3:::b/${aws:username}/*"]
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
ACTION_PATTERNS = [*ACTIONS, "*", "s3:*", "S3:get*", "s3:???Object", "ec2:*"]


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    one: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    one[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(lists(ACTION_PATTERNS))
    one[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(lists(PATTERNS))
    blocks = draw(st.lists(CONDITIONS, max_size=2))
    merged = {operator: keys for block in blocks for operator, keys in block.items()}
    if merged:
        one["Condition"] = merged
    return one


PRINCIPALS: list[Any] = [
    "*",
    {"AWS": ACCOUNT},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    {"AWS": USER_ARN},
    {"AWS": [f"{USER_ARN}2", ROLE_ARN]},
    {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"},
    {"Service": "ec2.amazonaws.com"},
]


@st.composite
def resource_statements(draw: st.DrawFn) -> dict[str, Any]:
    return {**draw(statements()), "Principal": draw(st.sampled_from(PRINCIPALS))}


def oracle_understands(case: Case) -> bool:
    """A policy on a resource needs a resource; another account's resource needs a policy."""
    if case.on_resource is None:
        return case.resource_account == ACCOUNT
    return case.resource != "*"


@given(
    st.builds(
        Case,
        statements=st.lists(statements(), max_size=3),
        action=st.sampled_from(ACTIONS),
        resource=st.sampled_from(RESOURCES),
        context=contexts(),
        boundary=st.none() | st.lists(statements(), min_size=1, max_size=2),
        session=st.none() | st.lists(statements(), min_size=1, max_size=2),
        on_resource=st.none() | st.lists(resource_statements(), min_size=1, max_size=2),
        resource_account=st.sampled_from([ACCOUNT, ACCOUNT, OTHER_ACCOUNT]),
    ).filter(oracle_understands)
)
@settings(max_examples=300)
def test_both_answer_alike(case: Case) -> None:
    assert ours(case) == oracle(case)


@st.composite
def trust_statements(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from(["Allow", "Allow", "Deny"]))
    one = trust(draw(st.sampled_from(PRINCIPALS)), effect)
    condition = draw(st.none() | CONDITIONS)
    return one if condition is None else {**one, "Condition": condition}


IDENTITY_FOR_ROLES = [
    statement(action="sts:AssumeRole", resource="arn:aws:iam::*:role/*"),
    statement(action="sts:*"),
    statement("Deny", "sts:AssumeRole", ROLE_ARN),
    statement(action="s3:*"),
]


@given(
    st.builds(
        Case,
        statements=st.lists(st.sampled_from(IDENTITY_FOR_ROLES), max_size=2),
        action=st.just("sts:AssumeRole"),
        resource=st.just(ROLE_ARN),
        context=contexts(),
        boundary=st.none() | st.lists(st.sampled_from(IDENTITY_FOR_ROLES), min_size=1, max_size=1),
        on_resource=st.lists(trust_statements(), min_size=1, max_size=2),
    )
)
@settings(max_examples=150)
def test_both_trust_alike(case: Case) -> None:
    assert ours(case) == oracle(case)


@given(st.builds(Case, statements=st.lists(st.sampled_from(IDENTITY_FOR_ROLES), max_size=2)))
def test_both_trust_alike_across_accounts(base: Case) -> None:
    for principal in PRINCIPALS:
        case = Case(
            base.statements,
            "sts:AssumeRole",
            f"arn:aws:iam::{OTHER_ACCOUNT}:role/ops",
            on_resource=[trust(principal)],
            resource_account=OTHER_ACCOUNT,
        )
        assert ours(case) == oracle(case)


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
        under("DateLessThanIfExists", "k", DATES[0], actual=DATES[2]),
        True,
    ),
    (
        "IfExists goes with IpAddress",
        under("IpAddressIfExists", "k", "10.0.0.0/8", actual="192.0.2.7"),
        False,
    ),
    (
        "one of several dates is enough",
        under("DateLessThan", "k", [DATES[2], DATES[0]], actual="2026-01-01T00:00:00Z"),
        True,
    ),
    (
        "ForAnyValue with a negated operator asks for one value that differs from all",
        under("ForAnyValue:StringNotEquals", "k", ["a"], actual=["a", "b"]),
        True,
    ),
    (
        "ForAllValues tests every value of the request, numbers too",
        under("ForAllValues:ArnLike", "k", ARNS[0], actual=[ARNS[0], ARNS[1]]),
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
    ("a date without a zone beside one", under("DateLessThan", "k", "2020-01-01", actual=DATES[0])),
]


@pytest.mark.parametrize(("why", "case"), UNREADABLE, ids=[one[0] for one in UNREADABLE])
def test_the_oracle_fails_where_we_say_no(why: str, case: Case) -> None:
    assert not ours(case), why
    with pytest.raises((ValueError, TypeError)):
        oracle(case)
