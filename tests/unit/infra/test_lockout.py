"""Who is an administrator, and when enforcing MFA would lock the last one out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.aws_clients import allow, deny
from vaultaws.infra.lockout import (
    Enforced,
    LockOutError,
    User,
    administrators,
    refuse_lock_out,
    restricted,
)

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
WITHOUT = {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}
NOBODY: frozenset[str] = frozenset()
OFFICE = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
HELD = [
    (User("a", policy_arns=(ADMIN,)), True),
    (User("a", policy_arns=(ADMIN.replace("Administrator", "ReadOnly"),)), False),
    (User("a", documents=({"Version": "2012-10-17", "Statement": allow("*")},)), True),
    (User("a", documents=({"Version": "2012-10-17", "Statement": [allow("*:*")]},)), True),
    (User("a", documents=({"Statement": allow("*", Condition=MFA)},)), True),
    (User("a", documents=({"Statement": allow("*", Condition=OFFICE)},)), False),
    (User("a", documents=({"Statement": allow("*", resource="arn:aws:s3:::b")},)), False),
    (User("a", documents=({"Statement": allow("iam:*")},)), False),
    (User("a", documents=({"Statement": deny("*")},)), False),
    (User("a", documents=({"Statement": "torn"},)), False),
    (User("a", policy_arns=(ADMIN,), documents=({"Statement": deny("*")},)), False),
    (User("a", policy_arns=(ADMIN,), documents=({"Statement": deny("s3:*")},)), True),
    (
        User("a", policy_arns=(ADMIN,), documents=({"Statement": deny("*", Condition=OFFICE)},)),
        True,
    ),
]


@pytest.mark.parametrize(("user", "is_one"), HELD)
def test_an_administrator_may_do_everything(user: User, is_one: bool) -> None:
    assert bool(administrators([user])) is is_one


def granted(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


BLOCK = {**deny("*"), "NotAction": ["iam:EnableMFADevice"]}
del BLOCK["Action"]
ADA = User("ada", ("admins",), policy_arns=(ADMIN,))
BEN = User("ben", ("admins", "ops"), policy_arns=(ADMIN,))
CLEO = User("cleo", ("AdminMFAGroup",), documents=(granted(allow("*", Condition=MFA)),))


@pytest.mark.parametrize(
    ("with_device", "groups", "users", "locked"),
    [
        ((), ("admins",), (), True),
        ((), (), ("ada", "ben"), True),
        ((), ("ops",), ("ada",), True),
        (("ben",), ("admins",), (), False),
        ((), ("ops",), (), False),  # Ada is not held to it
        ((), ("nobody",), (), False),
    ],
)
def test_the_last_administrator_keeps_a_way_in(
    with_device: tuple[str, ...], groups: tuple[str, ...], users: tuple[str, ...], locked: bool
) -> None:
    hold((ADA, BEN), with_device, Enforced(frozenset(groups), frozenset(users)), locked=locked)


def hold(
    found: tuple[User, ...], with_device: Iterable[str], enforced: Enforced, *, locked: bool
) -> None:
    if locked:
        with pytest.raises(LockOutError, match="last administrator"):
            refuse_lock_out(found, frozenset(with_device), enforced)
    else:
        refuse_lock_out(found, frozenset(with_device), enforced)


@pytest.mark.parametrize(
    "condition",
    [
        MFA,
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
        {"Null": {"aws:MultiFactorAuthAge": "false"}},
        {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
    ],
)
@pytest.mark.parametrize("device", [False, True])
def test_who_needs_a_device_and_has_none_is_no_way_in(
    condition: dict[str, Any], *, device: bool
) -> None:
    dora = User("dora", documents=(granted(allow("*", Condition=condition)),))
    assert administrators([dora]) == (dora,)
    with_device = {"dora"} if device else set()
    hold((ADA, dora), with_device, Enforced(frozenset({"admins"}), NOBODY), locked=not device)


@pytest.mark.parametrize(
    ("other", "locked"),
    [
        (User("eve", policy_arns=(ADMIN,), documents=(granted({**BLOCK, **WITHOUT}),)), True),
        (
            User("eve", policy_arns=(ADMIN,), documents=(granted(deny("*", Condition=OFFICE)),)),
            False,
        ),
        (replace(CLEO, policy_arns=(ADMIN,)), False),
        (replace(CLEO, name="ada"), True),
    ],
)
def test_a_deny_that_stands_already_counts_and_one_free_way_suffices(
    other: User, *, locked: bool
) -> None:
    hold((ADA, other), (), Enforced(frozenset({"admins"}), NOBODY), locked=locked)


def test_where_nobody_could_come_in_before_nothing_is_lost() -> None:
    hold((CLEO,), (), Enforced(frozenset(CLEO.groups), NOBODY), locked=False)


def test_who_is_named_is_who_loses_his_way_in() -> None:
    enforced = Enforced(frozenset({"admins", "AdminMFAGroup"}), NOBODY)
    with pytest.raises(LockOutError) as refused:
        refuse_lock_out((ADA, CLEO), frozenset(), enforced)
    assert refused.value.why == (
        "MFA would be enforced on ada; no administrator would be left who has a device or needs "
        "none"
    )
    assert restricted((ADA, BEN, CLEO), frozenset({"ben"}), enforced) == ("ada",)


def test_an_account_without_administrators_among_its_users_locks_nobody_out() -> None:
    refuse_lock_out((), frozenset(), Enforced(frozenset({"admins"}), frozenset()))
