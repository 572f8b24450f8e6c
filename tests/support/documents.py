"""Policy documents and their rewritings, for properties."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support.policies import ACCOUNT, OTHER_ACCOUNT, ROLE_ARN, USER_ARN

ACTIONS = ("s3:GetObject", "s3:PutObject", "ec2:DescribeInstances", "iam:GetUser")
ACTION_PATTERNS = (*ACTIONS, "*", "s3:*", "S3:get*", "s3:???Object", "ec2:?escribe*")
RESOURCES = ("*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/ada", "arn:aws:s3:::B/k", USER_ARN)
RESOURCE_PATTERNS = (
    *RESOURCES,
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::?/k",
    "arn:aws:s3:::b/${aws:username}",
)
PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": ACCOUNT},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    {"AWS": USER_ARN},
    {"AWS": [ROLE_ARN, f"arn:aws:iam::{OTHER_ACCOUNT}:root"]},
    {"Service": "ec2.amazonaws.com", "AWS": ["*"]},
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"StringEquals": {"aws:username": "ada"}},
    {"StringNotEquals": {"aws:username": ["ada", "Ada"]}},
    {"StringLike": {"aws:username": ["a*", "${aws:nothing}"]}},
    {"Bool": {"aws:MultiFactorAuthPresent": True}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:TagKeys": False}},
    {"NumericLessThan": {"s3:max-keys": 10}},
    {"NumericEquals": {"s3:max-keys": ["10", 5.5, "-0"]}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": "a*"}, "Bool": {"aws:SecureTransport": False}},
    {"NoSuchOperator": {"aws:username": "ada"}},
)


def lists(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


@st.composite
def statements(draw: st.DrawFn, *, principal: bool = False) -> dict[str, Any]:
    one: dict[str, Any] = {"Effect": draw(st.sampled_from(("Allow", "Allow", "Deny")))}
    one[draw(st.sampled_from(("Action", "Action", "NotAction")))] = draw(lists(ACTION_PATTERNS))
    one[draw(st.sampled_from(("Resource", "Resource", "NotResource")))] = draw(
        lists(RESOURCE_PATTERNS)
    )
    if draw(st.booleans()):
        one["Condition"] = draw(st.sampled_from(CONDITIONS))
    if principal:
        one[draw(st.sampled_from(("Principal", "NotPrincipal")))] = draw(
            st.sampled_from(PRINCIPALS)
        )
    return one


@st.composite
def documents(draw: st.DrawFn, *, principal: bool = False, most: int = 3) -> dict[str, Any]:
    found = draw(st.lists(statements(principal=principal), min_size=1, max_size=most))
    for position, one in enumerate(found):
        if draw(st.booleans()):
            one["Sid"] = draw(st.sampled_from(("Read", "Write"))) + str(position)
    version = draw(st.sampled_from(({}, {"Version": "2008-10-17"}, {"Version": "2012-10-17"})))
    return {**version, "Statement": found}


@st.composite
def rewritten(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """The document in another spelling that means the same to IAM."""
    found = [draw(_statement(one)) for one in document["Statement"]]
    found = draw(st.permutations(found))
    alone = len(found) == 1 and draw(st.booleans())
    again: dict[str, Any] = {**document, "Statement": found[0] if alone else list(found)}
    if document.get("Version", "2008-10-17") == "2008-10-17":
        again.pop("Version", None)
        if draw(st.booleans()):
            again["Version"] = "2008-10-17"
    if draw(st.booleans()):
        again["Id"] = ""
    return draw(_shuffled(again))


@st.composite
def _statement(draw: st.DrawFn, one: dict[str, Any]) -> dict[str, Any]:
    again: dict[str, Any] = {}
    for key, value in one.items():
        if key.endswith("Action"):
            again[key] = draw(_relisted([draw(_any_case(text)) for text in value]))
        elif key.endswith("Resource"):
            again[key] = draw(_relisted(value))
        elif key.endswith("Principal"):
            again[key] = draw(_principal(value))
        elif key == "Condition":
            again[key] = draw(_condition(value))
        else:
            again[key] = value
    if not again.get("Sid") and draw(st.booleans()):
        again["Sid"] = ""
    return draw(_shuffled(again))


@st.composite
def _principal(draw: st.DrawFn, value: Any) -> Any:
    if value == "*":
        return draw(st.sampled_from(("*", {"AWS": "*"}, {"AWS": ["*"]})))
    return draw(
        _shuffled({kind: draw(_relisted(_renamed(draw, names))) for kind, names in value.items()})
    )


def _renamed(draw: st.DrawFn, names: Any) -> list[str]:
    """Accounts by number or by the ARN of their root."""
    listed = [names] if isinstance(names, str) else list(names)
    for account in (ACCOUNT, OTHER_ACCOUNT):
        forms = (account, f"arn:aws:iam::{account}:root")
        listed = [draw(st.sampled_from(forms)) if name in forms else name for name in listed]
    return listed


@st.composite
def _condition(draw: st.DrawFn, blocks: dict[str, Any]) -> dict[str, Any]:
    again = {
        draw(_any_case(operator)): {
            draw(_any_case(key)): draw(
                _relisted([draw(_respelled(operator, one)) for one in _listed(values)])
            )
            for key, values in block.items()
        }
        for operator, block in blocks.items()
    }
    return draw(_shuffled(again))


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list) else [values]


def _respelled(operator: str, value: Any) -> st.SearchStrategy[Any]:
    """A value as a string, a number or a boolean."""
    forms = {
        True: (True, "true", "TRUE"),
        False: (False, "false", "False"),
        10: (10, "10", "10.0", "+10"),
        "10": (10, "10", 10.0, "010"),
        5.5: (5.5, "5.5", "5.50"),
        "-0": ("-0", 0, "0", 0.0),
    }
    if operator.startswith(("Numeric", "Bool", "Null")) and value in forms:
        return st.sampled_from(forms[value])
    return st.just(value)


@st.composite
def _relisted(draw: st.DrawFn, values: list[Any]) -> Any:
    """The same values in another order, some twice, or one by itself."""
    if len(set(map(str, values))) == 1 and draw(st.booleans()):
        return values[0]
    return [*draw(st.permutations(values)), *draw(st.lists(st.sampled_from(values), max_size=2))]


@st.composite
def _any_case(draw: st.DrawFn, text: str) -> str:
    return draw(st.sampled_from((text, text.lower(), text.upper(), text.swapcase())))


@st.composite
def _shuffled(draw: st.DrawFn, mapping: dict[str, Any]) -> dict[str, Any]:
    return dict(draw(st.permutations(list(mapping.items()))))
