"""Equality of policies against the evaluator: what is equal decides alike."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.documents import ACTIONS, RESOURCES, documents, rewritten
from tests.support.policies import policy, request, role_session, root, user
from vaultaws.plan.policydiff import policy_lines
from vaultaws.policy.document import parse_policy
from vaultaws.policy.equal import equal
from vaultaws.policy.evaluate import decide
from vaultaws.policy.values import AccessRequest, AttachedPolicy, PolicySet, Verdict

CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "aws:username": st.sampled_from(("ada", "Ada", "ben")),
        "aws:multifactorauthpresent": st.sampled_from(("true", "false")),
        "aws:securetransport": st.sampled_from(("true", "false")),
        "s3:max-keys": st.sampled_from(("5.5", "10", "11", "0")),
        "aws:tagkeys": st.sampled_from((("a",), ("a", "b"), ("c",))),
    },
)


REQUESTS = st.builds(
    lambda action, resource, actor, context: request(
        action,
        resource,
        actor=actor,
        context={key: (one,) if isinstance(one, str) else one for key, one in context.items()},
    ),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    st.sampled_from((user(), user("ben"), role_session(), root())),
    CONTEXTS,
)


def as_identity(document: dict[str, Any], asked: AccessRequest) -> Verdict:
    attached = AttachedPolicy("one", parse_policy(document))
    return decide(asked, PolicySet(identity=(attached,))).verdict


def on_resource(document: dict[str, Any], asked: AccessRequest) -> Verdict:
    everything = policy({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"})
    attached = AttachedPolicy("one", parse_policy(document))
    return decide(asked, PolicySet(identity=(everything,), resource=attached)).verdict


@given(st.data(), st.booleans())
def test_another_spelling_is_equal_and_decides_alike(data: st.DataObject, principal: bool) -> None:
    document = data.draw(documents(principal=principal))
    again = data.draw(rewritten(document))
    assert equal(document, again)
    assert equal(again, document)
    assert policy_lines(document, again) == ()
    verdict = on_resource if principal else as_identity
    for asked in data.draw(st.lists(REQUESTS, min_size=1, max_size=5)):
        assert verdict(document, asked) is verdict(again, asked)


@given(st.data(), st.booleans())
def test_what_decides_otherwise_is_never_equal(data: st.DataObject, principal: bool) -> None:
    """One document, and one that differs by an edit, or by everything."""
    document = data.draw(documents(principal=principal))
    other = data.draw(st.one_of(documents(principal=principal), edited(document)))
    verdict = on_resource if principal else as_identity
    asked = data.draw(st.lists(REQUESTS, min_size=3, max_size=6))
    decides_alike = all(verdict(document, one) is verdict(other, one) for one in asked)
    assert decides_alike or not equal(document, other)
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
            one[key] = draw(st.sampled_from((*RESOURCES, [text.swapcase() for text in one[key]])))
        case "Action" | "NotAction":
            one[key] = draw(st.sampled_from(ACTIONS))
        case _:
            del one[key]
    version = draw(st.sampled_from(("2008-10-17", "2012-10-17")))
    return {"Version": version, "Statement": statements}
