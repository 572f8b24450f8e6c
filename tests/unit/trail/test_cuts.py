"""What a deny in AWS makes of a token whose lease is over, and what is said of it everywhere."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.support.world import END, IDENTITY, ROOT_KEY, START, WATERMARK, World, judge, record_of
from vaultaws.aws.cutdocs import Denies, document_of
from vaultaws.aws.cutoff import deny_document
from vaultaws.aws.users import DENY_ALL
from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.model import Event
from vaultaws.trail import findings, ocsf, sarif, story
from vaultaws.trail.audit import AuditLog
from vaultaws.trail.check import Sources, check
from vaultaws.trail.evidence import Window
from vaultaws.trail.gather import History
from vaultaws.trail.page.reasons import evidence, told
from vaultaws.trail.report import Report, as_json, render
from vaultaws.trail.verdicts import Cut, MarkKind, Verdict

AT = START + timedelta(hours=1)
LATER = AT + timedelta(minutes=10)
TOKEN_ENDS = END + timedelta(hours=1)
ROLE = "arn:aws:iam::123456789012:role/path/reader"
NAME = "vaultaws-cut-tokens"
OLDER = json.dumps(deny_document(LATER))


def done(name: str, *, at: Any = LATER, **changes: Any) -> Event:
    """A call of an administrator's."""
    made: dict[str, Any] = {
        "event_id": f"{name}-{at:%H%M%S}",
        "time": at,
        "service": "iam",
        "name": name,
        "region": "us-east-1",
        "access_key_id": "an-administrator",
        "identity_type": "IAMUser",
        "principal_arn": "",
        "principal_id": "",
        "part": NAME,
    }
    return Event(**(made | changes))


def put(document: str = OLDER, **changes: Any) -> Event:
    return done(
        "PutUserPolicy", **({"target": "vault-root", "policy_document": document} | changes)
    )


def a_token(name: str = "GetFederationToken", **changes: Any) -> tuple[World, str, str]:
    """A world with one token of ada's, the token's key and its lease."""
    world = World()
    key = world.mint(AT, sts=True)
    minted = world.events.pop()
    world.events.append(done(name, at=AT, **(as_minted(minted) | changes)))
    return world, key, world.audited(key, "ada", AT, clear=True)


def as_minted(event: Event) -> dict[str, Any]:
    return {
        "service": "sts",
        "access_key_id": ROOT_KEY,
        "user_name": "vault-root",
        "issued_access_key_id": event.issued_access_key_id,
        "account": "123456789012",
        "part": "",
    }


def judged(*events: Event, name: str = "GetFederationToken", **changes: Any) -> Verdict:
    world, key, lease = a_token(name, **changes)
    world.events += events
    found = judge(world, alive_beyond={lease: TOKEN_ENDS})
    return next(one for one in found.verdicts if one.access_key_id == key)


def test_a_deny_on_vault_s_user_stops_its_federation_tokens() -> None:
    found = judged(put())
    assert found.cut == Cut(LATER, NAME, "user vault-root", "PutUserPolicy-091000", "PutUserPolicy")
    assert found.alive_until == TOKEN_ENDS
    assert found.lives_beyond is None


def test_a_deny_on_the_role_stops_its_sessions_and_one_on_vault_s_user_does_not() -> None:
    on_role = done("PutRolePolicy", target="reader", policy_document=OLDER)
    found = judged(on_role, name="AssumeRole", target=ROLE)
    assert found.cut is not None
    assert found.cut.principal == "role reader"
    assert judged(put(), name="AssumeRole", target=ROLE).cut is None
    assert judged(on_role).cut is None


@pytest.mark.parametrize(
    "other",
    [
        put(target="somebody"),
        put(json.dumps(deny_document(AT))),
        put(json.dumps({**deny_document(LATER), "Statement": []})),
        put(error_code="AccessDenied"),
        put(account="999999999999"),
        put("{ Deny"),
        put('["Deny"]'),
        put(json.dumps(document_of(Denies(guarded=True)))),
        done("PutRolePolicy", target="vault-root", policy_document=OLDER),
        done("PutGroupPolicy", target="vault-root", policy_document=OLDER),
        done("CreatePolicy", target="vault-root", policy_document=OLDER),
        done("AttachUserPolicy", target="vault-root", part="arn:aws:iam::123456789012:policy/x"),
    ],
)
def test_what_does_not_deny_the_token_is_not_taken_for_it(other: Event) -> None:
    found = judged(other)
    assert (found.cut, found.lifted) == (None, None)


@pytest.mark.parametrize("part", ["Action", "Resource", "Condition", "Effect"])
def test_a_deny_of_less_than_everything_is_none(part: str) -> None:
    document = deny_document(LATER)
    document["Statement"][0][part] = {
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::bucket",
        "Condition": {"DateGreaterThan": {"aws:TokenIssueTime": LATER.isoformat()}},
        "Effect": "Allow",
    }[part]
    assert judged(put(json.dumps(document))).cut is None


@pytest.mark.parametrize(
    "gone",
    [
        done("DeleteUserPolicy", at=LATER + timedelta(minutes=1), target="vault-root"),
        put(json.dumps(deny_document(AT)), at=LATER + timedelta(minutes=1)),
        put("{}", at=LATER + timedelta(minutes=1)),
    ],
)
def test_a_deny_that_was_taken_away_or_overwritten_stops_nothing(gone: Event) -> None:
    found = judged(gone, put())
    assert found.cut is None
    assert found.lifted == gone.time
    assert found.lives_beyond == TOKEN_ENDS
    (finding,) = [each for each in findings.of(judge_of(found)) if each.lease_id]
    assert finding.kind == findings.LIFTED
    assert "its deny in AWS was taken away at 09:11" in finding.what


def judge_of(found: Verdict) -> Any:
    from vaultaws.trail.verdicts import Matching

    return Matching((found,))


def test_one_of_two_denies_is_enough_and_a_refused_removal_removes_nothing() -> None:
    minute = timedelta(minutes=1)
    refused = done(
        "DeleteUserPolicy", at=LATER + minute, target="vault-root", error_code="AccessDenied"
    )
    assert judged(put(), refused).cut is not None
    second = put(part="vaultaws-incident", at=LATER + minute, event_id="second")
    removed = done("DeleteUserPolicy", at=LATER + 2 * minute, target="vault-root")
    found = judged(put(), second, removed)
    assert found.cut is not None
    assert (found.cut.policy, found.cut.at) == ("vaultaws-incident", LATER + minute)


def test_of_two_calls_in_one_second_the_deny_is_not_believed() -> None:
    removed = done("DeleteUserPolicy", target="vault-root", event_id="a")
    assert judged(removed, put(event_id="b")).cut is None
    assert judged(removed, put(event_id="0")).cut is None


def test_single_sessions_are_known_by_their_calls() -> None:
    userid = "AROA" + "EXAMPLEOFROLE1" + ":vault-ada"
    document = json.dumps(document_of(Denies(sessions=frozenset({userid}))))
    denied = done("PutRolePolicy", target="reader", policy_document=document)
    world, key, lease = a_token("AssumeRole", target=ROLE)
    called = done(
        "DescribeInstances", at=AT, service="ec2", access_key_id=key, principal_id=userid, part=""
    )
    for calls, is_cut in (([], False), ([called], True)):
        one = World(events=[*world.events, denied, *calls], audit=world.audit)
        (found,) = judge(one, alive_beyond={lease: TOKEN_ENDS}).verdicts
        assert (found.cut is not None) is is_cut


@pytest.mark.parametrize(
    ("act", "back"),
    [
        (
            done("UpdateAccessKey", policy_document="Inactive"),
            done("UpdateAccessKey", at=LATER + timedelta(minutes=1), policy_document="Active"),
        ),
        (done("DeleteAccessKey"), None),
        (
            put(DENY_ALL),
            done("DeleteUserPolicy", at=LATER + timedelta(minutes=1)),
        ),
        (
            done("AttachUserPolicy", part="arn:aws:iam::aws:policy/AWSDenyAll"),
            done(
                "DetachUserPolicy",
                at=LATER + timedelta(minutes=1),
                part="arn:aws:iam::aws:policy/AWSDenyAll",
            ),
        ),
    ],
)
def test_a_user_s_own_key_is_stopped_by_its_state_and_by_a_deny_of_everything(
    act: Event, back: Event | None
) -> None:
    from dataclasses import replace

    world = World()
    key = world.mint(AT, sts=False)
    user = world.events[-1].target
    world.audited(key, "ada", AT, clear=True)

    def about(event: Event) -> Event:
        is_key = event.name in {"UpdateAccessKey", "DeleteAccessKey"}
        return replace(event, target=user, part=key if is_key else event.part)

    world.events.append(about(act))
    (found,) = judge(world).verdicts
    assert found.cut is not None
    assert found.cut.at == LATER
    if back:
        world.events.append(about(back))
        (found,) = judge(world).verdicts
        assert (found.cut, found.lifted) == (None, back.time)


def test_a_moment_of_issue_is_nothing_to_a_user_s_own_key() -> None:
    world = World()
    key = world.mint(AT, sts=False)
    world.audited(key, "ada", AT, clear=True)
    world.events.append(put(target=world.events[-1].target))
    (found,) = judge(world).verdicts
    assert found.cut is None


def test_a_key_that_vault_deletes_is_not_denied() -> None:
    world = World()
    key = world.mint(AT, sts=False)
    user = world.events[-1].target
    world.audited(key, "ada", AT, clear=True)
    world.events.append(done("DeleteAccessKey", access_key_id=ROOT_KEY, target=user, part=key))
    (found,) = judge(world).verdicts
    assert found.cut is None


def test_a_call_that_worked_after_the_deny_is_marked_but_for_asking_who_one_is() -> None:
    world, key, lease = a_token()
    world.events.append(put())
    late = LATER + timedelta(minutes=3)
    asks = {"service": "sts", "access_key_id": key, "part": ""}
    world.events.append(done("GetCallerIdentity", at=late, **asks))
    (found,) = judge(world, alive_beyond={lease: TOKEN_ENDS}).verdicts
    assert found.marks == ()
    world.events.append(done("DescribeInstances", at=late, **(asks | {"service": "ec2"})))
    (found,) = judge(world, alive_beyond={lease: TOKEN_ENDS}).verdicts
    assert [(mark.kind, mark.calls, mark.detail) for mark in found.marks] == [
        (MarkKind.AFTER_END, 1, "DescribeInstances")
    ]


def test_a_deny_that_stands_in_iam_counts_where_cloudtrail_shows_none() -> None:
    world, _, lease = a_token()
    (found,) = judge(world, alive_beyond={lease: TOKEN_ENDS}, denied=frozenset({lease})).verdicts
    assert found.cut == Cut()
    assert found.lives_beyond is None


def test_every_output_says_the_same() -> None:
    world, key, lease = a_token()
    world.events.append(put())
    matching = judge(world, alive_beyond={lease: TOKEN_ENDS})
    report = Report(START, END, WATERMARK, matching)
    assert report.is_clean
    assert list(ocsf.lines(report)) == []
    assert sarif.document(report)["runs"][0]["results"] == []
    event = "PutUserPolicy-091000"
    by = f"the policy {NAME} on user vault-root"
    text = render(report)
    assert f"denied in AWS, its lease over: {key[:4]}" in text
    assert f"since 09:10 (by {by}; event {event}), its token ends at 15:00" in text
    assert "alive beyond" not in text
    (row,) = as_json(report)["credentials"]
    assert (row["denied_since"], row["denied_by"]) == ("2026-11-21T09:10:00Z", by)
    assert (row["denied_event_id"], row["alive_beyond_lease_until"]) == (event, None)
    assert f"denied in AWS by {by} (event {event})" in row["rests_on"]
    stories = story.stories(matching.verdicts, ())
    told_text = story.render(stories, END)
    assert f"2026-11-21 09:10:00  aws    denied everything by {by}" in told_text
    assert "its lease is over" not in told_text
    moments = story.as_json(stories)["credentials"][0]["timeline"]
    assert event in [moment["event_id"] for moment in moments]


def test_a_lifted_deny_is_told_everywhere() -> None:
    world, key, lease = a_token()
    gone = done("DeleteUserPolicy", at=LATER + timedelta(minutes=1), target="vault-root")
    world.events += [put(), gone]
    report = Report(START, END, WATERMARK, judge(world, alive_beyond={lease: TOKEN_ENDS}))
    (finding,) = report.findings
    assert finding.kind == findings.LIFTED
    (result,) = sarif.document(report)["runs"][0]["results"]
    assert result["ruleId"] == "denied-no-more"
    assert "1 alive beyond its lease" in render(report)
    assert "the deny was taken away" in story.render(
        story.stories(report.matching.verdicts, ()), END
    )
    (found,) = told(report)
    assert dict(evidence(found, report.matching.verdicts[0]))["Token"].startswith("lives to ")
    assert as_json(report)["credentials"][0]["deny_lifted_at"] == "2026-11-21T09:11:00Z"
    assert key in found.finding.access_key_id


class Asked:
    """A CloudTrail that answers by attribute and remembers what it was asked."""

    def __init__(self, world: World) -> None:
        self.names: list[tuple[str, str]] = []
        self._events = world.events

    def __call__(self, attribute: str, value: str, *, region: str, **_: Any) -> list[object]:
        if attribute == "EventName":
            self.names.append((value, region))
        parts = {"AccessKeyId": "access_key_id", "Username": "user_name", "EventName": "name"}
        return [
            record(event) for event in self._events if getattr(event, parts[attribute]) == value
        ]


def record(event: Event) -> dict[str, object]:
    """A record as CloudTrail writes it, with the policy that it was about."""
    asked = {"policyName": event.part, "policyDocument": event.policy_document}
    return {**record_of(event), "requestParameters": {"userName": event.target, **asked}}


@pytest.mark.parametrize("is_cut", [True, False])
def test_the_history_is_asked_for_denies_where_a_token_outlives_its_lease(*, is_cut: bool) -> None:
    world, key, lease = a_token()
    world.events += [put()] if is_cut else []
    held = Holding(
        lease, "aws", "creds", "reader", LeaseState.ENDED, access_key_id=key, is_sts=True,
        token_ends=TOKEN_ENDS,
    )  # fmt: skip
    log = AuditLog(issuances=world.audit, first=START)
    for holdings in ((held,), ()):
        asked = Asked(world)
        sources = Sources(
            History(asked, ("eu-west-2",)), IDENTITY, log,
            inventory=Inventory("aws", END, holdings),
        )  # fmt: skip
        report = check(sources, Window(START, END)).report
        wanted = {"PutRolePolicy", "PutUserPolicy", "UpdateAccessKey"}
        wanted |= {"DeleteRolePolicy", "DeleteUserPolicy"} if is_cut else set()
        assert {name for name, _ in asked.names} == (wanted if holdings else set())
        assert {region for _, region in asked.names} <= {"us-east-1"}
        if holdings:
            assert report.is_clean is is_cut
