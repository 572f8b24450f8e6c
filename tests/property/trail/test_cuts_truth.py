"""Whatever was denied, to whom, and taken away again: a token without a lease is told as denied
where it is, and as alive where it is not."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.world import END, ROOT_KEY, START, World, judge
from vaultaws.aws.cutoff import deny_document
from vaultaws.aws.users import DENY_ALL
from vaultaws.model import Event
from vaultaws.trail import findings
from vaultaws.trail.report import Report, render
from vaultaws.trail.verdicts import Standing

ISSUED = START + timedelta(hours=1)
TOKEN_ENDS = END + timedelta(hours=1)
ACCOUNT, OTHER_ACCOUNT = "1" * 12, "2" * 12
NAMES = ("vaultaws-cut-tokens", "vaultaws-incident", "somebody-s")
KINDS = {"user": "User", "role": "Role"}
HOLDERS = (("user", "vault-root"), ("role", "reader"), ("user", "reader"), ("role", "writer"))


@dataclass(frozen=True)
class Act:
    """Somebody does something to one policy of a holder. `wanted` says what the policy is then:
    the moment of a deny in seconds after the issue, or one of the words below."""

    holder: tuple[str, str]
    policy: str
    wanted: int | str
    account: str
    is_refused: bool


WANTED = st.one_of(
    st.integers(-20, 200),
    st.sampled_from(["everything", "allow", "narrow", "gone", "gone", "broken"]),
)
ACTS = st.builds(
    Act,
    st.sampled_from(HOLDERS),
    st.sampled_from(NAMES),
    WANTED,
    st.sampled_from([ACCOUNT, ACCOUNT, ACCOUNT, OTHER_ACCOUNT]),
    st.sampled_from([False, False, False, True]),
)


def written(wanted: int | str) -> str:
    if isinstance(wanted, int):
        return json.dumps(deny_document(ISSUED + timedelta(seconds=wanted)))
    narrow = deny_document(ISSUED + timedelta(seconds=200))
    narrow["Statement"][0]["Action"] = ["s3:*"]
    allow = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return {
        "everything": DENY_ALL,
        "allow": json.dumps(allow),
        "narrow": json.dumps(narrow),
        "broken": '{"Effect": "Deny"',
    }[wanted]


def event_of(act: Act, at: datetime, number: int) -> Event:
    kind = KINDS[act.holder[0]]
    is_gone = act.wanted == "gone"
    return Event(
        event_id=f"act-{number}",
        time=at,
        service="iam",
        name=f"{'Delete' if is_gone else 'Put'}{kind}Policy",
        region="us-east-1",
        access_key_id="an-administrator",
        identity_type="IAMUser",
        principal_arn="",
        principal_id="",
        error_code="AccessDenied" if act.is_refused else "",
        account=act.account,
        target=act.holder[1],
        part=act.policy,
        policy_document="" if is_gone else written(act.wanted),
    )


def is_denied(acts: list[Act], holder: tuple[str, str]) -> bool:
    """What IAM would say in the end: it keeps the last document of each policy."""
    stands: dict[str, int | str] = {}
    for act in acts:
        if act.holder == holder and act.account == ACCOUNT and not act.is_refused:
            stands[act.policy] = act.wanted
    return any(
        wanted == "everything" or (isinstance(wanted, int) and wanted > 0)
        for wanted in stands.values()
    )


def world_of(acts: list[Act], *, is_role: bool) -> tuple[World, str]:
    world = World()
    key = world.mint(ISSUED, sts=True)
    minted = replace(world.events[0], account=ACCOUNT)
    if is_role:
        arn = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
        minted = replace(minted, name="AssumeRole", target=arn)
    steps = [
        event_of(act, ISSUED + timedelta(seconds=300 + 7 * number), number)
        for number, act in enumerate(acts)
    ]
    world.events = [minted, *steps]
    return world, world.audited(key, "ada", ISSUED, clear=True)


@settings(max_examples=120)
@given(st.lists(ACTS, max_size=8), st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_a_token_is_denied_where_iam_denies_it_and_nowhere_else(
    acts: list[Act], is_role: bool, is_twice: bool, chance: Random
) -> None:
    world, lease = world_of(acts, is_role=is_role)
    truth = is_denied(acts, ("role", "reader") if is_role else ("user", "vault-root"))
    if is_twice:
        world.events *= 2
    chance.shuffle(world.events)
    found = judge(world, alive_beyond={lease: TOKEN_ENDS})
    (verdict,) = found.of(Standing.EXPLAINED)
    assert (verdict.cut is not None) is truth
    assert (verdict.lives_beyond is None) is truth
    if verdict.cut:
        event = next(one for one in world.events if one.event_id == verdict.cut.event_id)
        assert (event.time, event.part) == (verdict.cut.at, verdict.cut.policy)
        assert event.error_code == ""
    report = Report(START, END, END, found)
    kinds = {one.kind for one in report.findings}
    assert bool(kinds & {findings.BEYOND, findings.LIFTED}) is not truth
    assert (findings.LIFTED in kinds) is bool(verdict.lifted)
    assert ("denied in AWS" in render(report)) is truth
    assert verdict.minted is not None
    assert verdict.minted.access_key_id == ROOT_KEY
