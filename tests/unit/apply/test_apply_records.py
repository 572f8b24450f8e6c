"""The lines of the journal of applies: what is written reads back, nonsense is passed over."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from vaultaws.errors import LocalStateError
from vaultaws.plan import records
from vaultaws.plan.records import Begun, Ended, Ending, Entry, Progressed, StepName

NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
STEPS = (
    StepName("mount", "aws", "+"),
    StepName("role", "reader", "~"),
    StepName("root", "root", "~"),
)
BEGUN = Begun("a", NOW, "vaultaws.toml", "http://127.0.0.1:8200", "team", "aws", "f1", STEPS)


@pytest.mark.parametrize(
    "entry",
    [BEGUN, Progressed("a", (0, 2), (1,)), Ended("a", NOW, Ending.UNKNOWN)],
    ids=lambda entry: type(entry).__name__,
)
def test_an_entry_reads_back_as_it_was_written(entry: Entry) -> None:
    line = records.encode(entry)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert records.decode(line) == entry


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"kind":"begin","id":5}',
        b'{"kind":"progress","id":"a","done":3,"unknown":[]}',
        b'{"kind":"end","id":"a","time":"2026-11-21T08:30:00","ending":"complete"}',
        b'{"kind":"end","id":"a","time":"2026-11-21T08:30:00+00:00","ending":"well"}',
        b'{"kind":"later","id":"a"}',
        b"[" * 100_000,
    ],
)
def test_what_makes_no_sense_is_nothing(line: bytes) -> None:
    assert records.decode(line) is None


def test_an_apply_that_was_killed_is_open() -> None:
    (record,) = records.fold([BEGUN, Progressed("a", (0,)), None])
    assert record.is_open
    assert record.done == {0}
    assert record.ending is None


def test_a_lost_answer_leaves_it_open_and_names_the_step() -> None:
    (record,) = records.fold(
        [BEGUN, Progressed("a", unknown=(1,)), Ended("a", NOW, Ending.UNKNOWN)]
    )
    assert record.is_open
    assert [str(step) for step in record.uncertain] == ["role reader"]


@pytest.mark.parametrize("ending", [Ending.COMPLETE, Ending.SUPERSEDED])
def test_an_ended_apply_is_closed(ending: Ending) -> None:
    (record,) = records.fold([BEGUN, Ended("a", NOW, ending)])
    assert not record.is_open


def test_what_belongs_to_no_apply_or_no_step_is_passed_over() -> None:
    (record,) = records.fold([Progressed("b", (0,)), BEGUN, Progressed("a", (0, 99, -1), (7,))])
    assert record.done == {0}
    assert record.unknown == frozenset()


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"", "not vaultaws' own"),
        (b'{"vaultaws":"lease journal","version":1}', "not vaultaws' own"),
        (b'{"vaultaws":"apply journal","version":2}', "it is of version 2"),
    ],
)
def test_a_file_of_another_kind_or_version_is_refused(header: bytes, why: str) -> None:
    with pytest.raises(LocalStateError) as refused:
        records.check_header(header)
    assert why in refused.value.why


def test_the_header_is_our_own() -> None:
    records.check_header(records.HEADER)
    assert json.loads(records.HEADER)["version"] == records.VERSION
