"""Equality of policies against the evaluator: what is equal decides alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import ACTIONS, CONDITIONS, RESOURCES, documents, rewritten
from tests.support.policies import policy, request, role_session, root, user
from vaultaws.plan.policydiff import policy_lines
from vaultaws.policy.document import parse_policy
from vaultaws.policy.equal import equal
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, AttachedPolicy, PolicySet, Verdict

CONTEXTS: tuple[dict[str, tuple[str, ...]], ...] = (
    {},
    {"aws:username": ("ada",), "aws:multifactorauthpresent": ("true",)},
    {"aws:username": ("Ada",), "aws:securetransport": ("false",), "aws:tagkeys": ("a",)},
    {"aws:multifactorauthpresent": ("false",), "s3:max-keys": ("10",), "aws:tagkeys": ("c",)},
    {"aws:securetransport": ("true",), "s3:max-keys": ("5.5",), "aws:tagkeys": ("a", "b")},
)
REQUESTS = [
    request(action, resource, actor=actor, context=context)
    for action, resource in itertools.product(ACTIONS, RESOURCES)
    for actor, context in zip(
        (user(), role_session(), user(), user(), root()), CONTEXTS, strict=True
    )
]


def as_identity(document: dict[str, Any], asked: AccessRequest) -> Verdict:
    attached = AttachedPolicy("one", parse_policy(document))
    return decide(asked, PolicySet(identity=(attached,))).verdict


def on_resource(document: dict[str, Any], asked: AccessRequest) -> Verdict:
    everything = policy({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    attached = AttachedPolicy("one", parse_policy(document))
    return decide(asked, PolicySet(identity=(everything,), resource=attached)).verdict


Ask = Callable[[dict[str, Any], AccessRequest], Verdict]


def verdicts(ask: Ask, document: dict[str, Any]) -> list[Verdict]:
    return [ask(document, asked) for asked in REQUESTS]


@given(st.data(), st.booleans())
def test_another_spelling_is_equal_and_decides_alike(data: st.DataObject, principal: bool) -> None:
    document = data.draw(documents(principal=principal))
    again = data.draw(rewritten(document))
    assert equal(document, again)
    assert equal(again, document)
    assert policy_lines(document, again) == ()
    verdict = on_resource if principal else as_identity
    assert verdicts(verdict, document) == verdicts(verdict, again)


@given(st.data(), st.booleans())
def test_what_decides_otherwise_is_never_equal(data: st.DataObject, principal: bool) -> None:
    """One document, and one that differs by an edit."""
    document = data.draw(documents(principal=principal, most=1))
    other = data.draw(edited(document))
    verdict = on_resource if principal else as_identity
    if verdicts(verdict, document) != verdicts(verdict, other):
        assert not equal(document, other)
    assert (policy_lines(document, other) == ()) is equal(document, other)


@st.composite
def edited(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """The document with one thing changed that may matter."""
    statements = [dict(one) for one in document["Statement"]]
    one = draw(st.sampled_from(statements))
    key = draw(st.sampled_from(sorted(one)))
    match key:
        case "Effect":
            one[key] = "Deny" if one[key] == "Allow" else "Allow"
        case "Resource" | "NotResource":
            one[key] = draw(st.sampled_from((RESOURCES[3], [swapped(text) for text in one[key]])))
        case "Condition":
            one[key] = draw(st.sampled_from(CONDITIONS + FLIPPED))
        case "Action" | "NotAction":
            one[key] = draw(st.sampled_from(ACTIONS))
        case _:
            del one[key]
    version = draw(st.sampled_from(({}, {"Version": "2008-10-17"}, {"Version": "2012-10-17"})))
    kept = draw(st.booleans())
    return {**(document if kept else version), "Statement": statements}


def swapped(arn: str) -> str:
    """The ARN with the case of its bucket changed."""
    return arn.replace(":::b/", ":::B/")


FLIPPED: tuple[dict[str, Any], ...] = (
    {"Bool": {"aws:MultiFactorAuthPresent": False}},
    {"Null": {"aws:TagKeys": "true"}},
    {"NumericEquals": {"s3:max-keys": "5.5"}},
    {"StringEquals": {"aws:username": "Ada"}},
)
