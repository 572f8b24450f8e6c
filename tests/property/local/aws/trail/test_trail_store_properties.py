"""What must always hold of the event history, whatever is recorded in whatever order."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from tests.support.calls import ACCOUNT, NOON
from vaultaws.local.aws.trail.resources import Resource
from vaultaws.local.aws.trail.store import Attribute, EventStore, TrailEvent

NAMES = st.sampled_from(["CreateUser", "GetUser", "RunInstances"])
USERS = st.sampled_from(["", "ada", "eve"])
REGIONS = st.sampled_from(["us-east-1", "eu-west-2"])
SPAN_SECONDS = 20


def an_event(  # noqa: PLR0917  (a row of a table)
    sequence: int,
    second: int = 0,
    name: str = "CreateUser",
    user: str = "ada",
    region: str = "us-east-1",
    resources: tuple[str, ...] = (),
    record: str = "{}",
) -> TrailEvent:
    return TrailEvent(
        sequence=sequence,
        event_id=f"id-{sequence}",
        name=name,
        source="iam.amazonaws.com",
        account_id=ACCOUNT,
        region=region,
        read_only=name.startswith("Get"),
        management=True,
        user_name=user,
        access_key_id="",
        time=NOON + timedelta(seconds=second),
        visible_at=NOON,
        resources=tuple(Resource("AWS::IAM::User", each) for each in resources),
        record=record,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[TrailEvent]:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, SPAN_SECONDS),
                NAMES,
                USERS,
                REGIONS,
                st.lists(st.sampled_from(["a", "b"]), max_size=3).map(tuple),
            ),
            max_size=40,
        )
    )
    return [an_event(number, *row) for number, row in enumerate(rows)]


@given(histories(), st.integers(1, 50))
def test_the_newest_are_kept_and_the_indexes_agree_with_them(
    history: list[TrailEvent], limit: int
) -> None:
    store = EventStore(max_events=limit)
    for event in history:
        store.add(event)
    kept = _newest(history, limit)
    stats = store.stats()
    assert stats.events == len(kept)
    assert stats.events + stats.dropped == len(history)
    assert stats.bytes == sum(event.size for event in kept)
    keys: set[tuple[str, Attribute | None, str]] = {(e.region, None, "") for e in kept}
    keys |= {(e.region, *pair) for e in kept for pair in e.attributes()}
    assert stats.indexes == len(keys)
    for region, attribute, value in keys:
        wanted = None if attribute is None else (attribute, value)
        found = store.find(ACCOUNT, region, wanted).newest_first(
            start=NOON, end=NOON + timedelta(days=1)
        )
        expected = [
            e
            for e in kept
            if e.region == region and (wanted is None or wanted in set(e.attributes()))
        ]
        assert list(found) == sorted(expected, key=lambda e: e.position, reverse=True)


def _newest(history: list[TrailEvent], limit: int) -> list[TrailEvent]:
    """What a history that drops its oldest after each addition holds in the end."""
    kept: list[TrailEvent] = []
    for event in history:
        kept = sorted([*kept, event], key=lambda e: e.position)[-limit:]
    return kept


@given(histories(), st.integers(0, SPAN_SECONDS), st.integers(0, SPAN_SECONDS), st.integers(1, 7))
def test_pages_joined_are_the_whole_search(
    history: list[TrailEvent], first: int, last: int, page_size: int
) -> None:
    store = EventStore()
    for event in history:
        store.add(event)
    start, end = NOON + timedelta(seconds=first), NOON + timedelta(seconds=last)
    whole = list(store.find(ACCOUNT, "us-east-1").newest_first(start=start, end=end))
    assert all(start <= event.time <= end for event in whole)
    joined: list[TrailEvent] = []
    before = None
    while True:
        found = store.find(ACCOUNT, "us-east-1").newest_first(start=start, end=end, before=before)
        page = [event for event, _ in zip(found, range(page_size), strict=False)]
        joined += page
        if not page:
            break
        before = page[-1].position
    assert joined == whole


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=60), st.integers(4_000, 40_000))
def test_bytes_are_bounded(sizes: list[int], limit: int) -> None:
    store = EventStore(max_bytes=limit)
    for number, size in enumerate(sizes):
        store.add(an_event(number, record="x" * size))
        assert store.stats().bytes <= limit


def test_sixteen_threads_lose_nothing() -> None:
    store = EventStore()
    each = 200

    def write(first: int) -> None:
        for number in range(first, first + each):
            store.add(an_event(number, number % 3, resources=("a", str(number % 5))))

    writers = [Thread(target=write, args=(index * each,)) for index in range(16)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = store.find(ACCOUNT, "us-east-1", (Attribute.RESOURCE_NAME, "a"))
    seen = [e.sequence for e in found.newest_first(start=NOON, end=NOON + timedelta(days=1))]
    assert len(seen) == len(set(seen)) == 16 * each
