"""A source's events as Parquet files: each once, decoded once, whatever becomes of the cache."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support.disk import full_disk
from tests.support.log_files import a_log, a_record, log_name, packed, put
from vaultaws.trail.evidence import Window
from vaultaws.trail.sources.batches import cache_directory
from vaultaws.trail.sources.events import Events, FolderSource, open_events
from vaultaws.trail.sources.faults import FaultKind
from vaultaws.trail.tables import EVENTS

WINDOW = Window(datetime(2026, 11, 21, 7, tzinfo=UTC), datetime(2026, 11, 21, 9, tzinfo=UTC))
AT = datetime(2026, 11, 21, 8, 5, tzinfo=UTC)


@dataclass
class Place:
    """A directory of log files, and a cache."""

    logs: Path
    cache: Path

    def deliver(self, unique: str, *numbers: int, at: datetime = AT, **changes: Any) -> Path:
        records = (a_record(number, **changes) for number in numbers)
        return put(self.logs, log_name(at, unique), packed(*records))

    def open(self, **changes: Any) -> Events:
        settings: dict[str, Any] = {"cache": self.cache, "processes": 0, **changes}
        return open_events(FolderSource(self.logs), WINDOW, **settings)

    def kept(self) -> list[Path]:
        return sorted(self.cache.rglob("*.parquet"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "logs", tmp_path / "cache")
    made.logs.mkdir()
    return made


def ids(events: Events) -> list[str]:
    found: list[str] = events.table["event_id"].to_pylist()
    for path in events.paths:
        found += pq.read_table(path, columns=["event_id"])["event_id"].to_pylist()
    return sorted(found)


def numbered(*numbers: int) -> list[str]:
    return sorted(f"id-{number}" for number in numbers)


def test_files_are_decoded_once(place: Place) -> None:
    place.deliver("a", 1, 2)
    place.deliver("b", 3)
    first = place.open()
    assert (ids(first), first.decoded, first.rows) == (numbered(1, 2, 3), 2, 3)
    assert pq.read_schema(first.paths[0]).equals(EVENTS)
    again = place.open()
    assert (again.paths, again.decoded) == (first.paths, 0)
    place.deliver("c", 4)
    more = place.open()
    assert (ids(more), more.decoded, more.files) == (numbered(1, 2, 3, 4), 1, 3)


def test_events_that_tell_something_stand_apart(place: Place) -> None:
    place.deliver("a", 1, 2, 3)
    place.deliver("b", 4, eventName="PutUserPolicy")
    key = {"credentials": {"accessKeyId": "AK" + "IA-made-up"}}
    place.deliver("c", 5, eventName="AssumeRole", responseElements=key)
    (path,) = place.open().paths
    footer = pq.read_metadata(path)
    at = footer.schema.names.index("tells")
    groups = [footer.row_group(number).column(at).statistics for number in (0, 1)]
    assert [(one.min, one.max, one.num_values) for one in groups] == [
        (True, True, 2),
        (False, False, 3),
    ]
    rows = pq.read_table(path).to_pylist()
    assert {row["event_id"] for row in rows if row["tells"]} == set(numbered(4, 5))


def test_files_whose_events_are_all_of_the_span_are_told(place: Place) -> None:
    place.deliver("a", 1)
    place.deliver("b", 2, at=AT.replace(day=22), eventTime="2026-11-22T08:00:00Z")
    found = place.open()
    assert len(found.paths) == 2
    (inside,) = found.inside
    assert pq.read_table(inside)["event_id"].to_pylist() == ["id-1"]


def test_the_cache_is_for_one_person(place: Place) -> None:
    place.deliver("a", 1)
    place.open()
    for folder in (place.cache, place.kept()[0].parent):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_changed_file_is_decoded_again_and_a_deleted_one_forgotten(place: Place) -> None:
    place.deliver("a", 1, 2)
    path = place.deliver("b", 3)
    place.open()
    place.deliver("a", 1, 5)
    assert ids(place.open()) == numbered(1, 3, 5)
    path.unlink()
    assert ids(place.open()) == numbered(1, 5)


def test_an_event_delivered_by_two_trails_counts_once(place: Place) -> None:
    place.deliver("a", 1, 2)
    put(place.logs / "second", log_name(AT, "b"), packed(a_record(2), a_record(3)))
    assert ids(place.open()) == numbered(1, 2, 3)


def test_an_event_delivered_again_later_counts_once(place: Place) -> None:
    place.deliver("a", 1, 2)
    place.deliver("z", 30, 31)
    place.open()
    place.deliver("b", 2, 3)
    place.deliver("c", 2, at=AT.replace(day=22))
    place.deliver("d", 40)
    for decoded in (3, 0, 0):
        found = place.open()
        assert (ids(found), found.decoded) == (numbered(1, 2, 3, 30, 31, 40), decoded)
        assert found.rows == 6


def test_one_id_at_two_times_is_two_batches_own(place: Place) -> None:
    """What never overlaps in time is not compared; an event has one time."""
    place.deliver("a", 1)
    place.open()
    place.deliver("b", 1, eventTime="2026-11-21T08:30:00Z")
    assert place.open().rows == 2


def test_the_cache_may_be_deleted_in_part_or_spoilt(place: Place) -> None:
    place.deliver("a", 1)
    place.open()
    place.deliver("b", 2)
    place.open()
    one, two = place.kept()
    one.unlink()
    two.write_bytes(b"PAR1 no more")
    found = place.open()
    assert (ids(found), found.decoded) == (numbered(1, 2), 2)


def test_the_cache_may_be_deleted_meanwhile(place: Place) -> None:
    place.deliver("a", 1, 2)
    place.open()
    place.deliver("b", 2, 3)
    spoilt: list[Path] = []

    def watch(said: str) -> None:
        if "duplicates" in said and not spoilt:
            spoilt.extend(place.kept())
            for path in spoilt:
                path.unlink()

    assert ids(place.open(watch=watch)) == numbered(1, 2, 3)


def test_another_form_of_the_cache_is_passed_over(place: Place) -> None:
    place.deliver("a", 1)
    place.open()
    (path,) = place.kept()
    table = pq.read_table(path)
    told = table.schema.metadata[b"vaultaws"].replace(b'"form": "', b'"form": "0')
    pq.write_table(table.replace_schema_metadata({b"vaultaws": told}), path)
    assert place.open().decoded == 1


def test_without_a_cache_the_events_are_a_table(place: Place) -> None:
    place.deliver("a", 1, 2)
    place.deliver("b", 2)
    found = place.open(cache=None)
    assert (found.paths, ids(found), found.notes) == ((), numbered(1, 2), ())


def test_a_cache_that_cannot_be_is_told(place: Place) -> None:
    place.deliver("a", 1)
    place.cache.write_text("no directory")
    found = place.open()
    assert ids(found) == numbered(1)
    assert "cache of decoded log files is not used" in found.notes[0]


def test_a_full_disk_is_told_and_the_check_goes_on(place: Place) -> None:
    place.deliver("a", *range(200))
    place.open()
    place.deliver("b", *range(100, 400))
    with full_disk(2_000):
        found = place.open()
    assert ids(found) == numbered(*range(400))
    assert len(found.paths) == 1
    assert "File too large" in found.notes[0]
    assert not list(place.cache.rglob("*.new"))
    assert (place.open().decoded, ids(place.open())) == (1, numbered(*range(400)))


def test_no_room_for_a_file_without_duplicates(place: Place) -> None:
    place.deliver("a", 1, 2)
    place.open()
    place.deliver("b", 2, 3)
    place.open()
    for second in place.cache.rglob("*+*"):
        second.unlink()
    with full_disk(100):
        found = place.open()
    assert (found.paths, ids(found), found.decoded) == ((), numbered(1, 2, 3), 0)
    assert "File too large" in found.notes[0]


def test_faults_are_kept_with_what_was_decoded(place: Place) -> None:
    place.deliver("a", 1, 2)
    put(place.logs, log_name(AT, "b"), packed(a_record(3))[:-9])
    put(place.logs, "notes.txt", b"")
    for _ in range(2):
        found = place.open()
        assert (found.faults.is_partial, ids(found)) == (True, numbered(1, 2, 3))
        assert found.faults.counts() == {FaultKind.TRUNCATED: 1}
        assert found.notes == ("1 file that is no log file was left out",)


def test_work_in_processes_gives_the_same(place: Place) -> None:
    for number in range(6):
        day = AT.replace(day=21 + number % 2)
        place.deliver(f"p{number}", *range(number * 10, number * 10 + 12), at=day)
    expected = ids(place.open(cache=None))
    said: list[str] = []
    found = place.open(processes=2, much_bytes=0, watch=said.append)
    assert ids(found) == expected == numbered(*range(62))
    assert found.decoded == 6
    assert said[-2] == "CloudTrail, 6 of 6 new files"


def test_two_at_once_share_a_cache(place: Place) -> None:
    for number in range(20):
        place.deliver(f"p{number}", number, number + 1)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: place.open(), range(8)))
    assert {tuple(ids(one)) for one in found} == {tuple(numbered(*range(21)))}


def test_small_batches_become_one(place: Place) -> None:
    for number in range(30):
        place.deliver(f"p{number:02}", number, number + 1)
        place.open()
    found = place.open()
    assert (ids(found), found.decoded) == (numbered(*range(31)), 0)
    assert len(found.paths) < 10


def test_what_is_left_behind_is_swept_after_a_day(place: Place) -> None:
    place.deliver("a", 1)
    place.open()
    (path,) = place.kept()
    left = path.with_name("x.parquet.1.new")
    for old in (left, path.with_name("other.thing")):
        old.write_bytes(b"")
        os.utime(old, (time.time() - 2 * 86_400,) * 2)
    os.utime(path, (time.time() - 40 * 86_400,) * 2)
    place.open()
    assert not left.exists()
    assert path.with_name("other.thing").exists()
    assert path.stat().st_mtime > time.time() - 86_400
    place.deliver("a", 2)
    os.utime(path, (time.time() - 40 * 86_400,) * 2)
    place.open()
    assert not path.exists()


def test_a_plain_file_is_a_source(place: Place) -> None:
    path = put(place.logs, "mine.json", a_log(a_record(1)))
    found = open_events(FolderSource(path), WINDOW, cache=place.cache)
    assert ids(found) == numbered(1)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, Path("/c/vaultaws/trail")),
        ({"XDG_CACHE_HOME": "c", "HOME": "/h"}, Path("/h/.cache/vaultaws/trail")),
        ({}, None),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], expected: Path | None) -> None:
    assert cache_directory(environ) == expected
