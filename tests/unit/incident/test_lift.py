"""When a deny may go, what comes back, and what a lift says of the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.judged import (
    CUT,
    NOW,
    OPENED,
    ROLE,
    ROOT,
    canary_step,
    case_of,
    deny_step,
    token,
)
from vaultaws.errors import UsageError
from vaultaws.incident.lifting import check_verified, due_of, outcome, plan, render
from vaultaws.incident.model import Case, Progress, Step, StepKind, StepState
from vaultaws.model import CredentialType, Role

HOUR = timedelta(hours=1)
FEDERATED = Role("reader-sts", CredentialType.FEDERATION_TOKEN, max_sts_ttl_seconds=3600)
OPS = Role(
    "ops",
    CredentialType.ASSUMED_ROLE,
    role_arns=("arn:aws:iam::123456789012:role/ops",),
)
ENTITY = Step(StepKind.DISABLE_ENTITY, "7f3a", {"name": "ben"})
ISSUANCE = Step(StepKind.DENY_ISSUANCE, "aws", {"paths": ["aws/sts/reader-sts"]})


def test_a_deny_waits_for_the_longest_life_that_its_roles_give() -> None:
    step = deny_step(ROOT)
    case = case_of(token(), steps=(step,))
    assert due_of(case, step, (FEDERATED, OPS)) == CUT + HOUR
    longer = replace(FEDERATED, name="long", max_sts_ttl_seconds=7200)
    assert due_of(case, step, (FEDERATED, longer)) == CUT + 2 * HOUR
    unbounded = replace(FEDERATED, max_sts_ttl_seconds=0)
    assert due_of(case, step, (unbounded,)) == CUT + 36 * HOUR
    assert due_of(case, step, None) == CUT + 36 * HOUR
    assert due_of(case, deny_step(ROLE), (OPS,)) == CUT + 12 * HOUR


def test_a_suspect_that_lives_longer_is_waited_for() -> None:
    step = deny_step(ROOT)
    late = token(ends_at=CUT + 5 * HOUR)
    assert due_of(case_of(late, steps=(step,)), step, (FEDERATED,)) == CUT + 5 * HOUR


def test_a_deny_that_was_put_anew_counts_from_its_own_moment() -> None:
    step = deny_step(ROOT)
    later = (CUT + HOUR).isoformat()
    progress = {step.id: Progress(StepState.DONE, NOW, evidence={"moment": later})}
    case = case_of(token(), steps=(step,), progress=progress)
    assert due_of(case, step, (FEDERATED,)) == CUT + 2 * HOUR


def test_issuance_comes_back_before_the_denies_go() -> None:
    deny = deny_step(ROOT)
    case = case_of(token(), steps=(deny, ISSUANCE, canary_step("federation_token", ROOT)))
    early = plan(case, (FEDERATED,), NOW)
    assert early.undo == (ISSUANCE,)
    assert early.waiting == ((deny, CUT + HOUR),)
    assert not early.whole
    assert "deny on user vault-root in AWS: until 2026-11-21 10:30:30Z" in render(early)
    assert "from 2026-11-21 10:30:30Z on: vaultaws incident lift ben" in outcome(early, (), {})
    late = plan(case, (FEDERATED,), CUT + HOUR)
    assert [step.kind for step in late.undo] == [
        StepKind.DENY_TOKENS,
        StepKind.DENY_ISSUANCE,
        StepKind.CANARY,
    ]
    assert late.whole


@pytest.mark.parametrize(
    ("before", "wanted"),
    [({"disabled": False}, ""), ({"disabled": True}, "before"), ({}, "nothing tells")],
)
def test_an_entity_is_enabled_only_when_we_disabled_it(
    before: dict[str, object], wanted: str
) -> None:
    progress = {ENTITY.id: Progress(StepState.DONE, OPENED, before=before)}
    found = plan(case_of(steps=(ENTITY,), progress=progress), (), NOW)
    assert (found.undo == (ENTITY,)) is (not wanted)
    assert all(wanted in why for _, why in found.stays)


@pytest.mark.parametrize("state", list(StepState))
def test_what_was_begun_is_undone_and_what_was_not_is_left(state: StepState) -> None:
    progress = {ISSUANCE.id: Progress(state, OPENED)}
    found = plan(case_of(steps=(ISSUANCE,), progress=progress), (), NOW)
    begun = state not in {StepState.WAITING, StepState.UNDONE}
    assert found.undo == ((ISSUANCE,) if begun else ())


def passed(case: Case) -> Case:
    return replace(case, verified_at=NOW, verified={"passed": True})


def test_only_what_is_proved_dead_is_lifted() -> None:
    case = case_of(token())
    for refused, why in (
        (case, "no verify"),
        (
            replace(case, verified_at=NOW, verified={"passed": False, "dead": 1, "alive": 2}),
            "1 dead, 2 alive, 0 unknown",
        ),
        (replace(passed(case), contained_at=NOW + HOUR), "contained again"),
        (
            replace(passed(case), progress={"x": Progress(StepState.FAILED, NOW + HOUR)}),
            "taken after the last verify",
        ),
    ):
        with pytest.raises(UsageError) as error:
            check_verified(refused, unverified=False)
        assert why in error.value.why
        check_verified(refused, unverified=True)
    check_verified(passed(case), unverified=False)
