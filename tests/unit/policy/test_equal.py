"""What two policies must share to be the same to IAM, and what they need not."""

from __future__ import annotations

from typing import Any

import pytest

from vaultaws.policy.equal import equal

BASE = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}


def document(**more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{**BASE, **more}]}


def condition(operator: str, value: Any, key: str = "aws:x") -> dict[str, Any]:
    return document(Condition={operator: {key: value}})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (document(), {"Statement": BASE, "Version": "2012-10-17"}),
        (document(), document(Action=["S3:getobject", "s3:GetObject"])),
        (document(), document(Sid="")),
        ({"Statement": [BASE]}, {"Version": "2008-10-17", "Statement": [BASE]}),
        (document(), {"Version": "2012-10-17", "Statement": [BASE, BASE]}),
        (condition("Bool", True), condition("bool", "TRUE", "AWS:X")),
        (condition("NumericLessThan", 10), condition("NumericLessThan", ["+10.00", "10"])),
        (condition("ForAnyValue:NumericEquals", 0), condition("foranyvalue:numericequals", "-0.0")),
        (document(Principal="*"), document(Principal={"AWS": ["*"]})),
        (
            document(Principal={"AWS": "111122223333"}),
            document(Principal={"AWS": ["arn:aws:iam::111122223333:root", "111122223333"]}),
        ),
        (None, None),
        ({"not": ["a", "policy"]}, {"not": ["a", "policy"]}),
    ],
)
def test_the_same_to_iam(one: Any, other: Any) -> None:
    assert equal(one, other)
    assert equal(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (document(), document(Resource="arn:aws:s3:::B/k")),
        (document(), document(Effect="Deny")),
        (document(), document(Sid="Read")),
        (document(), {"Statement": [BASE]}),
        (document(), {**document(), "Id": "one"}),
        (document(Action="s3:*"), document(NotAction="s3:*")),
        (condition("StringEquals", "a"), condition("StringEquals", "A")),
        (condition("StringEquals", "1.0"), condition("StringEquals", "1")),
        (condition("StringEquals", "true"), condition("StringEqualsIfExists", "true")),
        (condition("StringEquals", []), document()),
        (condition("Bool", True), condition("Bool", False)),
        (condition("Null", "true"), condition("Null", False)),
        (
            condition("NumericEquals", "1" + "0" * 30),
            condition("NumericEquals", "1" + "0" * 29 + "1"),
        ),
        (document(Principal={"AWS": "*"}), document(Principal={"Service": "*"})),
        (
            document(Principal={"AWS": "arn:aws:iam::111122223333:user/root"}),
            document(Principal={"AWS": "111122223333"}),
        ),
        (document(), None),
        ({"not": ["a", "policy"]}, {"not": ["policy", "a"]}),
        ({"not": 1}, {"not": True}),
    ],
)
def test_not_the_same(one: Any, other: Any) -> None:
    assert not equal(one, other)
    assert not equal(other, one)
