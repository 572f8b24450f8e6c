"""Kept answers tell the truth: whatever came before, a look-up tells what CloudTrail would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answering import NOW, Cloud, Killed, MovedClock, look, record
from vaultaws.errors import AwsError
from vaultaws.trail.answers import without
from vaultaws.trail.records import essential, to_event

START = timedelta(hours=4)
"""How long before the first look-up events may begin."""
LATEST = timedelta(hours=1)


@dataclass(frozen=True)
class Step:
    """One look-up: how long after the one before, how long before then its window begins, how long
    that is, and what happens at which call."""

    pause: timedelta
    back: timedelta
    length: timedelta
    fault: str
    call: int


def spans(most: int) -> st.SearchStrategy[timedelta]:
    """Spans that often meet: tens of minutes, and a second more or less."""
    seconds = st.builds(
        lambda tens, more: max(600 * tens + more, 0),
        st.integers(0, most),
        st.sampled_from([0, 0, 0, -1, 1]),
    )
    return st.builds(timedelta, seconds=seconds)


FAULTS = st.sampled_from(["", "", "kill", "fail"])
STEPS = st.lists(
    st.builds(Step, spans(12), spans(24), spans(24), FAULTS, st.integers(1, 4)), max_size=8
)
LATE = st.sampled_from([timedelta(0), LATEST / 2, LATEST - timedelta(seconds=1), LATEST])
EVENTS = st.lists(st.tuples(spans(60), LATE), max_size=25)


@settings(max_examples=300)
@given(steps=STEPS, events=EVENTS, page=st.integers(1, 4))
def test_look_ups_tell_what_they_would_tell_without_a_cache(
    tmp_path_factory: pytest.TempPathFactory,
    steps: Sequence[Step],
    events: Sequence[tuple[timedelta, timedelta]],
    page: int,
) -> None:
    place = tmp_path_factory.mktemp("history")
    clock = MovedClock()
    cloud = Cloud(clock, page=page)
    for number, (after, late) in enumerate(events):
        cloud.happen(f"e{number}", NOW - START + after, late=late)
    for step in steps:
        clock.moment += step.pause
        cloud.faults.clear()
        if step.fault:
            (cloud.kill_at if step.fault == "kill" else cloud.fail_at)(step.call)
        start = clock.moment - step.back
        end = start + step.length
        truth = sorted(one.record["eventID"] for one in cloud.visible(start, end, clock.moment))
        try:
            assert look(cloud, place, start=start, end=end) == truth
        except (Killed, AwsError):
            assert step.fault


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
VALUES = st.recursive(LEAVES, lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=3))
KEYS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("accessKeyId", "expiration", "sessionToken"), VALUES)
)


@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            "userIdentity": VALUES,
            "requestParameters": VALUES,
            "errorCode": VALUES,
            "recipientAccountId": VALUES,
            "eventVersion": st.sampled_from(["1.0", "2.0"]),
            "responseElements": VALUES
            | st.fixed_dictionaries({}, optional={"credentials": KEYS, "accessKey": KEYS}),
        },
    )
)
def test_what_is_kept_of_a_record_makes_the_same_event(changes: dict[str, object]) -> None:
    whole = record("e1", NOW) | changes
    assert to_event(essential(whole)) == to_event(whole)


SPANS = st.tuples(st.integers(0, 30), st.integers(0, 30))


@given(span=SPANS, others=st.lists(SPANS, max_size=6))
def test_what_is_left_of_a_span(span: tuple[int, int], others: list[tuple[int, int]]) -> None:
    left = without(span, others)
    moments = [moment for first, last in left for moment in range(first, last + 1)]
    taken = {moment for first, last in others for moment in range(first, last + 1)}
    assert sorted(moments) == sorted(set(range(span[0], span[1] + 1)) - taken)
    assert left == sorted(left, reverse=True)
