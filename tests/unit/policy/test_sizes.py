"""Size rules (IAM user guide, quotas; STS API reference)."""

from __future__ import annotations

import pytest

from vaultaws.policy.sizes import (
    MANAGED_CHARACTERS,
    USER_INLINE_CHARACTERS,
    PackedPolicyTooLargeError,
    PolicyTooLargeError,
    SessionPolicyTooLongError,
    check_inline_size,
    check_managed_size,
    check_session_size,
    check_trust_size,
    counted_size,
    packed_percent,
)


def test_white_space_is_not_counted() -> None:
    assert counted_size(' { "a" :\n\t"b c" } ') == len('{"a":"bc"}')


def test_inline_policies_of_a_user_count_together() -> None:
    half = "x" * (USER_INLINE_CHARACTERS // 2)
    check_inline_size("user", "ada", [half, half + " \n"])
    with pytest.raises(PolicyTooLargeError, match="2048 bytes exceeded for user ada"):
        check_inline_size("user", "ada", [half, half, "x"])
    check_inline_size("group", "g", [half, half, "x"])
    check_inline_size("role", "r", [half] * 10)
    with pytest.raises(PolicyTooLargeError, match="10240 bytes exceeded for role r"):
        check_inline_size("role", "r", [half] * 11)


def test_managed_and_trust_policies() -> None:
    check_managed_size("x" * MANAGED_CHARACTERS)
    with pytest.raises(PolicyTooLargeError, match="PolicySize: 6144"):
        check_managed_size("x" * (MANAGED_CHARACTERS + 1))
    check_trust_size("x" * 2048)
    with pytest.raises(PolicyTooLargeError, match="ACLSizePerRole: 2048"):
        check_trust_size("x" * 2049)


def test_a_session_policy_is_bounded_plain_and_packed() -> None:
    assert check_session_size("") == 0
    with pytest.raises(SessionPolicyTooLongError, match="less than or equal to 2048"):
        check_session_size(" " * 2049)
    tags = {f"key{number}": "v" * 250 for number in range(10)}
    with pytest.raises(PackedPolicyTooLargeError, match=r"consumes 1\d\d% of allotted space"):
        check_session_size("{}", tags=tags)


def test_the_estimate_agrees_with_the_example_of_sts() -> None:
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Sid":"Stmt1","Effect":"Allow",'
        '"Action":"s3:ListAllMyBuckets","Resource":"*"}]}'
    )
    tags = {"Project": "Unicorn", "Team": "Automation", "Cost-Center": "12345"}
    assert packed_percent(policy, [], tags) == 8
