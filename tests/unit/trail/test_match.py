"""The matching's corners, one by one. The whole is held by the property tests."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.world import (
    END,
    IDENTITY,
    ROOT_KEY,
    START,
    WATERMARK,
    World,
    check_world,
    digest,
    judge,
)
from vaultaws.aws.cutoff import deny_document
from vaultaws.model import Event
from vaultaws.trail.audit import AuditRevocation, AuditRotation
from vaultaws.trail.evidence import AuditView, Span, VaultIdentity
from vaultaws.trail.expect import Expected
from vaultaws.trail.report import render
from vaultaws.trail.verdicts import MarkKind, Matching, Standing, Why

AT = START + timedelta(hours=1)


def event(name: str, **changes: Any) -> Event:
    made: dict[str, Any] = {
        "event_id": f"{name}-{changes.get('access_key_id', '')}-{changes.get('target', '')}",
        "time": AT,
        "service": "iam",
        "name": name,
        "region": "us-east-1",
        "access_key_id": ROOT_KEY,
        "identity_type": "IAMUser",
        "principal_arn": "",
        "principal_id": "",
    }
    return Event(**(made | changes))


def run(*events: Event, view: AuditView | None = None) -> Matching:
    world = World(events=list(events))
    return judge(world, view=view or AuditView(begins=START))


def test_a_failed_call_minted_nothing() -> None:
    failed = event("GetFederationToken", error_code="AccessDenied", issued_access_key_id="X")
    assert run(failed).verdicts == ()


def test_a_second_key_of_vault_s_user_is_vault_s_identity_too() -> None:
    stolen = event(
        "GetSessionToken",
        access_key_id="another-key",
        user_name="vault-root",
        issued_access_key_id="X",
    )
    (found,) = run(stolen).verdicts
    assert found.standing is Standing.UNEXPLAINED


def test_a_role_that_bears_the_user_s_name_is_not_vault() -> None:
    other = event(
        "GetSessionToken",
        access_key_id="k",
        user_name="vault-root",
        identity_type="AssumedRole",
        issued_access_key_id="X",
    )
    assert run(other).verdicts == ()


def test_an_empty_identity_claims_no_event() -> None:
    assert not VaultIdentity().made(event("CreateUser", access_key_id=""))


@pytest.mark.parametrize(
    ("seconds", "user", "standing"),
    [
        (1, "vault-root", Standing.ROTATION),
        (600, "vault-root", Standing.UNEXPLAINED),
        (1, "somebody", Standing.UNEXPLAINED),
    ],
)
def test_a_rotation_explains_vault_s_own_new_key_only(
    seconds: int, user: str, standing: Standing
) -> None:
    made = event("CreateAccessKey", issued_access_key_id="X", target=user)
    view = AuditView(
        begins=START, rotations=[AuditRotation(AT + timedelta(seconds=seconds), "aws")]
    )
    (found,) = run(made, view=view).verdicts
    assert found.standing is standing


def test_what_is_older_than_the_audit_log_cannot_be_judged() -> None:
    made = event("GetFederationToken", issued_access_key_id="X")
    (found,) = run(made, view=AuditView(begins=AT + timedelta(hours=1))).verdicts
    assert found.standing is Standing.UNCOVERED


@pytest.mark.parametrize(
    "name",
    ["CreateLoginProfile", "UpdateAccessKey", "UpdateAssumeRolePolicy", "PutRolePolicy"],
)
def test_what_the_engine_never_does_is_an_act(name: str) -> None:
    (act,) = run(event(name, target="somebody")).acts
    assert act.target == "somebody"


def test_a_policy_on_a_foreign_user_is_an_act_and_on_vault_s_own_is_not() -> None:
    world = World()
    key = world.mint(AT, sts=False)
    world.audited(key, "ada", AT, clear=False)
    world.event("PutUserPolicy", ROOT_KEY, AT, user="somebody")
    assert [act.target for act in judge(world).acts] == ["somebody"]


def test_a_user_that_vault_made_and_took_away_again_is_no_act() -> None:
    made = event("CreateUser", target="u")
    undone = event("DeleteUser", target="u")
    assert run(made, undone).acts == ()


def test_a_login_profile_stays_an_act_though_its_user_is_deleted() -> None:
    opened = event("CreateLoginProfile", target="u")
    undone = event("DeleteUser", target="u")
    assert [act.event.name for act in run(opened, undone).acts] == ["CreateLoginProfile"]


@pytest.mark.parametrize(
    ("document", "acts"),
    [
        (json.dumps(deny_document(AT)), 0),
        (json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}), 1),
        ("{", 1),
        ("[]", 1),
    ],
)
def test_our_own_deny_opens_nothing(document: str, acts: int) -> None:
    put = event("PutUserPolicy", target="vault-root", policy_document=document)
    assert len(run(put).acts) == acts


def test_a_user_made_just_now_may_still_get_its_audited_key() -> None:
    young = event("CreateUser", time=END, target="u")
    assert run(young).acts == ()


def test_an_audit_record_before_the_window_explains_an_event_at_its_edge() -> None:
    world = World()
    key = world.mint(START, sts=True)
    world.audited(key, "ada", START - timedelta(seconds=30), clear=False)
    (found,) = judge(world).verdicts
    assert found.standing is Standing.EXPLAINED


def test_audit_records_before_the_window_are_not_missed() -> None:
    world = World()
    world.audited("k", "ada", START - timedelta(hours=2), clear=False)
    assert judge(world).verdicts == ()


def test_a_credential_that_mints_itself_does_not_go_round_for_ever() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.event("AssumeRole", key, AT, issued=key)
    assert [found.access_key_id for found in judge(world).verdicts] == [key]


def test_alive_beyond_its_lease() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    lease = world.audited(key, "ada", AT, clear=False)
    view = AuditView(world.audit, {key: digest(key)}, begins=START)
    (found,) = judge(world, view=view, alive_beyond={lease: END}).verdicts
    assert found.alive_until == END


@pytest.mark.parametrize(
    ("code", "denied"),
    [
        ("AccessDenied", 1),
        ("AccessDeniedException", 1),
        ("Client.UnauthorizedOperation", 1),
        ("UnauthorizedOperation", 1),
        ("Throttling", 0),
        ("", 0),
    ],
)
def test_denials(code: str, denied: int) -> None:
    minted = event("GetFederationToken", issued_access_key_id="X")
    (found,) = run(minted, event("ListBuckets", access_key_id="X", error_code=code)).verdicts
    assert (found.use.calls, found.use.denied) == (1, denied)
    assert json.dumps(found.use.denied) == str(denied)


def test_the_report_reads_as_people_expect() -> None:
    world = World()
    for person in ("ada", "ada", "ben"):
        key = world.mint(AT, sts=True)
        world.audited(key, person, AT, clear=False)
        world.use(key, AT, 2)
    thief = world.mint(AT, sts=True)
    world.use(thief, AT, 4)
    short = f"{thief[:4]}…{thief[-3:]}"
    assert render(check_world(world)) == (
        "3 credentials issued by Vault, 6 calls made with them, 6 h to 14:00"
        " (the last 30 min may not yet be in CloudTrail)\n"
        "    3 explained        2 people, 1 role\n"
        f"    1 unexplained  !!  {short}  GetFederationToken by vault-root at 09:00"
        " from an unknown address, no request in Vault's audit log\n"
        "                       used 4 times: sts DescribeInstances. →"
        f" vaultaws trail explain {short} · vaultaws incident contain --key {short}"
    )


def test_a_static_role_s_new_key_is_vault_s_own_work() -> None:
    world = World()
    world.event("CreateAccessKey", ROOT_KEY, AT, issued="X", user="ci-user")
    identity = replace(IDENTITY, static_users=frozenset({"ci-user"}))
    (found,) = judge(world, identity=identity).verdicts
    assert found.standing is Standing.STATIC


@pytest.mark.parametrize(
    ("failed", "undone", "used", "standing"),
    [
        (True, True, False, Standing.ROLLED_BACK),
        (False, True, False, Standing.UNEXPLAINED),
        (True, False, False, Standing.UNEXPLAINED),
        (True, True, True, Standing.UNEXPLAINED),
    ],
)
def test_an_issuance_that_failed_and_was_undone_is_told_from_a_theft(
    failed: bool, undone: bool, used: bool, standing: Standing
) -> None:
    world = World()
    key = world.mint(AT, sts=False)
    user = world.events[-1].target
    if undone:
        world.event("DeleteUser", ROOT_KEY, AT + timedelta(minutes=6), user=user)
    if used:
        world.use(key, AT, 1)
    (found,) = judge(world, view=world.view(failures=[AT] if failed else [])).verdicts
    assert found.standing is standing


def test_what_an_old_salt_hides_is_not_known() -> None:
    world = World()
    before = world.mint(AT, sts=True)
    after = world.mint(AT + timedelta(hours=1), sts=True)
    found = judge(world, view=world.view(salted=AT + timedelta(minutes=30)))
    seen = {verdict.access_key_id: (verdict.standing, verdict.why) for verdict in found.verdicts}
    assert seen[before] == (Standing.UNCOVERED, Why.SALT.value)
    assert seen[after] == (Standing.UNEXPLAINED, "")


def test_digests_that_nobody_tells_leave_everything_unknown() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=False)
    view = replace(world.view(), digests={}, undigested=True)
    found = judge(world, view=view).verdicts
    assert {(verdict.standing, verdict.why) for verdict in found} == {
        (Standing.UNCOVERED, Why.UNDIGESTED.value)
    }


@pytest.mark.parametrize("how", ["id", "digest", "prefix"])
def test_use_after_a_revocation_is_marked_however_vault_was_asked(how: str) -> None:
    world = World()
    key = world.mint(AT, sts=True)
    lease = world.audited(key, "ada", AT, clear=False)
    revoked = AT + timedelta(minutes=10)
    world.event("ListBuckets", key, AT + timedelta(minutes=5))
    late = world.event("ListBuckets", key, AT + timedelta(minutes=20))
    said = {"id": lease, "digest": digest(lease), "prefix": "aws/creds/reader"}[how]
    view = world.view(revocations=[AuditRevocation(revoked, said, how == "prefix", "root")])
    view = replace(view, digests={**view.digests, lease: digest(lease)})
    (found,) = judge(world, view=view).verdicts
    assert found.revoked == revoked
    (mark,) = found.marks
    assert (mark.kind, mark.calls, mark.event_id) == (MarkKind.AFTER_END, 1, late)


def test_a_revocation_before_the_lease_began_is_another_s() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=False)
    early = AuditRevocation(AT - timedelta(hours=1), "aws/creds/reader", True, "root")
    (found,) = judge(world, view=world.view(revocations=[early])).verdicts
    assert found.revoked is None


def test_unexpected_networks_regions_and_programs_are_marked() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=False)
    calls = [
        {"source_ip": "10.1.2.3", "region": "eu-west-2", "user_agent": "Boto3/1.40 md/x"},
        {"source_ip": "203.0.113.9", "region": "eu-west-2", "user_agent": "boto3/1.40"},
        {"source_ip": "athena.amazonaws.com", "region": "ap-south-1", "user_agent": "boto3/1"},
        {"source_ip": "10.9.9.9", "region": "us-east-1", "user_agent": "curl/8"},
    ]
    for number, changes in enumerate(calls):
        world.events.append(
            event("GetCallerIdentity", access_key_id=key, event_id=f"call-{number}", **changes)
        )
    expected = Expected(networks=("10.0.0.0/8",), regions=("eu-west-2",), agents=("boto3/*",))
    (found,) = judge(world, expected=expected).verdicts
    assert [(mark.kind, mark.detail, mark.calls) for mark in found.marks] == [
        (MarkKind.NETWORK, "203.0.113.9", 1),
        (MarkKind.REGION, "ap-south-1", 1),
        (MarkKind.AGENT, "curl/8", 1),
    ]


def test_refusals_are_marked_from_a_number_on() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=False)
    for number in range(3):
        denied = event(
            "ListBuckets", access_key_id=key, error_code="AccessDenied", event_id=f"no-{number}"
        )
        world.events.append(denied)
    few = judge(world, expected=Expected(refusals=4)).verdicts[0]
    many = judge(world, expected=Expected(refusals=3)).verdicts[0]
    assert few.marks == ()
    assert [(mark.kind, mark.calls) for mark in many.marks] == [(MarkKind.REFUSED, 3)]


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("aws/creds/reader", True),
        ("aws/creds/reader/", True),
        ("aws/creds", True),
        ("aws", True),
        ("aws/creds/read", False),
        ("aws/creds/reader/1", False),
    ],
)
def test_a_prefix_is_a_folder_and_no_beginning_of_a_name(said: str, ends: bool) -> None:
    world = World()
    key = world.mint(AT, sts=True)
    for _ in range(10):
        world.next()
    assert world.audited(key, "ada", AT, clear=False).startswith("aws/creds/reader/1")
    revoked = AuditRevocation(AT + timedelta(minutes=1), said, True, "root")
    (found,) = judge(world, view=world.view(revocations=[revoked])).verdicts
    assert (found.revoked is not None) is ends


def test_a_rotation_whose_key_is_known_explains_no_other() -> None:
    world = World()
    for key in ("new-root", "stolen"):
        world.event("CreateAccessKey", ROOT_KEY, AT, issued=key, user="vault-root")
    rotation = AuditRotation(AT, "aws", digest("new-root"))
    found = {
        one.access_key_id: one
        for one in judge(world, view=world.view(rotations=[rotation])).verdicts
    }
    assert found["new-root"].standing is Standing.ROTATION
    assert found["stolen"].standing is Standing.UNEXPLAINED
    salted = world.view(rotations=[rotation], salted=AT + timedelta(hours=1))
    assert {one.standing for one in judge(world, view=salted).verdicts} == {Standing.ROTATION}


def test_what_a_static_role_s_key_made_is_somebody_s() -> None:
    world = World()
    world.event("CreateAccessKey", ROOT_KEY, AT, issued="X", user="ci-user")
    world.event("GetSessionToken", "X", AT, issued="Y")
    identity = replace(IDENTITY, static_users=frozenset({"ci-user"}))
    found = {one.access_key_id: one for one in judge(world, identity=identity).verdicts}
    assert found["Y"].standing is Standing.DESCENDANT


def test_what_a_new_root_that_is_not_sure_made_is_not_known() -> None:
    made = event("CreateAccessKey", issued_access_key_id="X", target="")
    child = event("GetFederationToken", access_key_id="X", issued_access_key_id="Y")
    view = AuditView(begins=START, rotations=[AuditRotation(AT, "aws")])
    world = World(events=[made, child])
    identity = VaultIdentity(frozenset({ROOT_KEY}))
    found = {one.access_key_id: one for one in judge(world, view=view, identity=identity).verdicts}
    assert (found["Y"].standing, found["Y"].why) == (Standing.UNCOVERED, Why.NEW_ROOT.value)


def test_a_user_of_a_failed_issuance_may_still_be_taken_away() -> None:
    world = World()
    moment = WATERMARK - timedelta(minutes=4)
    world.mint(moment, sts=False)
    found = judge(world, view=world.view(failures=[moment]))
    (only,) = found.verdicts
    assert (only.standing, only.why) == (Standing.UNCOVERED, Why.ROLLBACK.value)
    assert found.acts == ()


def test_a_user_whose_removal_may_be_lost_is_no_theft() -> None:
    world = World()
    world.mint(AT, sts=False)
    gap = Span(AT + timedelta(minutes=5), AT + timedelta(minutes=10))
    (only,) = judge(world, view=world.view(failures=[AT]), trail_gaps=(gap,)).verdicts
    assert (only.standing, only.why) == (Standing.UNCOVERED, Why.ROLLBACK.value)


def test_a_user_of_a_failed_issuance_before_its_key_is_no_act_yet() -> None:
    moment = WATERMARK - timedelta(minutes=4)
    view = AuditView(begins=START, failures=[moment])
    assert run(event("CreateUser", time=moment, target="u"), view=view).acts == ()
    assert len(run(event("CreateUser", target="u"), view=view).acts) == 1


def test_what_is_done_to_vault_s_user_after_it_has_its_key_is_an_act() -> None:
    world = World()
    key = world.mint(AT, sts=False)
    world.audited(key, "ada", AT, clear=False)
    user = world.events[-1].target
    world.event("AttachUserPolicy", ROOT_KEY, AT + timedelta(minutes=1), user=user)
    world.event("DeleteUser", ROOT_KEY, AT + timedelta(hours=1), user=user)
    assert [act.event.name for act in judge(world).acts] == ["AttachUserPolicy"]


def test_a_user_whose_key_may_be_lost_with_a_file_is_no_act() -> None:
    world = World(events=[event("CreateUser", target="u")])
    assert len(judge(world).acts) == 1
    assert judge(world, trail_gaps=(Span(AT, AT),)).acts == ()


def test_a_call_in_another_account_is_one_with_its_caller() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=False)
    theirs = event("AssumeRole", access_key_id="", issued_access_key_id="X", event_id="a")
    ours = event("AssumeRole", access_key_id=key, issued_access_key_id="X", event_id="b")
    world.events += [theirs, ours]
    found = {one.access_key_id: one for one in judge(world).verdicts}
    assert found["X"].standing is Standing.DESCENDANT


def test_vault_s_clock_may_be_behind_at_the_watermark() -> None:
    world = World()
    lease = world.audited("k", "ada", WATERMARK - timedelta(seconds=90), clear=False)
    (found,) = judge(world).verdicts
    assert (found.lease_id, found.standing) == (lease, Standing.PENDING)


def test_another_mount_explains_and_misses_nothing() -> None:
    world = World()
    key = world.mint(AT, sts=True)
    world.audited(key, "ada", AT, clear=False)
    world.audited("k", "ben", AT, clear=False)
    (found,) = judge(world, mounts=frozenset({"other"})).verdicts
    assert (found.access_key_id, found.standing) == (key, Standing.EXPLAINED)


def test_an_end_beyond_all_time_is_none() -> None:
    late = datetime.max.replace(tzinfo=UTC)
    made = event("GetFederationToken", issued_access_key_id="X", issued_until=late)
    assert run(made).verdicts[0].ends == late


@pytest.mark.parametrize("kind", ["IAMUser", "AssumedRole"])
def test_a_namesake_of_another_account_is_not_vault(kind: str) -> None:
    """In a trail of an organisation every account may have a user of that name."""
    identity = VaultIdentity(user_name="vault-root", role_name="vault-root", account="1" * 12)
    ours, theirs = (f"arn:aws:iam::{digit * 12}:user/vault-root" for digit in "12")
    cases = {
        "A": (ours, ""),
        "B": (theirs, ""),
        "C": ("", "2" * 12),
        "D": ("", "1" * 12),
        "E": ("", ""),
    }
    world = World()
    for key, (arn, account) in cases.items():
        world.event("GetFederationToken", f"by-{key}", AT, issued=key)
        made = replace(world.events[-1], user_name="vault-root", identity_type=kind)
        world.events[-1] = replace(made, principal_arn=arn, account=account)
    found = judge(world, identity=identity)
    assert {verdict.access_key_id for verdict in found.verdicts} == {"A", "D", "E"}
    assert [identity.made(event) for event in world.events] == [True, False, False, True, True]
    unknown = judge(world, identity=replace(identity, account=""))
    assert len(unknown.verdicts) == len(cases)


def test_a_key_of_vault_is_vault_s_in_every_account() -> None:
    world = World()
    world.event("GetFederationToken", ROOT_KEY, AT, issued="A")
    world.events[-1] = replace(world.events[-1], principal_arn=f"arn:aws:iam::{'2' * 12}:user/x")
    identity = replace(IDENTITY, account="1" * 12)
    assert [found.access_key_id for found in judge(world, identity=identity).verdicts] == ["A"]
