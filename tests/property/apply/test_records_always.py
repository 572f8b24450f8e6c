"""Whatever a crash leaves of the journal's file, it never claims a step that was not written."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.plan import records
from vaultaws.plan.records import Begun, Ended, Ending, Entry, Progressed, StepName

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
IDS = st.sampled_from(["a", "b"])
NAMES = st.text(max_size=20)
STEPS = st.lists(st.builds(StepName, NAMES, NAMES, NAMES), min_size=1, max_size=12)
INDEXES = st.lists(st.integers(0, 11), max_size=4).map(tuple)
ENTRIES = st.one_of(
    st.builds(
        Begun,
        IDS,
        st.just(NOW),
        NAMES,
        NAMES,
        NAMES,
        NAMES,
        NAMES,
        STEPS.map(tuple),
    ),
    st.builds(Progressed, IDS, INDEXES, INDEXES),
    st.builds(Ended, IDS, st.just(NOW), st.sampled_from(Ending)),
)


@given(ENTRIES)
def test_every_entry_is_one_line_that_reads_back(entry: Entry) -> None:
    line = records.encode(entry)
    assert line.count(b"\n") == 1
    assert records.decode(line) == entry


@given(st.lists(ENTRIES, max_size=12), st.integers(0, 4000))
def test_a_torn_file_claims_no_more_than_a_whole_one(entries: list[Entry], size: int) -> None:
    content = b"".join(map(records.encode, entries))[:size]
    lines = content.split(b"\n")[:-1]
    torn = records.fold(records.decode(line) for line in lines)
    whole = records.fold(entries)
    assert len(torn) <= len(whole)
    for left, right in zip(torn, whole, strict=False):
        assert left.begun == right.begun
        assert left.done <= right.done


@given(st.binary(max_size=200))
def test_no_line_breaks_the_reader(line: bytes) -> None:
    records.fold([records.decode(line)])
