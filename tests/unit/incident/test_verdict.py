"""Dead, alive or unknown: what each takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.judged import CUT, NOW, OPENED, ROLE, ROOT, case_of, token, user
from vaultaws.incident.facts import (
    Check,
    DenySeen,
    Facts,
    Held,
    KeySeen,
    KeySight,
    Proof,
    Stray,
    TrailSeen,
    Trial,
    Uses,
)
from vaultaws.incident.model import Step, StepKind, Suspect
from vaultaws.incident.verdict import Standing, Verification, judge
from vaultaws.model import CredentialType

REFUSED = Proof(
    "canary:x",
    CredentialType.FEDERATION_TOKEN,
    ROOT,
    Trial.REFUSED,
    since=CUT + timedelta(seconds=8),
    times=5,
    action="ec2:DescribeRegions",
)
USER_REFUSED = replace(REFUSED, kind=CredentialType.IAM_USER, holder=None)
DENIED = DenySeen(CUT)
FACTS = Facts(NOW, proofs=(REFUSED,), denies={ROOT: DENIED}, users_swept=True)


def verdict_of(facts: Facts, *suspects: Suspect) -> Verification:
    return judge(case_of(*(suspects or (token(),))), facts)


def standing(facts: Facts, suspect: Suspect | None = None) -> tuple[Standing, str]:
    found = verdict_of(facts, *([suspect] if suspect else []))
    return found.judged[0].standing, found.judged[0].why


def test_a_token_is_dead_by_its_canary_under_a_standing_deny() -> None:
    assert standing(FACTS) == (
        Standing.DEAD,
        "denied on user vault-root; its canary's ec2:DescribeRegions was refused 5 times in a row",
    )
    assert verdict_of(FACTS).passed


@pytest.mark.parametrize(
    ("facts", "wanted", "why"),
    [
        (replace(FACTS, denies={}), Standing.ALIVE, "no deny was put"),
        (replace(FACTS, denies={ROOT: DenySeen()}), Standing.ALIVE, "the deny on user vault-root"),
        (replace(FACTS, denies={ROOT: DenySeen(why="throttled")}), Standing.UNKNOWN, "throttled"),
        (
            replace(FACTS, denies={ROOT: DenySeen(OPENED - timedelta(minutes=5))}),
            Standing.ALIVE,
            "issued after the moment",
        ),
        (
            replace(FACTS, proofs=(replace(REFUSED, trial=Trial.ALLOWED, since=None),)),
            Standing.ALIVE,
            "AWS still allows the canary of user vault-root ec2:DescribeRegions",
        ),
        (
            replace(FACTS, proofs=(replace(REFUSED, trial=Trial.MISSING, since=None, why="lost"),)),
            Standing.UNKNOWN,
            "could not be tried: lost",
        ),
    ],
)
def test_a_token_is_not_dead_without_both(facts: Facts, wanted: Standing, why: str) -> None:
    found, said = standing(facts)
    assert found is wanted
    assert why in said
    assert not verdict_of(facts).passed


def test_a_token_that_ended_is_dead_whatever_else() -> None:
    ended = token(ends_at=NOW - timedelta(seconds=1))
    assert standing(Facts(NOW), ended) == (Standing.DEAD, "it ended by itself")


def test_a_canary_of_another_principal_proves_nothing() -> None:
    other = token(holder=ROLE)
    facts = replace(FACTS, denies={ROOT: DENIED, ROLE: DenySeen(NOW - timedelta(minutes=1))})
    assert standing(facts, other)[0] is Standing.UNKNOWN


def test_a_deny_that_no_canary_can_try_counts_when_it_has_stood() -> None:
    other = token(holder=ROLE)
    facts = replace(FACTS, denies={ROLE: DenySeen(CUT)})
    found, why = standing(facts, other)
    assert found is Standing.DEAD
    assert "read back from IAM" in why


def test_of_several_principals_the_worst_counts() -> None:
    both = replace(token(), other_holders=(ROLE,))
    assert standing(FACTS, both)[0] is Standing.ALIVE
    assert standing(replace(FACTS, denies={ROOT: DENIED, ROLE: DENIED}), both)[0] is Standing.DEAD


def test_a_use_after_the_proof_outweighs_it() -> None:
    key = token().access_key_id
    late = Uses(allowed=1, last_allowed=NOW - timedelta(minutes=1), last_call="s3 GetObject")
    facts = replace(FACTS, trail=TrailSeen(NOW, {key: late}))
    found, why = standing(facts)
    assert found is Standing.ALIVE
    assert "AWS allowed s3 GetObject at 2026-11-21T09:39:00Z, after the cut" in why
    before = replace(late, last_allowed=CUT + timedelta(seconds=4))
    facts = replace(FACTS, trail=TrailSeen(NOW, {key: before}))
    assert standing(facts)[0] is Standing.DEAD
    probing = Uses(refused=9)
    facts = replace(FACTS, trail=TrailSeen(NOW, {key: probing}))
    assert standing(facts)[0] is Standing.DEAD


@pytest.mark.parametrize("sight", [KeySight.GONE, KeySight.OFF])
def test_a_key_that_iam_ended_is_dead_when_aws_has_heard_of_it(sight: KeySight) -> None:
    name = user().name
    fresh = KeySeen(sight, NOW - timedelta(seconds=20))
    by_canary = Facts(NOW, proofs=(USER_REFUSED,), keys={name: fresh})
    assert standing(by_canary, user())[0] is Standing.DEAD
    alone = Facts(NOW, keys={name: fresh})
    found, why = standing(alone, user())
    assert found is Standing.UNKNOWN
    assert "it counts from 2026-11-21T09:44:40Z on" in why
    settled = Facts(NOW, keys={name: KeySeen(sight, NOW - timedelta(minutes=6))})
    assert standing(settled, user())[0] is Standing.DEAD
    honoured = Facts(
        NOW,
        proofs=(replace(USER_REFUSED, trial=Trial.ALLOWED, since=None),),
        keys={name: fresh},
    )
    assert standing(honoured, user())[0] is Standing.ALIVE
    assert standing(Facts(NOW, keys={name: KeySeen(sight)}), user())[0] is Standing.UNKNOWN


def test_a_key_that_is_on_is_alive_and_one_not_seen_is_unknown() -> None:
    name = user().name
    facts = Facts(NOW, proofs=(USER_REFUSED,), keys={name: KeySeen(KeySight.ON)})
    assert standing(facts, user())[0] is Standing.ALIVE
    assert standing(Facts(NOW, proofs=(USER_REFUSED,)), user())[0] is Standing.UNKNOWN


def test_a_single_session_counts_when_its_deny_has_stood() -> None:
    mine = replace(token(), session="123456789012:ben")
    step = Step(
        StepKind.DENY_SESSION,
        mine.session,
        {"holder_kind": "user", "holder_name": "vault-root"},
    )
    case = case_of(mine, steps=(step,))
    facts = Facts(NOW, sessions={mine.session: DenySeen(CUT)})
    assert judge(case, facts).judged[0].standing is Standing.DEAD
    early = replace(facts, at=OPENED + timedelta(minutes=2))
    assert judge(case, early).judged[0].standing is Standing.UNKNOWN
    gone = replace(facts, sessions={mine.session: DenySeen()})
    assert judge(case, gone).judged[0].standing is Standing.ALIVE


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, checks=(Check("issuance", Held.BROKEN),)),
        replace(FACTS, checks=(Check("issuance", Held.UNKNOWN),)),
        replace(FACTS, strays=(Stray("vault-x", OPENED),)),
        replace(FACTS, denies={ROOT: DENIED, ROLE: DenySeen()}),
    ],
)
def test_what_else_is_open_fails_it(facts: Facts) -> None:
    found = verdict_of(facts)
    assert found.judged[0].standing is Standing.DEAD
    assert not found.passed
