"""Who may assume what: trust policy, own policies, MFA, external ids, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vaultaws.aws.policies_of import HeldPolicy
from vaultaws.aws.roles import TrustedRole
from vaultaws.aws.simulate import Opinion, Question
from vaultaws.mfa.assumable import (
    ACTION,
    WITH_MFA,
    Assumable,
    Rights,
    actor_of,
    assumable,
    questions,
)
from vaultaws.model import Principal

ACCOUNT = "123456789012"
ADA = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ada", "AIDAEXAMPLE")
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ARN = f"arn:aws:iam::{ACCOUNT}:role/Ops"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def document(**more: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **more}],
    }


def trusting(principal: str, **more: Any) -> TrustedRole:
    return TrustedRole("Ops", ARN, document(Principal={"AWS": principal}, **more), 3600)


def held(*documents: Mapping[str, Any], complete: bool = True) -> Rights:
    policies = tuple(HeldPolicy(f"p{n}", each) for n, each in enumerate(documents))
    return Rights(policies, complete=complete)


MAY = document(Resource="*")
MAY_WITH_MFA = document(Resource="*", Condition=MFA)
DENIED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}],
}


def judged(
    role: TrustedRole,
    rights: Rights,
    opinions: Mapping[Question, Opinion] | None = None,
    who: Principal = ADA,
) -> Assumable | None:
    found = assumable(actor_of(who), rights, (role,), opinions or {})
    return found[0] if found else None


@pytest.mark.parametrize(
    ("role", "rights", "mfa"),
    [
        (trusting(ROOT), held(MAY), False),
        (trusting(ROOT, Condition=MFA), held(MAY), True),
        (trusting(ROOT), held(MAY_WITH_MFA), True),
        (trusting(ADA.arn), held(), False),
        (trusting(ACCOUNT), held(MAY), False),
        (trusting(ADA.arn, Condition=MFA), held(), True),
    ],
)
def test_both_sides_let_her_in(role: TrustedRole, rights: Rights, mfa: bool) -> None:
    assert judged(role, rights) == Assumable(role, mfa, external_id=False, sure=True)


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (trusting(ROOT), held()),
        (trusting(ADA.arn), held(DENIED)),
        (trusting(f"arn:aws:iam::{ACCOUNT}:user/ben"), held(MAY)),
        (trusting("arn:aws:iam::999999999999:root"), held(MAY)),
        (TrustedRole("Ops", ARN, {"Statement": "nonsense"}, 3600), held(MAY)),
        (TrustedRole("Ops", ARN, {}, 3600), held(MAY)),
    ],
)
def test_one_side_keeps_her_out(role: TrustedRole, rights: Rights) -> None:
    assert judged(role, rights) is None


def test_an_external_id_is_wanted() -> None:
    both = {"StringEquals": {"sts:ExternalId": "x"}, **MFA}
    found = judged(trusting(ROOT, Condition=both), held(MAY))
    assert found is not None
    assert (found.mfa, found.external_id, found.sure) == (True, True, True)


def test_what_is_not_readable_is_not_claimed() -> None:
    found = judged(trusting(ROOT), held(complete=False))
    assert found is not None
    assert not found.sure
    assert judged(trusting(ROOT), held(DENIED, complete=False)) is None
    broken = Rights((HeldPolicy("p", {"Statement": 3}),), complete=True)
    found = judged(trusting(ROOT), broken)
    assert found is not None
    assert not found.sure


def opinions(plain: str, with_mfa: str) -> dict[Question, Opinion]:
    return {(ACTION, ARN, ()): Opinion(plain), (ACTION, ARN, WITH_MFA): Opinion(with_mfa)}


def test_iams_own_word_counts_where_policies_cannot_be_read() -> None:
    role, rights = trusting(ROOT), held(complete=False)
    found = judged(role, rights, opinions("allowed", "allowed"))
    assert found == Assumable(role, mfa=False, external_id=False, sure=True)
    found = judged(role, rights, opinions("implicitDeny", "allowed"))
    assert found == Assumable(role, mfa=True, external_id=False, sure=True)
    assert judged(role, rights, opinions("implicitDeny", "explicitDeny")) is None


def test_a_trust_that_names_her_outweighs_a_missing_allow_but_no_deny() -> None:
    role, rights = trusting(ADA.arn), held(complete=False)
    found = judged(role, rights, opinions("implicitDeny", "implicitDeny"))
    assert found == Assumable(role, mfa=False, external_id=False, sure=True)
    assert judged(role, rights, opinions("explicitDeny", "explicitDeny")) is None


def test_a_roles_session_stands_for_its_role() -> None:
    session = Principal(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/Base/ada", "AROAX:ada")
    role = trusting(f"arn:aws:iam::{ACCOUNT}:role/Base")
    assert actor_of(session).owner_arn == f"arn:aws:iam::{ACCOUNT}:role/Base"
    found = judged(role, Rights(), who=session)
    assert found is not None
    assert judged(trusting(ADA.arn), Rights(), who=session) is None


def test_the_root_user_assumes_nothing() -> None:
    root = Principal(ACCOUNT, ROOT, ACCOUNT)
    assert judged(trusting(ROOT), Rights(complete=True), who=root) is None


def test_each_role_is_asked_about_twice() -> None:
    assert questions((trusting(ROOT),)) == ((ACTION, ARN, ()), (ACTION, ARN, WITH_MFA))
