"""Which users a new policy of Vault's own user would leave without anybody who ends them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.rootfiles import EVERY, declared
from vaultaws.aws.present import UserThere
from vaultaws.config.schema import Config
from vaultaws.infra.cloudformation import load, statements_of, with_policy
from vaultaws.infra.orphaned import Left, Names, OrphansError, Reach, left_of, reach, refuse_orphans
from vaultaws.infra.rootpolicy import computed
from vaultaws.model import Role

READER = EVERY[0]
VAULTS = Names("/vault/", "vault-", exact=False)
ADA, OWN = UserThere("/vault/", "vault-ada-1"), UserThere("/vault/", "vault-root")


def reached(config: Config) -> Reach:
    return reach(computed(config).statements)


def test_a_template_tells_whom_its_policy_ends() -> None:
    policy = computed(declared())
    assert reach(statements_of(with_policy(load("vault-root"), policy).body)) == reached(declared())
    assert reached(declared()) == Reach(frozenset({VAULTS}), frozenset({"robots"}))
    assert statements_of(load("vault-root").body) == ()
    assert statements_of('Resources:\n  RootPolicy1:\n    {"by": "hand"}\n') == ()


@pytest.mark.parametrize(
    ("then", "users", "groups"),
    [
        (READER, set(), set()),
        (replace(READER, policy_arns=(), policy_document=None, iam_tags=()), set(), set()),
        (replace(READER, permissions_boundary_arn=""), set(), set()),
        (replace(READER, iam_groups=("others",)), set(), {"robots"}),
        (replace(READER, user_path="/new/"), {VAULTS}, set()),
        (EVERY[1], {VAULTS}, {"robots"}),
    ],
)
def test_only_what_no_pattern_covers_any_more_is_lost(
    then: Role, users: set[Names], groups: set[str]
) -> None:
    after = reached(declared(then))
    assert reached(declared(READER)).beyond(after) == Reach(frozenset(users), frozenset(groups))


@pytest.mark.parametrize(
    ("mine", "other", "covers"),
    [
        (Names("/", "vault-", exact=False), Names("/", "vault-ada-", exact=False), True),
        (Names("/", "vault-", exact=False), Names("/", "vault-x", exact=True), True),
        (Names("/", "vault-ada-", exact=False), Names("/", "vault-", exact=False), False),
        (Names("/", "vault-x", exact=True), Names("/", "vault-x", exact=True), True),
        (Names("/", "vault-x", exact=True), Names("/", "vault-x", exact=False), False),
        (Names("/", "", exact=False), Names("/x/", "vault-", exact=False), False),
    ],
)
def test_a_pattern_covers_what_it_says_and_no_deeper_path(
    mine: Names, other: Names, *, covers: bool
) -> None:
    assert mine.covers(other) is covers


def test_users_that_are_there_are_left_unless_another_pattern_has_them() -> None:
    before = Reach(frozenset({VAULTS}), frozenset({"robots"}))
    after = Reach(frozenset({Names("/vault/", "vault-bob-", exact=False)}), frozenset())
    bob, eve = UserThere("/vault/", "vault-bob-1"), UserThere("/", "eve")
    there, members = {VAULTS: (ADA, bob, OWN)}, {"robots": (bob, eve)}
    found = left_of(before, after, there, members, own="/vault/vault-root")
    assert found == (Left(ADA), Left(bob, "robots"))


def test_users_left_behind_are_refused_by_name() -> None:
    refuse_orphans(())
    many = [Left(UserThere("/x/", f"vault-{number}")) for number in range(5)]
    with pytest.raises(OrphansError) as refused:
        refuse_orphans((Left(ADA, "robots"), *many))
    assert refused.value.why == (
        "afterwards it may not take /vault/vault-ada-1 out of the group robots, delete /x/vault-0, "
        "delete /x/vault-1, and 3 more"
    )
    assert "leases revoke --role" in refused.value.do
