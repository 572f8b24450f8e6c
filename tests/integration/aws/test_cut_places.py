"""Denies that find room: what is refused, where the deny is, and that lifting leaves nothing."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.connections import administrator, aws_client
from tests.support.engine import good_user
from tests.support.suspects import (
    MINTING,
    Minted,
    assumed_role,
    boundary_of,
    federated,
    fill_attached,
    fill_inline,
    make_policy,
    make_role,
    own_policies,
    refusal,
    role_holder,
    set_boundary,
)
from tests.support.waiting import until
from vaultaws.aws.actions import Action
from vaultaws.aws.cutoff import CutPlace, Cutter, Holder, HolderKind
from vaultaws.errors import AwsError, UsageError
from vaultaws.local.awsprocess import LocalAws

CASE = "vaultaws-incident-test"
OTHER = "vaultaws-incident-other"
READS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ec2:*", "sts:*"], "Resource": "*"}],
}


@pytest.fixture(params=["token", "session"])
def minted(request: pytest.FixtureRequest) -> Minted:
    found: Minted = request.getfixturevalue(request.param)
    until(found.works)
    return found


def later() -> datetime:
    """After whatever was issued a moment ago, to the second."""
    return datetime.now(UTC) + timedelta(seconds=2)


@pytest.mark.parametrize("where", list(CutPlace))
def test_a_deny_goes_where_there_is_room(at_aws: LocalAws, minted: Minted, where: CutPlace) -> None:
    cutter, before = Cutter(administrator(at_aws)), own_policies(at_aws)
    if where is not CutPlace.INLINE:
        fill_inline(at_aws, minted.holder)
    if where is CutPlace.BOUNDARY:
        fill_attached(at_aws, minted.holder)
    cut = cutter.cut(minted.holder, later(), CASE)
    assert (cut.where, cut.before) == (where, "")
    until(lambda: not minted.works())
    assert cutter.find(minted.holder, CASE) == cut
    assert cutter.cut(minted.holder, cut.moment - timedelta(hours=1), CASE) == cut
    moved = cutter.cut(minted.holder, cut.moment + timedelta(seconds=1), CASE)
    assert moved.moment == cut.moment + timedelta(seconds=1)
    assert cutter.find(minted.holder, CASE) == moved
    assert cutter.find(minted.holder, OTHER) is None
    assert cutter.lift(minted.holder, CASE)
    assert not cutter.lift(minted.holder, CASE)
    assert cutter.find(minted.holder, CASE) is None
    until(minted.works)
    assert own_policies(at_aws) == before


@pytest.mark.parametrize("where", list(CutPlace))
def test_one_session_alone_is_cut(at_aws: LocalAws, minted: Minted, where: CutPlace) -> None:
    cutter = Cutter(administrator(at_aws))
    beside = federated(at_aws, minted.by) if minted.by else assumed_role(at_aws, minted.holder.name)
    third = federated(at_aws, minted.by) if minted.by else beside
    if where is not CutPlace.INLINE:
        fill_inline(at_aws, minted.holder)
    if where is CutPlace.BOUNDARY:
        fill_attached(at_aws, minted.holder)
    cut = cutter.cut_session(minted.holder, minted.userid, CASE)
    assert cut.where is where
    until(lambda: not minted.works())
    assert beside.works()
    assert cutter.find_session(minted.holder, minted.userid, CASE) == cut
    assert cutter.find_session(minted.holder, beside.userid, CASE) is None
    assert cutter.find(minted.holder, CASE) is None
    assert cutter.cut_session(minted.holder, minted.userid, CASE) == cut
    cutter.cut_session(minted.holder, third.userid, CASE)
    until(lambda: not third.works())
    assert not minted.works()
    assert cutter.lift(minted.holder, CASE)
    until(minted.works)


@pytest.mark.parametrize("userid", ["", "AIDA" + "B" * 17, "123456789012", "AROA:*", "x:y", "*"])
def test_what_names_no_single_session_is_refused(at_aws: LocalAws, userid: str) -> None:
    cutter = Cutter(administrator(at_aws))
    with pytest.raises(UsageError, match="no single session"):
        cutter.cut_session(role_holder("any"), userid, CASE)


def test_a_boundary_is_combined_and_comes_back(at_aws: LocalAws) -> None:
    minted = assumed_role(at_aws)
    own = make_policy(at_aws, READS)
    set_boundary(at_aws, minted.holder, own)
    fill_inline(at_aws, minted.holder)
    fill_attached(at_aws, minted.holder)
    cutter, list_users = Cutter(administrator(at_aws)), Action.parse("iam:ListUsers")
    until(lambda: refusal(minted.credentials, list_users) == "AccessDenied")
    cut = cutter.cut_session(minted.holder, minted.userid, CASE)
    assert (cut.where, cut.before) == (CutPlace.BOUNDARY, own)
    until(lambda: not minted.works())
    fresh = assumed_role(at_aws, minted.holder.name)
    assert refusal(fresh.credentials, list_users) == "AccessDenied"
    assert cutter.lift(minted.holder, CASE)
    assert boundary_of(at_aws, minted.holder) == own
    until(minted.works)


def test_two_cases_in_one_boundary_are_lifted_in_turn(at_aws: LocalAws, session: Minted) -> None:
    fill_inline(at_aws, session.holder)
    fill_attached(at_aws, session.holder)
    cutter = Cutter(administrator(at_aws))
    first = cutter.cut(session.holder, later(), CASE)
    second = cutter.cut(session.holder, first.moment + timedelta(seconds=5), OTHER)
    assert CASE in second.before
    found = cutter.find(session.holder, CASE)
    assert found is not None
    assert found.moment == first.moment
    with pytest.raises(AwsError, match="held by a later boundary"):
        cutter.lift(session.holder, CASE)
    assert cutter.find(session.holder, CASE) is not None
    assert cutter.lift(session.holder, OTHER)
    assert cutter.find(session.holder, CASE) == first
    assert not session.works()
    assert cutter.lift(session.holder, CASE)
    until(session.works)


def test_another_cases_deny_is_untouched(at_aws: LocalAws, session: Minted) -> None:
    cutter = Cutter(administrator(at_aws))
    other = cutter.cut(session.holder, later(), OTHER)
    cutter.cut(session.holder, later(), CASE)
    assert cutter.lift(session.holder, CASE)
    assert cutter.find(session.holder, OTHER) == other
    until(lambda: not session.works())


def test_many_at_once_leave_the_latest_moment_and_every_session(at_aws: LocalAws) -> None:
    holder, base = role_holder(make_role(at_aws)), later().replace(microsecond=0)
    ids = [f"AROA{'B' * 17}:session-{number}" for number in range(6)]
    deeds = [
        *(
            lambda add=add: Cutter(administrator(at_aws)).cut(
                holder, base + timedelta(seconds=add), CASE
            )
            for add in range(6)
        ),
        *(
            lambda userid=userid: Cutter(administrator(at_aws)).cut_session(holder, userid, CASE)
            for userid in ids
        ),
    ]
    threads = [threading.Thread(target=deed) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    cutter = Cutter(administrator(at_aws))
    found = cutter.find(holder, CASE)
    assert found is not None
    assert found.moment == base + timedelta(seconds=5)
    assert all(cutter.find_session(holder, userid, CASE) for userid in ids)


def test_sessions_without_number_find_the_next_place(at_aws: LocalAws) -> None:
    holder = Holder(HolderKind.USER, good_user(at_aws, MINTING).name)
    cutter = Cutter(administrator(at_aws))
    ids = [f"123456789012:{'n' * 60}{number:04}" for number in range(24)]
    wheres = [cutter.cut_session(holder, userid, CASE).where for userid in ids]
    assert {CutPlace.INLINE, CutPlace.MANAGED} == set(wheres)
    assert all(cutter.find_session(holder, userid, CASE) for userid in ids)
    assert cutter.lift(holder, CASE)
    assert not any(cutter.find_session(holder, userid, CASE) for userid in ids[:2])


def test_a_planted_policy_of_our_name_grants_nothing(at_aws: LocalAws, session: Minted) -> None:
    """A suspect who knows the name in advance makes a policy of it that allows everything."""
    fill_inline(at_aws, session.holder)
    cutter = Cutter(administrator(at_aws))
    cut = cutter.cut(session.holder, later(), CASE)
    iam = aws_client(at_aws, "iam")
    (attached,) = iam.list_attached_role_policies(RoleName=session.holder.name)["AttachedPolicies"]
    arn = attached["PolicyArn"]
    opened = {"Version": "2012-10-17", "Statement": [READS["Statement"][0]]}
    for _ in range(3):
        iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=json.dumps(opened), SetAsDefault=True
        )
    assert cutter.find(session.holder, CASE) is None
    assert cutter.cut(session.holder, cut.moment, CASE) == cut
    until(lambda: not session.works())
    assert cutter.lift(session.holder, CASE)


def test_nowhere_is_room(at_aws: LocalAws) -> None:
    holder = role_holder(make_role(at_aws))
    fill_inline(at_aws, holder)
    fill_attached(at_aws, holder)
    crowded = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Sid": "a" * 5950}
    set_boundary(
        at_aws, holder, make_policy(at_aws, {"Version": "2012-10-17", "Statement": [crowded]})
    )
    kept, before = boundary_of(at_aws, holder), own_policies(at_aws)
    with pytest.raises(AwsError, match="no room") as caught:
        Cutter(administrator(at_aws)).cut(holder, later(), CASE)
    assert caught.value.code == "LimitExceeded"
    assert boundary_of(at_aws, holder) == kept
    assert own_policies(at_aws) == before


def test_a_holder_that_is_gone(at_aws: LocalAws) -> None:
    cutter, nobody = Cutter(administrator(at_aws)), role_holder("nobody")
    assert not cutter.lift(nobody, CASE)
    with pytest.raises(AwsError) as caught:
        cutter.cut(nobody, later(), CASE)
    assert caught.value.code == "NoSuchEntity"
