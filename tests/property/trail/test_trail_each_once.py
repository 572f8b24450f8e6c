"""However events are delivered, again and again, every run has each of them once."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.log_files import a_record, log_name, packed, put
from vaultaws.trail.evidence import Window
from vaultaws.trail.sources.events import Events, FolderSource, open_events

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
WINDOW = Window(AT, AT + timedelta(hours=1))
FILES = st.tuples(st.integers(0, 1), st.lists(st.integers(0, 12), max_size=6))
RUNS = st.lists(st.lists(FILES, max_size=3), min_size=1, max_size=4)


def ids(events: Events) -> list[str]:
    found: list[str] = events.table["event_id"].to_pylist()
    for path in events.paths:
        found += pq.read_table(path, columns=["event_id"])["event_id"].to_pylist()
    return sorted(found)


@given(RUNS, st.data())
@settings(max_examples=40, deadline=None)
def test_each_event_once(runs: list[list[tuple[int, list[int]]]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        logs, cache = Path(scratch, "logs"), Path(scratch, "cache")
        logs.mkdir()
        delivered: set[int] = set()
        for run, files in enumerate(runs):
            for number, (day, numbers) in enumerate(files):
                name = log_name(AT + timedelta(days=day), f"r{run}n{number}")
                put(logs, name, packed(*map(a_record, numbers)))
                delivered |= set(numbers)
            found = open_events(FolderSource(logs), WINDOW, cache=cache, processes=0)
            assert ids(found) == sorted(f"id-{number}" for number in delivered)
            assert (found.rows, len(found.faults)) == (len(delivered), 0)
            for kept in sorted(cache.rglob("*.*")):
                if data.draw(st.integers(0, 4)) == 0:
                    kept.unlink()
