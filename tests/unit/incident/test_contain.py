"""Steps in order, written down; killed anywhere and gone on with; a side that is down is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.incidents import AT, PLACE, picture, token, user
from tests.support.memory_vault import FixedClock
from vaultaws.aws.errors import AwsUnreachableError
from vaultaws.errors import AwsError, VaultDeniedError, VaultError, VaultUnreachableError
from vaultaws.incident.contain import Containment, Standing
from vaultaws.incident.journal import Cases
from vaultaws.incident.model import Case, Evidence, Scope, Step, StepKind, StepState
from vaultaws.incident.picture import Login, StaticSeen
from vaultaws.incident.plan import plan
from vaultaws.incident.waves import Breaker, Plane
from vaultaws.leases.words import iso

SEEN = picture(
    token(1),
    user(2),
    user(3, lease_id="aws/creds/reader/3"),
    logins=(Login("e1", "ben"),),
    accessors=("a1",),
    statics=(StaticSeen("legacy", "app"),),
)
PLAN = plan(Scope(person="ben", root=True), SEEN)


class KilledError(BaseException):
    """Kill -9, as far as the code can tell: nothing after it runs."""


@dataclass
class MemoryDeeds:
    """What was done, in order. `fault` may raise before a deed, or (after=True) when it is done."""

    done: list[str] = field(default_factory=list)
    fault: Callable[[Step, bool], None] = lambda *_: None
    times: int = 0
    canary_asked: bool = False

    def moment(self) -> datetime:
        self.times += 1
        return AT + timedelta(seconds=self.times)

    def asked_for(self, step: Step) -> None:
        self.canary_asked = True

    def canary_steps(self, step: Step, evidence: Evidence) -> tuple[Step, ...]:
        if step.settings["kind"] != "iam_user":
            return ()
        return (Step(StepKind.STOP_USER, "canary", {"lease_id": "l"}),)

    def before(self, step: Step) -> Evidence:
        return {"was": step.target not in self.done}

    def do(self, step: Step) -> Evidence:
        self.fault(step, False)
        self.done.append(step.id)
        self.fault(step, True)
        return {"moment": iso(AT + timedelta(hours=1))}


@pytest.fixture
def cases(tmp_path: Path) -> Cases:
    return Cases(tmp_path / "incidents", FixedClock(AT))


def run(
    cases: Cases,
    deeds: MemoryDeeds,
    told: Callable[[Standing], None] = lambda _: None,
    breaker: Breaker | None = None,
) -> Case:
    """One run, as the command does it: begun, or gone on with."""
    if not cases.exists("ben"):
        with cases.opened("ben", "ada", Scope(person="ben"), PLACE) as writer:
            writer.found(PLAN.suspects, PLAN.steps)
    with cases.gone_on("ben") as (case, writer):
        return Containment(writer, deeds, FixedClock(AT), told, breaker or Breaker()).run(
            case, case.steps
        )


def states(case: Case) -> set[StepState]:
    return {case.state_of(step) for step in case.steps}


def test_everything_is_done_in_order_and_written_down(cases: Cases) -> None:
    deeds, seen = MemoryDeeds(), list[Standing]()
    case = run(cases, deeds, seen.append)
    assert states(case) == {StepState.DONE}
    assert states(cases.read("ben")) == {StepState.DONE}
    kinds = [StepKind(step.split(":")[0]) for step in deeds.done]
    assert deeds.canary_asked
    for early, late in (
        (StepKind.DISABLE_ENTITY, StepKind.DENY_TOKENS),
        (StepKind.REVOKE_TOKEN, StepKind.DENY_TOKENS),
        (StepKind.DENY_TOKENS, StepKind.STOP_USER),
        (StepKind.STOP_USER, StepKind.REVOKE_LEASE),
        (StepKind.REVOKE_LEASE, StepKind.DELETE_USER),
        (StepKind.DELETE_USER, StepKind.ROTATE_ROOT),
    ):
        assert max(at for at, kind in enumerate(kinds) if kind is early) < min(
            at for at, kind in enumerate(kinds) if kind is late
        )
    assert case.progress[f"{StepKind.STOP_USER}:canary"].state is StepState.DONE
    assert cases.read("ben").cut_at == AT + timedelta(seconds=1)
    assert all(now.done + now.failed <= now.total for now in seen)


def test_a_second_run_does_nothing(cases: Cases) -> None:
    run(cases, MemoryDeeds())
    deeds = MemoryDeeds()
    run(cases, deeds)
    assert (deeds.done, deeds.times) == ([], 0)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", PLAN.steps, ids=lambda step: step.id)
def test_killed_at_any_step_the_next_run_ends_it(cases: Cases, step: Step, *, after: bool) -> None:
    def kill(at: Step, is_done: bool) -> None:
        if (at.id, is_done) == (step.id, after):
            raise KilledError

    first = MemoryDeeds(fault=kill)
    with pytest.raises(KilledError):
        run(cases, first)
    tried = cases.read("ben").state_of(step)
    assert tried is StepState.TRIED
    second = MemoryDeeds()
    case = run(cases, second)
    assert states(case) == {StepState.DONE}
    assert {planned.id for planned in PLAN.steps} <= {*first.done, *second.done}
    assert "stop_user:canary" in {*first.done, *second.done}
    assert step.id in second.done


def fails_on(plane: Plane, make: Callable[[], Exception]) -> Callable[[Step, bool], None]:
    aws = {StepKind.DENY_TOKENS, StepKind.DENY_SESSION, StepKind.STOP_USER, StepKind.DELETE_USER}

    def fault(step: Step, is_done: bool) -> None:
        if not is_done and (step.kind in aws) is (plane is Plane.AWS):
            raise make()

    return fault


def no_vault() -> Exception:
    return VaultUnreachableError("no server", why="refused", do="start it")


def no_aws() -> Exception:
    return AwsUnreachableError("no answer from AWS", why="no route", do="mend the network")


@pytest.mark.parametrize(("plane", "make"), [(Plane.VAULT, no_vault), (Plane.AWS, no_aws)])
def test_one_side_down_does_not_stop_the_other(
    cases: Cases, plane: Plane, make: Callable[[], Exception]
) -> None:
    deeds = MemoryDeeds(fault=fails_on(plane, make))
    case = run(cases, deeds)
    left = {step.kind for step in case.steps if case.state_of(step) is not StepState.DONE}
    aws = {StepKind.DENY_TOKENS, StepKind.STOP_USER, StepKind.DELETE_USER}
    if plane is Plane.VAULT:
        assert aws & left <= {StepKind.DELETE_USER}
        assert StepKind.REVOKE_LEASE in left
    else:
        assert left == aws
    reasons = {case.progress[step.id].why for step in case.steps if step.kind in left}
    assert all(reasons)
    assert states(run(cases, MemoryDeeds())) == {StepState.DONE}


def test_where_vault_was_seen_to_be_down_aws_comes_first(cases: Cases) -> None:
    deeds = MemoryDeeds()
    run(cases, deeds, breaker=Breaker({Plane.VAULT: "it was down a moment ago"}))
    first_vault = min(
        at for at, step in enumerate(deeds.done) if step.startswith(("disable", "revoke_token"))
    )
    last_deny = max(at for at, step in enumerate(deeds.done) if step.startswith("deny_tokens"))
    assert last_deny < first_vault


def test_what_fails_once_or_twice_is_tried_again(cases: Cases) -> None:
    counts: dict[str, int] = {}

    def stumble(step: Step, is_done: bool) -> None:
        counts[step.id] = counts.get(step.id, 0) + (not is_done)
        if not is_done and counts[step.id] < 3 and step.kind is StepKind.REVOKE_LEASE:
            raise VaultError("failed", why="the engine stumbled", do="again")

    assert states(run(cases, MemoryDeeds(fault=stumble))) == {StepState.DONE}


def test_a_no_is_taken_as_one_and_said(cases: Cases) -> None:
    counts: dict[str, int] = {}

    def refuse(step: Step, is_done: bool) -> None:
        counts[step.id] = counts.get(step.id, 0) + 1
        if step.kind is StepKind.DISABLE_ENTITY:
            raise VaultDeniedError("permission denied", why="no right", do="ask")
        if step.kind is StepKind.STOP_USER:
            raise AwsError("AWS refused", why="no right", do="ask", code="AccessDenied")

    case = run(cases, MemoryDeeds(fault=refuse))
    failed = {step.kind for step in case.steps if case.state_of(step) is StepState.FAILED}
    assert failed == {StepKind.DISABLE_ENTITY, StepKind.STOP_USER}
    assert counts["disable_entity:e1"] == 1
    assert case.progress["disable_entity:e1"].why == "permission denied: no right"
