"""What Vault's own user may call: judged from its policies, and beside IAM's word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.rooted import ACCOUNT, ARN, USER, holding, statement
from vaultaws.aws.policies_of import Held, HeldPolicy
from vaultaws.aws.simulate import Opinion
from vaultaws.lint.needs import Need, Purpose
from vaultaws.root.rights import Right, Standing, Wanted, judge, merged, worth_asking

ALLOWED, DENIED, UNKNOWN = Standing.ALLOWED, Standing.DENIED, Standing.UNKNOWN
CREATE = Wanted("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/vault-x", ("reader",))
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
ASSUME = Wanted("sts:AssumeRole", ROLE, ("deploy",))
YES, NO = Opinion("allowed"), Opinion("implicitDeny")


def right(
    held: Held | None, opinion: Opinion | None = None, wanted: Wanted = CREATE, **trusts: Any
) -> Right:
    opinions = {wanted.question: opinion} if opinion is not None else {}
    (found,) = judge([wanted], held, opinions, trusts.get("trusts", {}))
    return found


def test_a_policy_that_allows() -> None:
    found = right(holding(statement("Allow", "iam:*")))
    assert (found.computed, found.asked, found.standing) == (ALLOWED, UNKNOWN, ALLOWED)
    assert found.why == ""


def test_nothing_allows() -> None:
    found = right(holding(statement("Allow", "sts:*")))
    assert found.standing is DENIED
    assert found.why == "no identity-based policy allows it"


def test_a_deny_names_its_policy_and_statement() -> None:
    deny = statement("Deny", "iam:Create*", Sid="Never")
    found = right(holding(statement("Allow", "*"), deny))
    assert found.standing is DENIED
    assert found.why == "vault-root/own denies it (statement Never)"


def test_the_boundary_counts() -> None:
    boundary = HeldPolicy(
        "arn:b", {"Version": "2012-10-17", "Statement": statement("Allow", "sts:*")}
    )
    user = replace(USER, boundary_arn="arn:b")
    found = right(holding(statement("Allow", "*"), user=user, boundary=boundary))
    assert found.standing is DENIED
    assert "permissions boundary" in found.why


def test_a_boundary_that_is_withheld_leaves_it_open() -> None:
    user = replace(USER, boundary_arn="arn:b")
    found = right(holding(statement("Allow", "*"), user=user, unread=("no",)))
    assert found.standing is UNKNOWN
    assert "could not be read" in found.why


@pytest.mark.parametrize("policy", [{}, {"Statement": 7}, {"Version": "1999-01-01"}])
def test_a_policy_that_cannot_be_understood_counts_as_withheld(policy: dict[str, Any]) -> None:
    held = holding(statement("Allow", "iam:*"))
    held = replace(held, policies=(*held.policies, HeldPolicy("odd", policy)))
    assert right(held).standing is UNKNOWN


def test_what_is_withheld_cannot_undo_a_deny() -> None:
    held = holding(statement("Allow", "*"), statement("Deny", "iam:*"), unread=("no",))
    assert right(held).standing is DENIED


def test_a_condition_that_nobody_can_tell_leaves_it_open() -> None:
    near = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    found = right(holding(statement("Allow", "iam:*", Condition=near)))
    assert found.standing is UNKNOWN
    assert "conditions" in found.why


def test_a_condition_on_what_is_known_is_decided() -> None:
    mine = {"StringEquals": {"aws:username": "vault-root"}}
    other = {"StringEquals": {"aws:username": "somebody"}}
    assert right(holding(statement("Allow", "iam:*", Condition=mine))).standing is ALLOWED
    assert right(holding(statement("Allow", "iam:*", Condition=other))).standing is DENIED


def test_the_context_of_the_call_counts() -> None:
    wanted = replace(CREATE, context=(("iam:permissionsboundary", ("arn:b",)),))
    bound = {"StringEquals": {"iam:PermissionsBoundary": "arn:b"}}
    held = holding(statement("Allow", "iam:*", Condition=bound))
    assert right(held, wanted=wanted).standing is ALLOWED
    assert right(held).standing is UNKNOWN


class TestTwoOpinions:
    def test_iam_has_the_last_word(self) -> None:
        allowing, forbidding = holding(statement("Allow", "*")), holding()
        assert right(allowing, NO).standing is DENIED
        assert right(forbidding, YES).standing is ALLOWED
        assert right(allowing, NO).disagree
        assert right(forbidding, YES).disagree

    def test_agreement(self) -> None:
        assert not right(holding(statement("Allow", "*")), YES).disagree
        assert not right(holding(), NO).disagree

    def test_silence_is_no_disagreement(self) -> None:
        assert not right(None, YES).disagree
        assert not right(holding()).disagree
        assert right(None, YES).standing is ALLOWED
        assert right(None).standing is UNKNOWN

    def test_iam_says_what_it_was_not_told(self) -> None:
        found = right(holding(), Opinion("implicitDeny", ("aws:SourceIp",)))
        assert found.asked is UNKNOWN
        assert found.why == "it depends on aws:SourceIp"


def trust(principal: str, **more: Any) -> dict[str, Any]:
    one = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": one}


class TestTrust:
    held = holding(statement("Allow", "sts:AssumeRole"))

    def test_without_a_readable_trust_policy_the_users_own_decide(self) -> None:
        assert right(self.held, wanted=ASSUME).standing is ALLOWED
        assert right(holding(), wanted=ASSUME).standing is DENIED

    @pytest.mark.parametrize("principal", [ARN, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "*"])
    def test_a_role_that_trusts_the_user(self, principal: str) -> None:
        assert right(self.held, wanted=ASSUME, trusts={ROLE: trust(principal)}).standing is ALLOWED

    def test_a_role_that_trusts_somebody_else_denies_whatever_iam_says(self) -> None:
        other = trust(f"arn:aws:iam::{ACCOUNT}:user/ada")
        found = right(self.held, YES, ASSUME, trusts={ROLE: other})
        assert found.standing is DENIED
        assert "trust policy" in found.why
        assert not found.disagree

    def test_an_external_id_nobody_told_has_the_benefit_of_the_doubt(self) -> None:
        guarded = trust(ARN, Condition={"StringEquals": {"sts:ExternalId": "x"}})
        assert right(self.held, wanted=ASSUME, trusts={ROLE: guarded}).standing is ALLOWED

    def test_a_wrong_external_id_has_not(self) -> None:
        guarded = trust(ARN, Condition={"StringEquals": {"sts:ExternalId": "x"}})
        wanted = replace(ASSUME, context=(("sts:externalid", ("y",)),))
        assert right(self.held, wanted=wanted, trusts={ROLE: guarded}).standing is DENIED

    def test_a_trust_policy_that_cannot_be_understood_says_nothing(self) -> None:
        assert right(self.held, wanted=ASSUME, trusts={ROLE: {}}).standing is ALLOWED


def test_a_question_is_asked_once_for_all_who_need_it() -> None:
    needs = [
        Need("iam:GetUser", "r", "b", Purpose.ISSUE),
        Need("iam:GetUser", "r", "a", Purpose.REVOKE),
        Need("iam:GetUser", "r", "b", Purpose.REVOKE),
        Need("iam:GetUser", "r", "", Purpose.ROTATE, (("k", ("v",)),)),
    ]
    assert merged(needs) == (
        Wanted("iam:GetUser", "r", ("b", "a")),
        Wanted("iam:GetUser", "r", ("",), (("k", ("v",)),)),
    )


class TestWhatIamIsAsked:
    def rights(self, count: int, computed: Standing, action: str = "iam:GetUser") -> list[Right]:
        wanted = [Wanted(action, f"arn:{number}", ("r",)) for number in range(count)]
        return [Right(each, computed, UNKNOWN) for each in wanted]

    def test_all_of_a_few(self) -> None:
        rights = [*self.rights(9, ALLOWED), *self.rights(9, ALLOWED, "iam:TagUser")]
        assert len(worth_asking(rights)) == 18

    def test_some_of_very_many_but_all_that_is_in_doubt(self) -> None:
        many = self.rights(5000, ALLOWED)
        doubted = self.rights(40, DENIED, "iam:TagUser") + self.rights(40, UNKNOWN, "iam:List")
        asked = worth_asking([*many, *doubted])
        assert len(asked) == 25 + 80
        assert {right.wanted.question for right in doubted} < set(asked)

    def test_there_is_an_end(self) -> None:
        assert len(worth_asking(self.rights(5000, DENIED))) == 1000

    @pytest.mark.parametrize("action", ["iam:*", "*", "ec2:Describe?"])
    def test_no_wildcards(self, action: str) -> None:
        assert worth_asking(self.rights(3, DENIED, action)) == ()
