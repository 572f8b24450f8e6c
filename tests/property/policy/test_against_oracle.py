"""Case by case against an independent evaluator (principalmapper).

Generated cases keep to what both claim to do; test_oracle_differences.py holds the rest.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cases import Case, oracle, ours
from tests.support.policies import ACCOUNT, OTHER_ACCOUNT, ROLE_ARN, USER_ARN, statement, trust

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
