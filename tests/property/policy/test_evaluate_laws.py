"""Laws of evaluation that must hold for every request and every set of policies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.policies import (
    USER_ARN,
    federated,
    policy,
    request,
    role_session,
    root,
    session_user,
    statement,
    user,
)
from vaultaws.policy.evaluate import decide
from vaultaws.policy.messages import denial_message
from vaultaws.policy.values import (
    AccessRequest,
    AttachedPolicy,
    PolicySet,
    Source,
    Verdict,
)

ACTIONS = ("s3:GetObject", "s3:PutObject", "ec2:DescribeInstances", "sts:AssumeRole", "iam:GetUser")
RESOURCES = (
    "*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/ada",
    USER_ARN,
    "arn:aws:iam::111122223333:role/ops",
    "arn:aws:iam::444455556666:role/ops",
)
ACTION_PATTERNS = st.sampled_from((*ACTIONS, "*", "s3:*", "S3:Get*", "ec2:?escribe*", "sts:*"))
RESOURCE_PATTERNS = st.sampled_from(
    (*RESOURCES, "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:iam::*:role/*")
)
CONDITIONS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {},
        {"StringEquals": {"aws:username": "ada"}},
        {"StringNotEquals": {"aws:username": "ada"}},
        {"StringLike": {"aws:username": ["a*", "${aws:nothing}"]}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
        {"ForAnyValue:StringLike": {"aws:TagKeys": ["a*"]}},
        {"Null": {"aws:username": "true"}},
        {"StringResembles": {"aws:username": "ada"}},
        {"StringEquals": {"aws:TagKeys": "a"}},
        {"NumericLessThan": {"aws:username": "5"}},
    ]
)
PRINCIPALS: st.SearchStrategy[Any] = st.sampled_from(
    [
        "*",
        {"AWS": "111122223333"},
        {"AWS": [USER_ARN, "arn:aws:iam::111122223333:role/ops"]},
        {"AWS": "arn:aws:iam::444455556666:root"},
        {"AWS": "arn:aws:sts::111122223333:assumed-role/ops/one"},
        {"Service": "ec2.amazonaws.com"},
    ]
)


def some(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(values, min_size=1, max_size=3)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> dict[str, Any]:
    one: dict[str, Any] = {"Effect": effect or draw(st.sampled_from(("Allow", "Deny")))}
    one[draw(st.sampled_from(("Action", "Action", "NotAction")))] = draw(some(ACTION_PATTERNS))
    element = draw(st.sampled_from(("Resource", "Resource", "NotResource")))
    one[element] = draw(some(RESOURCE_PATTERNS))
    condition = draw(CONDITIONS)
    if condition:
        one["Condition"] = condition
    return one


@st.composite
def attached(draw: st.DrawFn, effect: str | None = None) -> AttachedPolicy:
    return policy(*draw(st.lists(statements(effect), min_size=1, max_size=3)))


@st.composite
def resource_policies(draw: st.DrawFn) -> AttachedPolicy:
    listed = draw(st.lists(statements(), min_size=1, max_size=2))
    return policy(*({**one, "Principal": draw(PRINCIPALS)} for one in listed))


@st.composite
def requests(draw: st.DrawFn) -> AccessRequest:
    actors = [
        user(),
        user("bob", account="444455556666"),
        session_user(),
        session_user(mfa=True),
        role_session(),
        federated(),
        root(),
    ]
    context = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "aws:username": st.sampled_from([("ada",), ("bob",), ("7",)]),
                "aws:multifactorauthpresent": st.sampled_from([("true",), ("false",)]),
                "aws:tagkeys": st.sampled_from([(), ("a",), ("a", "c"), ("b", "a")]),
            },
        )
    )
    return request(
        draw(st.sampled_from(ACTIONS)),
        draw(st.sampled_from(RESOURCES)),
        actor=draw(st.sampled_from(actors)),
        context=context,
        resource_account=draw(st.sampled_from(["", "111122223333", "444455556666"])),
    )


@st.composite
def policy_sets(draw: st.DrawFn) -> PolicySet:
    return PolicySet(
        identity=tuple(draw(st.lists(attached(), max_size=3))),
        boundary=draw(st.none() | attached()),
        session=draw(st.none() | st.lists(attached(), max_size=2).map(tuple)),
        trust=draw(st.none() | resource_policies()),
        resource=draw(st.none() | resource_policies()),
    )


DENY_ALL = policy(statement("Deny"), name="deny")


@given(requests(), policy_sets())
def test_an_explicit_deny_always_wins(asked: AccessRequest, policies: PolicySet) -> None:
    if asked.actor.kind == "root":
        denied = replace(
            policies,
            resource=policy({**statement("Deny"), "Principal": "*"}),
            trust=policy({**statement("Deny"), "Principal": "*"}),
        )
    else:
        denied = replace(policies, identity=(*policies.identity, DENY_ALL))
    decision = decide(asked, denied)
    assert decision.verdict is Verdict.EXPLICIT_DENY


@given(requests(), policy_sets(), attached("Deny"))
def test_adding_a_deny_never_grants(
    asked: AccessRequest, policies: PolicySet, deny: AttachedPolicy
) -> None:
    more = replace(policies, identity=(*policies.identity, deny))
    assert decide(asked, policies).allowed or not decide(asked, more).allowed


@given(requests(), policy_sets(), attached("Allow"))
def test_adding_an_allow_never_revokes(
    asked: AccessRequest, policies: PolicySet, allow: AttachedPolicy
) -> None:
    more = replace(policies, identity=(*policies.identity, allow))
    assert decide(asked, more).allowed or not decide(asked, policies).allowed


@given(requests(), policy_sets(), attached())
def test_a_boundary_never_grants(
    asked: AccessRequest, policies: PolicySet, boundary: AttachedPolicy
) -> None:
    free = replace(policies, boundary=None)
    bound = replace(policies, boundary=boundary)
    assert decide(asked, free).allowed or not decide(asked, bound).allowed


@given(requests(), policy_sets(), st.lists(attached(), max_size=2))
def test_session_policies_never_grant(
    asked: AccessRequest, policies: PolicySet, session: list[AttachedPolicy]
) -> None:
    if asked.actor.kind == "federation-token":
        # without session policies a federated user has nothing: compare with all rights lent
        free = replace(policies, session=(policy(statement()),))
    else:
        free = replace(policies, session=None)
    limited = replace(policies, session=tuple(session))
    assert decide(asked, free).allowed or not decide(asked, limited).allowed


@given(requests(), st.lists(statements(), min_size=2, max_size=5), st.randoms())
def test_the_order_of_statements_does_not_matter(
    asked: AccessRequest, listed: list[dict[str, Any]], random: Any
) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)
    first = decide(asked, PolicySet(identity=(policy(*listed),)))
    second = decide(asked, PolicySet(identity=(policy(*shuffled),)))
    split = decide(asked, PolicySet(identity=tuple(policy(one) for one in shuffled)))
    assert first.verdict is second.verdict is split.verdict


@given(requests(), ACTION_PATTERNS, RESOURCE_PATTERNS, st.sampled_from(("Allow", "Deny")))
def test_a_text_and_a_list_of_one_are_the_same(
    asked: AccessRequest, action: str, resource: str, effect: str
) -> None:
    everything = statement()
    single = policy(everything, statement(effect, action, resource))
    listed = policy(everything, statement(effect, [action], [resource]))
    assert decide(asked, PolicySet(identity=(single,))) == decide(
        asked, PolicySet(identity=(listed,))
    )


@given(requests(), policy_sets())
def test_a_decision_is_the_same_every_time_and_can_be_said(
    asked: AccessRequest, policies: PolicySet
) -> None:
    decision = decide(asked, policies)
    assert decide(asked, policies) == decision
    if not decision.allowed:
        assert asked.actor.arn in denial_message(asked, decision)


@given(requests(), policy_sets())
def test_without_any_allow_only_root_and_exempt_calls_pass(
    asked: AccessRequest, policies: PolicySet
) -> None:
    decision = decide(asked, PolicySet())
    assert not decision.allowed or decision.source in {Source.ROOT, Source.EXEMPT}


@given(policy_sets(), requests())
def test_a_federated_user_has_no_more_than_its_owner_and_its_session(
    policies: PolicySet, asked: AccessRequest
) -> None:
    """Leaving policies on resources aside, which may name the federated user itself."""
    asked = replace(asked, actor=federated(), resource_account="")
    plain = replace(policies, trust=None, resource=None)
    if decide(asked, plain).allowed:
        assert plain.session
        assert decide(replace(asked, actor=role_session()), replace(plain, session=None)).allowed
        lent = replace(plain, identity=plain.session, session=None)
        assert decide(replace(asked, actor=role_session()), lent).allowed
