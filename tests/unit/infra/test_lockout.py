"""Who is an administrator, and when enforcing MFA would lock the last one out."""

from __future__ import annotations

import pytest

from tests.support.aws_clients import allow, deny
from vaultaws.infra.lockout import Enforced, LockOutError, User, administrators, refuse_lock_out

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
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
]


@pytest.mark.parametrize(("user", "is_one"), HELD)
def test_an_administrator_may_do_everything(user: User, is_one: bool) -> None:
    assert bool(administrators([user])) is is_one


ADA = User("ada", ("admins",), policy_arns=(ADMIN,))
BEN = User("ben", ("admins", "ops"), policy_arns=(ADMIN,))


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
    enforced = Enforced(frozenset(groups), frozenset(users))
    if locked:
        with pytest.raises(LockOutError, match="last administrator"):
            refuse_lock_out((ADA, BEN), frozenset(with_device), enforced)
    else:
        refuse_lock_out((ADA, BEN), frozenset(with_device), enforced)


def test_an_account_without_administrators_among_its_users_locks_nobody_out() -> None:
    refuse_lock_out((), frozenset(), Enforced(frozenset({"admins"}), frozenset()))
