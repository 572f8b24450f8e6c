"""The grammar, and what IAM refuses to store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.policies import statement, trust
from vaultaws.policy.checks import PolicyKind, check_policy
from vaultaws.policy.document import (
    Condition,
    Effect,
    MalformedPolicyError,
    Principals,
    parse_policy,
)


def whole(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def test_a_document_is_read_whole() -> None:
    text = json.dumps(
        whole(
            {
                "Sid": "One",
                "Effect": "Deny",
                "NotAction": ["s3:Get*", "s3:List*"],
                "Resource": "*",
                "Condition": {"NumericLessThan": {"s3:max-keys": [10, 2.5]}, "Bool": {"a": True}},
            },
            Id="x",
        )
    )
    document = parse_policy(text)
    (one,) = document.statements
    assert (document.version, document.id) == ("2012-10-17", "x")
    assert (one.sid, one.effect, one.actions) == ("One", Effect.DENY, None)
    assert one.not_actions == ("s3:Get*", "s3:List*")
    assert one.conditions == (
        Condition("NumericLessThan", "s3:max-keys", ("10", "2.5")),
        Condition("Bool", "a", ("true",)),
    )


def test_without_a_version_it_is_of_2008() -> None:
    assert parse_policy({"Statement": statement()}).version == "2008-10-17"


def test_the_same_text_is_the_same_document() -> None:
    text = json.dumps(whole(statement(Sid="Same")))
    assert parse_policy(text) is parse_policy(str(text))


def test_principals() -> None:
    document = parse_policy(
        whole(trust("*"), trust({"AWS": ["1", "2"], "Service": "ec2.amazonaws.com"}))
    )
    first, second = (one.principals for one in document.statements)
    assert first == Principals(anyone=True)
    assert second == Principals(aws=("1", "2"), service=("ec2.amazonaws.com",))


MALFORMED: list[Any] = [
    "",
    "{",
    "[]",
    "null",
    '"text"',
    "{}",
    '{"Version": "2012-10-17"}',
    '{"Statement": []}',
    '{"Statement": [{"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}]}',
    '{"Statement": {"Effect": "Allow", "Action": NaN, "Resource": "*"}}',
    "[" * 5000,
    '{"Statement": ' + "9" * 5000 + "}",
    " " * 200_000,
    {"Version": "2020-01-01", "Statement": statement()},
    {"Version": 2012, "Statement": statement()},
    {"Version": [], "Statement": statement()},
    {"Statement": statement(), "Extra": 1},
    {"Statement": "text"},
    {"Statement": [1]},
    {"Statement": statement(), "Id": 5},
    whole(statement("allow")),
    whole({"Action": "*", "Resource": "*"}),
    whole(statement("Permit")),
    whole({"Effect": [], "Action": "*", "Resource": "*"}),
    whole({"Effect": {}, "Action": "*", "Resource": "*"}),
    whole(statement(Extra=1)),
    whole(statement(NotAction="*")),
    whole(statement(NotResource="*")),
    whole({**trust("*"), "NotPrincipal": "*"}),
    whole(statement(action=[1])),  # type: ignore[list-item]  # no action is a number
    whole(statement(Sid=1)),
    whole(statement(Condition=[])),
    whole(statement(Condition={"StringEquals": "x"})),
    whole(statement(Condition={"StringEquals": {"k": {"n": 1}}})),
    whole(statement(Condition={"StringEquals": {"k": None}})),
    whole(trust("someone")),
    whole(trust({})),
    whole(trust({"Person": "ada"})),
    whole(trust({"AWS": 1})),
    {1: 2},
    {"Statement": [{1: 2}]},
]


@pytest.mark.parametrize("source", MALFORMED, ids=range(len(MALFORMED)))
def test_what_breaks_the_grammar_is_refused(source: Any) -> None:
    with pytest.raises(MalformedPolicyError, match=r"Syntax errors in policy\."):
        parse_policy(source)


def refusal(kind: PolicyKind, *statements: Any) -> str:
    with pytest.raises(MalformedPolicyError) as caught:
        check_policy(parse_policy(whole(*statements)), kind)
    return str(caught.value)


IDENTITY = [
    (trust("*", Resource="*"), "Policy document should not specify a principal."),
    ({"Effect": "Allow", "Resource": "*"}, "Policy statement must contain actions."),
    ({"Effect": "Allow", "Action": "s3:*"}, "Policy statement must contain resources."),
    (statement(resource=[]), "Policy statement must contain resources."),
    (statement(Condition={"Resembles": {"a": "b"}}), "Syntax errors in policy."),
    (
        statement(action="DescribeInstances"),
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    (statement(action="a:b:c"), "Actions/Condition can contain only one colon."),
    (statement(action="s3*x:Get"), "Vendor s3*x is not valid"),
    (statement(resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
    (
        statement(resource="arn:azure:s3:::b"),
        'Partition "azure" is not valid for resource "arn:azure:s3:::b".',
    ),
    (
        statement(resource="arn:aws"),
        "Resource vendor must be fully qualified and cannot contain regexes.",
    ),
    (
        statement(resource="arn:aws:iam:eu-west-2:1:user/x"),
        "IAM resource arn:aws:iam:eu-west-2:1:user/x cannot contain region information.",
    ),
]


@pytest.mark.parametrize(("one", "message"), IDENTITY)
def test_what_iam_does_not_store(one: Any, message: str) -> None:
    assert refusal(PolicyKind.IDENTITY, one) == message


def test_an_iam_resource_begins_with_its_kind() -> None:
    message = refusal(PolicyKind.IDENTITY, statement(resource="arn:aws:iam::1:person/x"))
    assert message.startswith('IAM resource path must either be "*" or start with user/')


def test_sids_are_unique_and_plain() -> None:
    twice = statement(Sid="A")
    assert refusal(PolicyKind.IDENTITY, twice, twice).startswith("Statement IDs (SID) in a single")
    odd = refusal(PolicyKind.IDENTITY, statement(Sid="a b"))
    assert odd.startswith("Statement IDs (SID) must be alpha-numeric.")


TRUST = [
    (trust("*", Resource="*"), "Has prohibited field Resource."),
    ({"Effect": "Allow", "Action": "sts:AssumeRole"}, "Missing required field Principal"),
    ({"Effect": "Allow", "Principal": "*"}, "Missing required field Action"),
    (
        {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "1"}},
        "Allow with NotPrincipal is not allowed.",
    ),
    (
        {"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*"},
        "AssumeRole policy may only specify STS AssumeRole actions.",
    ),
]


@pytest.mark.parametrize(("one", "message"), TRUST)
def test_what_a_trust_policy_cannot_say(one: Any, message: str) -> None:
    assert refusal(PolicyKind.TRUST, one) == message


@pytest.mark.parametrize(
    ("kind", "one"),
    [
        (PolicyKind.IDENTITY, statement(action=["*", "s3:Get*"])),
        (PolicyKind.IDENTITY, statement(resource=["arn:aws:s3:::b/*", "arn:aws:iam::1:user/x"])),
        (PolicyKind.IDENTITY, {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "*"}),
        (PolicyKind.TRUST, trust({"AWS": "111122223333"})),
        (PolicyKind.TRUST, {"Effect": "Allow", "Action": "sts:*", "Principal": "*"}),
    ],
)
def test_what_is_fine_is_let_through(kind: PolicyKind, one: Any) -> None:
    check_policy(parse_policy(whole(one)), kind)
