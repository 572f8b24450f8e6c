"""No key of a suspect's is switched on unless it is named, and none that was off before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.incidents import key
from tests.support.judged import CUT, OPENED, case_of, token, user
from vaultaws.errors import UsageError
from vaultaws.incident.lifting import plan
from vaultaws.incident.model import Case, Progress, Step, StepKind, StepState
from vaultaws.incident.restoring import Wished, check_wished, keys_of

KEYS = tuple(key(number, "AKIA") for number in range(4))
STOPPED = Step(StepKind.STOP_USER, "bob")
LATER = CUT.replace(year=CUT.year + 1)


def stopped(before: dict[str, bool], suspects: set[str], state: StepState) -> Case:
    found = [user("bob", one, lease_id="", role="", parent_key=key(9)) for one in sorted(suspects)]
    progress = {STOPPED.id: Progress(state, OPENED, before={"keys": before})}
    return case_of(token(), *found, steps=(STOPPED,), progress=progress)


@given(
    st.dictionaries(st.sampled_from(KEYS), st.booleans()),
    st.sets(st.sampled_from(KEYS)),
    st.sets(st.sampled_from(KEYS)),
    st.booleans(),
    st.sampled_from([StepState.DONE, StepState.TRIED, StepState.FAILED]),
)
def test_only_what_was_named_comes_back(
    before: dict[str, bool], suspects: set[str], named: set[str], asked: bool, state: StepState
) -> None:
    case = stopped(before, suspects, state)
    wished = Wished(frozenset({"bob"} if asked else ()), frozenset(named))
    found = plan(case, (), LATER, wished)
    assert (STOPPED in found.undo) is asked
    back, off = keys_of(case, STOPPED, named)
    assert set(back) == {one for one, on in before.items() if on and one not in suspects - named}
    assert set(off) == {one for one, on in before.items() if on} - set(back)
    said = " ".join(why for step, why in found.stays if step == STOPPED)
    assert bool(said) is (bool(off) or not asked)
    assert all(one in said for one in (off if asked else ()))


def test_a_user_waits_for_the_sessions_of_its_keys() -> None:
    case = stopped({KEYS[0]: True}, set(), StepState.DONE)
    found = plan(case, (), CUT, Wished(frozenset({"bob"})))
    assert [step for step, _ in found.waiting] == [STOPPED]
    assert found.undo == ()


def test_a_key_that_was_left_off_may_be_named_later() -> None:
    case = stopped({KEYS[0]: True}, {KEYS[0]}, StepState.DONE)
    left = replace(
        case.progress[STOPPED.id], state=StepState.UNDONE, evidence={"left_off": [KEYS[0]]}
    )
    case = replace(case, progress={STOPPED.id: left})
    assert plan(case, (), LATER, Wished(frozenset({"bob"}))).undo == ()
    named = Wished(frozenset({"bob"}), frozenset({KEYS[0]}))
    check_wished(case, named)
    assert plan(case, (), LATER, named).undo == (STOPPED,)


def test_a_user_that_no_step_reached_was_not_stopped() -> None:
    case, wished = stopped({}, set(), StepState.WAITING), Wished(frozenset({"bob"}))
    with pytest.raises(UsageError, match="stopped no bob"):
        check_wished(case, wished)
    assert plan(case, (), LATER, wished).undo == ()


@pytest.mark.parametrize(
    "wished",
    [
        Wished(frozenset({"eve"})),
        Wished(frozenset({"bob"}), frozenset({KEYS[3]})),
        Wished(keys=frozenset({KEYS[0]})),
    ],
)
def test_what_was_not_stopped_cannot_be_given_back(wished: Wished) -> None:
    case = stopped({KEYS[0]: True}, set(), StepState.DONE)
    with pytest.raises(UsageError) as fault:
        check_wished(case, wished)
    assert "nothing was lifted" in fault.value.why
