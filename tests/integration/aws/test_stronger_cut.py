"""A suspect who takes the deny away: what he can, and what holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.connections import administrator, aws_client
from tests.support.engine import good_user
from tests.support.suspects import (
    MINTING,
    Minted,
    assumed_role,
    boundary_of,
    federated,
    fill_inline,
    own_policies,
    refusal,
)
from tests.support.waiting import until
from vaultaws.aws.actions import Action
from vaultaws.aws.cutoff import CutPlace, Cutter
from vaultaws.aws.users import Users
from vaultaws.local.awsprocess import LocalAws

CASE = "vaultaws-incident-test"
LIST_USERS = Action.parse("iam:ListUsers")


def after_it() -> datetime:
    """A moment that everything issued so far is before, and nothing that is issued later."""
    return datetime.now(UTC) + timedelta(seconds=1)


def code(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as fault:
        return str(fault.response["Error"]["Code"])
    return ""


def test_a_federation_token_cannot_call_iam_at_all(at_aws: LocalAws, token: Minted) -> None:
    """So it takes no deny off Vault's own user, whatever that user may do (STS API reference,
    GetFederationToken)."""
    until(token.works)
    assert refusal(token.credentials, LIST_USERS) == "InvalidClientTokenId"
    iam = aws_client(at_aws, "iam", credentials=token.credentials)
    cutter = Cutter(administrator(at_aws))
    cut = cutter.cut(token.holder, after_it(), CASE)
    removed = code(lambda: iam.delete_user_policy(UserName=token.holder.name, PolicyName=CASE))
    assert removed == "InvalidClientTokenId"
    assert cutter.find(token.holder, CASE) == cut


def test_a_session_that_is_denied_cannot_take_its_own_deny_away(
    at_aws: LocalAws, session: Minted
) -> None:
    cutter = Cutter(administrator(at_aws))
    cutter.cut(session.holder, after_it(), CASE)
    until(lambda: not session.works())
    iam = aws_client(at_aws, "iam", credentials=session.credentials)
    own = {"RoleName": session.holder.name, "PolicyName": CASE}
    assert code(lambda: iam.delete_role_policy(**own)) == "AccessDenied"


def test_a_newer_session_takes_the_deny_away_and_the_stronger_cut_holds(
    at_aws: LocalAws, session: Minted
) -> None:
    cutter, name = Cutter(administrator(at_aws)), session.holder.name
    moment = cutter.cut(session.holder, after_it(), CASE).moment
    until(lambda: not session.works() and datetime.now(UTC) > moment)
    newer = assumed_role(at_aws, name)
    iam = aws_client(at_aws, "iam", credentials=newer.credentials)
    iam.delete_role_policy(RoleName=name, PolicyName=CASE)
    assert cutter.find(session.holder, CASE) is None
    until(session.works)

    strong = cutter.stronger(session.holder, moment, CASE)
    assert strong.places == tuple(CutPlace)
    assert not strong.failed
    until(lambda: not session.works())
    assert newer.works()
    (attached,) = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    arn = attached["PolicyArn"]
    attempts = (
        lambda: iam.delete_role_policy(RoleName=name, PolicyName=CASE),
        lambda: iam.detach_role_policy(RoleName=name, PolicyArn=arn),
        lambda: iam.delete_role_permissions_boundary(RoleName=name),
        lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument="{}", SetAsDefault=True),
        lambda: iam.create_user(UserName=f"{name}-door"),
    )
    until(lambda: code(attempts[0]) == "AccessDenied")
    assert [code(attempt) for attempt in attempts] == ["AccessDenied"] * len(attempts)
    assert cutter.lift(session.holder, CASE)
    assert boundary_of(at_aws, session.holder) == ""
    assert not [entry for entry in own_policies(at_aws) if entry.startswith(CASE)]
    until(session.works)


@pytest.mark.parametrize("taken", list(CutPlace))
def test_each_place_of_a_stronger_cut_holds_without_the_others(
    at_aws: LocalAws, session: Minted, taken: CutPlace
) -> None:
    """Another principal of the suspect's takes all places away but one."""
    cutter, name = Cutter(administrator(at_aws)), session.holder.name
    cutter.stronger(session.holder, after_it(), CASE)
    iam = aws_client(at_aws, "iam")
    if taken is not CutPlace.INLINE:
        iam.delete_role_policy(RoleName=name, PolicyName=CASE)
    if taken is not CutPlace.MANAGED:
        (attached,) = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    if taken is not CutPlace.BOUNDARY:
        iam.delete_role_permissions_boundary(RoleName=name)
    until(lambda: not session.works())
    found = cutter.find(session.holder, CASE)
    assert found is not None
    assert found.where is taken
    assert cutter.lift(session.holder, CASE)


def test_a_stronger_cut_says_where_it_found_no_room(at_aws: LocalAws, session: Minted) -> None:
    fill_inline(at_aws, session.holder)
    strong = Cutter(administrator(at_aws)).stronger(session.holder, after_it(), CASE)
    assert strong.places == (CutPlace.MANAGED, CutPlace.BOUNDARY)
    ((place, why),) = strong.failed
    assert place is CutPlace.INLINE
    assert "LimitExceeded" in why or "limit" in why.lower()
    until(lambda: not session.works())


def test_vaults_own_key_keeps_working_under_a_stronger_cut(at_aws: LocalAws, token: Minted) -> None:
    """The engine must still delete the users it made: only temporary credentials are guarded."""
    assert token.by is not None
    cutter = Cutter(administrator(at_aws))
    cutter.stronger(token.holder, after_it(), CASE)
    until(lambda: not token.works())
    assert refusal(token.by.key) == ""
    assert refusal(token.by.key, LIST_USERS) == ""
    assert cutter.lift(token.holder, CASE)


def test_the_keys_of_a_user_who_removes_denies_are_switched_off(at_aws: LocalAws) -> None:
    """A long-term key has no issue time: no deny by moment touches it, and it may lift one."""
    user = good_user(at_aws, MINTING)
    minted = federated(at_aws, user)
    cutter, holder = Cutter(administrator(at_aws)), minted.holder
    cutter.stronger(holder, after_it(), CASE)
    iam = aws_client(at_aws, "iam", credentials=user.key)
    iam.delete_user_policy(UserName=user.name, PolicyName=CASE)
    assert refusal(user.key) == ""
    users = Users(administrator(at_aws))
    assert users.stop(user.name, f"{CASE}-stop").switched_off == (user.key.access_key_id,)
    assert users.stop(user.name, f"{CASE}-stop").switched_off == ()
    until(lambda: refusal(user.key) != "")
    assert code(iam.list_users) == "InvalidClientTokenId"
    assert cutter.lift(holder, CASE)
