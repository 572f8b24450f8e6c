"""What is said after an apply: what is done, what failed and why, what was not tried."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.planned import planned, role_step
from vaultaws.errors import LocalStateError, VaultRefusedError
from vaultaws.plan import outcome
from vaultaws.plan.apply import batches
from vaultaws.plan.changes import Action, Change, Kind
from vaultaws.plan.journal import Unfinished
from vaultaws.plan.outcome import Applied, AppliedInPartError, Failure
from vaultaws.plan.records import Begun, Record

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
PLAN = planned(*(role_step(f"r{number}") for number in range(10)))
REFUSED = VaultRefusedError("the server refused it", why="a bad ARN", do="mend the ARN")


def problem(applied: Applied) -> BaseException:
    found = outcome.problem(applied)
    assert found is not None
    return found


def test_all_done_is_no_problem() -> None:
    assert outcome.problem(Applied(PLAN, frozenset(range(10)))) is None


def test_a_refusal_says_what_was_done_and_what_was_not_tried() -> None:
    found = problem(Applied(PLAN, frozenset({0, 1}), (Failure(2, REFUSED, uncertain=False),)))
    assert isinstance(found, AppliedInPartError)
    assert found.exit_code == 2
    assert found.what == "role r2 was refused: the server refused it"
    assert found.why == "a bad ARN"
    assert found.do == "mend the ARN; then run apply again, it goes on where this stopped"
    assert found.__notes__ == [
        "2 of 10 steps are done: role r0, role r1",
        "not tried: role r3, role r4, role r5, role r6, role r7 and 2 more",
    ]


def test_a_lost_answer_may_have_taken_effect() -> None:
    failures = (Failure(0, REFUSED, uncertain=True), Failure(1, REFUSED, uncertain=False))
    found = problem(Applied(PLAN, frozenset(), failures))
    assert str(found) == "role r0 may have taken effect: the server refused it"
    assert found.__notes__[0] == "0 of 10 steps are done"
    assert found.__notes__[1] == "role r1 was refused as well: a bad ARN"


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_ends_as_signals_do_and_says_how_far_it_came(
    number: signal.Signals, kind: type[BaseException]
) -> None:
    applied = Applied(PLAN, frozenset({0}), abandoned=frozenset({1}), signal=number)
    found = problem(applied)
    assert type(found) is kind
    assert "asked for, not answered, may have taken effect: role r1" in found.__notes__
    assert applied.unknown == {1}
    assert applied.untried == tuple(range(2, 10))


def test_this_machines_own_trouble_is_said_with_what_was_done() -> None:
    trouble = LocalStateError("the journal is full", why="no space", do="free some")
    found = problem(Applied(PLAN, frozenset({0}), trouble=trouble))
    assert isinstance(found, AppliedInPartError)
    assert (found.what, found.why, found.exit_code) == ("the journal is full", "no space", 2)
    assert found.__notes__[0] == "1 of 10 steps are done: role r0"


def test_machines_are_told_which_changes_are_done() -> None:
    unmanaged = Change(Action.UNMANAGED, Kind.ROLE, "other")
    plan = planned(role_step("a"), unmanaged, role_step("b"))
    told = outcome.document(Applied(plan, frozenset({0})))
    assert [change["done"] for change in told["changes"]] == [True, False, False]


def test_an_unfinished_apply_is_told_in_one_sentence() -> None:
    steps = tuple(outcome.step_name(step) for step in PLAN.to_write)
    begun = Begun("a", NOW, "vaultaws.toml", "http://127.0.0.1:8200", "", "aws", "f", steps)
    record = Record(begun, done=frozenset(range(7)))
    later = NOW + timedelta(minutes=4)
    assert outcome.mention(Unfinished(record, running=False), later) == (
        "an apply of vaultaws.toml begun 4 min ago (2026-11-21 08:30 UTC) ended after 7 of 10 steps"
    )
    assert "is running: 7 of 10" in outcome.mention(Unfinished(record, running=True), later)
    lost = replace(record, unknown=frozenset({7}))
    assert outcome.mention(Unfinished(lost, running=False), later).endswith(
        "; role r7 may have taken effect"
    )


def test_neighbouring_roles_go_together_and_nothing_else_does() -> None:
    mount = Change(Action.ADD, Kind.MOUNT, "aws")
    root = Change(Action.ADD, Kind.ROOT, "root")
    access = Change(Action.ADD, Kind.ACCESS, "analysts")
    steps = [access, access, mount, root, role_step("a"), role_step("b"), access, role_step("c")]
    assert [list(batch) for batch in batches(steps)] == [[0], [1], [2], [3], [4, 5], [6], [7]]
    assert list(batches([])) == []
