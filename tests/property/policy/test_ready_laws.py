"""Whatever values are accepted, a filled policy allows what its page says and nothing beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.policies import user
from tests.support.readied import LIBRARY, VALUES
from vaultaws.policy.checks import PolicyKind, check_policy
from vaultaws.policy.document import PolicyDocument, parse_policy
from vaultaws.policy.evaluate import decide
from vaultaws.policy.placeholders import KINDS, PLACEHOLDER, BadPlaceholderValueError, check, fill
from vaultaws.policy.sizes import check_managed_size
from vaultaws.policy.values import AccessRequest, AttachedPolicy, PolicySet

TAME = st.text("ab0-/._+", min_size=1, max_size=16)
NASTY = st.text('*?$"\\{}/.:\n aZ0-_=+@,#', max_size=20)
FILLED = [name for name, policy in LIBRARY.items() if policy.placeholders]
ACTIONS = (
    *("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:PutBucketPolicy"),
    *("logs:GetLogEvents", "logs:PutLogEvents", "logs:DeleteLogGroup", "iam:PassRole"),
    *("iam:CreateUser", "iam:CreateAccessKey", "sts:AssumeRole", "ecs:UpdateService"),
    *("ecs:RunTask", "lambda:UpdateFunctionCode", "lambda:InvokeFunction", "ecr:PutImage"),
    *("cloudformation:UpdateStack", "cloudformation:DeleteStack", "kms:Decrypt"),
    *("secretsmanager:GetSecretValue", "ssm:GetParameter", "ec2:RunInstances"),
)
KEYS = st.text("abt/.-_eamsd", min_size=1, max_size=24)


@st.composite
def filled(draw: st.DrawFn, name: str) -> tuple[str, dict[str, str]]:
    """A policy with whatever of the drawn values is accepted, and examples for the rest."""
    said = {each: draw(st.one_of(TAME, TAME, NASTY)) for each in LIBRARY[name].placeholders}
    for each, value in said.items():
        try:
            check(each, value)
        except BadPlaceholderValueError:
            said[each] = KINDS[each].example
    return fill(LIBRARY[name].text, said), said


def allows(document: PolicyDocument, action: str, resource: str, **context: str) -> bool:
    keys = {key.replace("_", ":", 1): (value,) for key, value in context.items()}
    request = AccessRequest(user(), action, resource, keys)
    return decide(request, PolicySet(identity=(AttachedPolicy("p", document),))).allowed


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield str(value)


@pytest.mark.parametrize("name", FILLED)
@settings(max_examples=40)
@given(data=st.data())
def test_it_is_the_same_policy_with_names_in_it(name: str, data: st.DataObject) -> None:
    text, said = data.draw(filled(name))
    document = json.loads(text)
    before = list(leaves(json.loads(LIBRARY[name].text)))
    after = list(leaves(document))
    assert after == [PLACEHOLDER.sub(lambda found: said[found[1]], leaf) for leaf in before]
    for old, new in zip(before, after, strict=True):
        assert [new.count(mark) for mark in "*?$"] == [old.count(mark) for mark in "*?$"]
    check_policy(parse_policy(text), PolicyKind.IDENTITY)
    check_managed_size(text)


@pytest.mark.parametrize("name", FILLED)
@settings(max_examples=40)
@given(data=st.data(), action=st.sampled_from(ACTIONS))
def test_no_action_is_allowed_that_is_not_declared(
    name: str, data: st.DataObject, action: str
) -> None:
    text, _ = data.draw(filled(name))
    statements = json.loads(LIBRARY[name].text)["Statement"]
    declared = [
        one
        for each in statements
        if each["Effect"] == "Allow"
        for one in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    ]
    fits = any(re.fullmatch(one.replace("*", ".*"), action) for one in declared)
    resources = [
        leaf for leaf in leaves(json.loads(text)) if leaf == "*" or leaf.startswith("arn:")
    ]
    resource = data.draw(st.sampled_from(resources)).replace("*", "x")
    assert fits or not allows(parse_policy(text), action, resource)


@pytest.mark.parametrize("name", ["s3-read", "s3-write"])
@settings(max_examples=40)
@given(data=st.data(), key=KEYS)
def test_no_key_outside_the_prefix_is_reached(name: str, data: st.DataObject, key: str) -> None:
    text, said = data.draw(filled(name))
    document, bucket, prefix = parse_policy(text), said["bucket"], said["prefix"]
    inside = f"arn:aws:s3:::{bucket}/{prefix}/{key}"
    assert allows(document, "s3:GetObject", inside)
    assert allows(document, "s3:PutObject", inside) is (name == "s3-write")
    for outside in (
        f"arn:aws:s3:::{bucket}/{key}",
        f"arn:aws:s3:::{bucket}/{prefix}{key.lstrip('/')}",
        f"arn:aws:s3:::{bucket}x/{prefix}/{key}",
        f"arn:aws:s3:::{key.replace('/', '-')}/{prefix}/{key}",
    ):
        if not outside.startswith(f"arn:aws:s3:::{bucket}/{prefix}/"):
            assert not allows(document, "s3:GetObject", outside)
            assert not allows(document, "s3:PutObject", outside)
    here = f"arn:aws:s3:::{bucket}"
    asked = key if not key.startswith(f"{prefix}/") else ""
    assert allows(document, "s3:ListBucket", here, s3_prefix=f"{prefix}/{key}")
    assert not allows(document, "s3:ListBucket", here, s3_prefix=asked)
    assert not allows(document, "s3:ListBucket", here)


PASSED = {
    "deploy-ecs": (("task_role", "execution_role"), "ecs-tasks.amazonaws.com"),
    "deploy-lambda": (("function_role",), "lambda.amazonaws.com"),
    "deploy-cloudformation": (("service_role",), "cloudformation.amazonaws.com"),
}


@pytest.mark.parametrize("name", PASSED)
@settings(max_examples=40)
@given(data=st.data(), other=st.text("abcr/+", min_size=1, max_size=12))
def test_only_the_named_roles_go_to_the_one_service(
    name: str, data: st.DataObject, other: str
) -> None:
    text, said = data.draw(filled(name))
    document, (roles, service) = parse_policy(text), PASSED[name]
    start = f"arn:aws:iam::{said['account']}:role/"
    named = [said[role] for role in roles]
    for role in named:
        assert allows(document, "iam:PassRole", start + role, iam_passedtoservice=service)
        assert not allows(document, "iam:PassRole", start + role)
        ec2 = {"iam_passedtoservice": "ec2.amazonaws.com"}
        assert not allows(document, "iam:PassRole", start + role, **ec2)
    if other not in named:
        here = {"iam_passedtoservice": service}
        assert not allows(document, "iam:PassRole", start + other, **here)


def test_what_is_refused_would_have_widened_it() -> None:
    """The laws can fail: an unchecked star does reach outside."""
    unchecked = {**VALUES, "prefix": "*"}
    text = PLACEHOLDER.sub(lambda found: unchecked[found[1]], LIBRARY["s3-read"].text)
    outside = f"arn:aws:s3:::{VALUES['bucket']}/secret/a"
    assert allows(parse_policy(text), "s3:GetObject", outside)
    with pytest.raises(BadPlaceholderValueError):
        fill(LIBRARY["s3-read"].text, unchecked)
