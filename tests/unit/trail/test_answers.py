"""Answers of CloudTrail's event history: what is kept, what is asked again, and what is not."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.answering import (
    ALL,
    NOW,
    Cloud,
    Happened,
    Killed,
    MovedClock,
    look,
    record,
    six_events,
)
from tests.support.disk import run_on_full_disk
from vaultaws.errors import AwsError
from vaultaws.trail import answerfile
from vaultaws.trail.answers import KeptLookup

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MONTH = timedelta(days=31)
SMALL = """
import sys
from datetime import timedelta
from pathlib import Path
from tests.support.answering import NOW, Cloud, MovedClock
from vaultaws.trail.answers import KeptLookup
clock = MovedClock()
cloud = Cloud(clock)
for number in range(100):
    cloud.happen(f"e{number}", NOW - timedelta(hours=2, minutes=number))
for _ in range(2):
    look = KeptLookup(cloud, Path(sys.argv[1]), clock)
    found = list(look("Username", "ada", start=NOW - timedelta(days=1), end=NOW, region="r"))
    assert len(found) == 100, len(found)
"""


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def cloud(clock: MovedClock) -> Cloud:
    return six_events(clock)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "history"


def test_what_was_answered_is_not_asked_for_again(cloud: Cloud, place: Path) -> None:
    assert look(cloud, place, end=NOW - HOUR) == ALL[:-1]
    cloud.asked.clear()
    assert look(cloud, place, end=NOW - HOUR) == ALL[:-1]
    assert look(cloud, place, start=NOW - 4 * HOUR, end=NOW - 2 * HOUR) == ["e1", "e2", "e3"]
    assert cloud.asked == []


def test_only_what_is_not_covered_is_asked_for(cloud: Cloud, place: Path) -> None:
    look(cloud, place, start=NOW - 4 * HOUR, end=NOW - 2 * HOUR)
    cloud.asked.clear()
    assert look(cloud, place) == ALL
    assert list(dict.fromkeys(cloud.asked)) == [
        (NOW - 2 * HOUR + SECOND, NOW),
        (NOW - 24 * HOUR, NOW - 4 * HOUR - SECOND),
    ]


def test_what_is_younger_than_an_hour_is_asked_for_again(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    cloud.happen("late", NOW - 59 * MINUTE, late=59 * MINUTE + 30 * SECOND)
    cloud.clock.sleep(60)
    cloud.asked.clear()
    assert look(cloud, place, end=NOW + MINUTE) == sorted([*ALL, "late"])
    assert cloud.asked == [(NOW - HOUR + SECOND, NOW + MINUTE)]


def test_a_search_with_the_same_end_goes_on_without_asking_twice(cloud: Cloud, place: Path) -> None:
    """Thousands of keys at two questions a second: those that were answered are not asked again,
    young as the answers are."""
    assert look(cloud, place, value="AKIA1", resumes=True) == ALL
    cloud.clock.sleep(600)
    cloud.asked.clear()
    assert look(cloud, place, value="AKIA1", resumes=True) == ALL
    assert cloud.asked == []
    assert look(cloud, place, value="AKIA2", resumes=True) == ALL
    assert len(cloud.asked) == 3


def test_a_young_page_that_was_reached_is_not_asked_for_again(cloud: Cloud, place: Path) -> None:
    for number in range(6):
        cloud.happen(f"y{number}", NOW - (number + 2) * MINUTE)
    cloud.kill_at(3)
    with pytest.raises(Killed):
        look(cloud, place, resumes=True)
    cloud.asked.clear()
    assert len(look(cloud, place, resumes=True)) == 12
    assert max(end for _, end in cloud.asked) < NOW - 3 * MINUTE


def test_another_end_asks_for_the_last_hour_again(cloud: Cloud, place: Path) -> None:
    look(cloud, place, resumes=True)
    cloud.asked.clear()
    look(cloud, place, end=NOW + SECOND, resumes=True)
    assert cloud.asked == [(NOW - HOUR + SECOND, NOW + SECOND)]


def test_after_an_hour_the_same_end_is_asked_for_what_came_late(cloud: Cloud, place: Path) -> None:
    look(cloud, place, resumes=True)
    cloud.happen("late", NOW - MINUTE, late=30 * MINUTE)
    cloud.clock.sleep(HOUR.total_seconds())
    assert look(cloud, place, resumes=True) == sorted([*ALL, "late"])


def test_a_watch_leaves_nothing_for_an_end_that_does_not_come_again(
    cloud: Cloud, place: Path
) -> None:
    look(cloud, place)
    assert {path.suffix for path in place.iterdir()} == {answerfile.ENDING}


def test_what_was_kept_for_one_end_is_cleared_away_within_the_day(
    cloud: Cloud, place: Path
) -> None:
    look(cloud, place, resumes=True)
    assert answerfile.UNSETTLED in {path.suffix for path in place.iterdir()}
    for path in place.iterdir():
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    cloud.clock.sleep(5 * HOUR.total_seconds())
    look(cloud, place, value="AKIA2")
    assert answerfile.UNSETTLED not in {path.suffix for path in place.iterdir()}


@pytest.mark.parametrize("how", ["kill", "fail"])
def test_a_look_up_that_ended_midway_goes_on_from_its_page(
    cloud: Cloud, place: Path, how: str
) -> None:
    (cloud.kill_at if how == "kill" else cloud.fail_at)(3)
    with pytest.raises((Killed, AwsError)):
        look(cloud, place, end=NOW - HOUR)
    cloud.asked.clear()
    assert look(cloud, place, end=NOW - HOUR) == ALL[:-1]
    assert set(cloud.asked) == {(NOW - 24 * HOUR, NOW - 5 * HOUR)}
    assert len(cloud.asked) == 1


def test_events_of_one_second_on_two_pages_are_not_lost(cloud: Cloud, place: Path) -> None:
    cloud.events.clear()
    for number in range(5):
        cloud.happen(f"e{number}", NOW - 2 * HOUR)
    cloud.happen("later", NOW - 2 * HOUR + SECOND)
    cloud.kill_at(3)
    with pytest.raises(Killed):
        look(cloud, place)
    assert look(cloud, place) == ["e0", "e1", "e2", "e3", "e4", "later"]


def test_an_asker_that_stops_listening_loses_nothing(cloud: Cloud, place: Path) -> None:
    kept = KeptLookup(cloud, place, cloud.clock)
    asked = kept("AccessKeyId", "AKIA1", start=NOW - 24 * HOUR, end=NOW, region="us-east-1")
    next(iter(asked))
    assert look(cloud, place) == ALL


@pytest.mark.parametrize(
    "other",
    [
        partial(look, value="AKIA2"),
        partial(look, attribute="Username"),
        partial(look, region="eu-west-2"),
    ],
)
def test_another_question_has_its_own_answer(
    cloud: Cloud, place: Path, other: Callable[[Cloud, Path], list[str]]
) -> None:
    look(cloud, place)
    cloud.events.clear()
    assert other(cloud, place) == []


def test_one_account_never_answers_for_another(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    theirs = Cloud(cloud.clock, whose="210987654321")
    assert look(theirs, place) == []
    assert look(cloud, place) == ALL


@pytest.mark.parametrize("nowhere", [True, False])
def test_nothing_is_kept_without_an_account_or_a_place(
    cloud: Cloud, place: Path, *, nowhere: bool
) -> None:
    cloud.whose = cloud.whose if nowhere else ""
    for _ in range(2):
        cloud.asked.clear()
        assert look(cloud, None if nowhere else place) == ALL
        assert len(cloud.asked) == 3
    assert not place.exists()


def test_files_are_ours_alone_and_name_no_key(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    (file,) = place.iterdir()
    assert place.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"AKIA1" not in file.read_bytes()
    assert "AKIA1" not in file.name


def test_a_session_token_is_not_kept(cloud: Cloud, place: Path) -> None:
    answer = {"credentials": {"accessKeyId": "ASIA1", "sessionToken": "planted"}}
    made = record("e9", NOW - 2 * HOUR, responseElements=answer)
    cloud.events = [Happened(made, NOW - 2 * HOUR, NOW)]
    kept = KeptLookup(cloud, place, cloud.clock)
    list(kept("Username", "ada", start=NOW - 24 * HOUR, end=NOW, region="r"))
    found = list(kept("Username", "ada", start=NOW - 24 * HOUR, end=NOW, region="r"))
    assert found[0]["responseElements"]["credentials"] == {"accessKeyId": "ASIA1"}


def _torn(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _turned(data: bytes) -> bytes:
    return data.replace(b" 17", b" 16")


@pytest.mark.parametrize(
    "spoil",
    [_torn, _turned, lambda _: b"", lambda _: b"\xff\n no line \n", lambda data: data[:-9] + data],
)
def test_a_file_that_is_not_whole_costs_questions_and_no_event(
    cloud: Cloud, place: Path, spoil: Any
) -> None:
    look(cloud, place)
    (file,) = place.iterdir()
    file.write_bytes(spoil(file.read_bytes()))
    for _ in range(2):
        assert look(cloud, place) == ALL


def test_the_file_of_another_question_is_not_believed(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    (mine,) = place.iterdir()
    look(Cloud(cloud.clock), place, value="AKIA2")
    (other,) = (path for path in place.iterdir() if path != mine)
    mine.replace(other)
    cloud.events.clear()
    assert look(cloud, place, value="AKIA2") == []


def test_a_link_or_an_open_file_is_neither_read_nor_written(
    cloud: Cloud, place: Path, tmp_path: Path
) -> None:
    look(cloud, place)
    (file,) = place.iterdir()
    other = tmp_path / "precious"
    file.replace(other)
    before = other.read_bytes()
    file.symlink_to(other)
    assert look(cloud, place) == ALL
    assert other.read_bytes() == before
    file.unlink()
    other.replace(file)
    file.chmod(0o644)
    cloud.asked.clear()
    assert look(cloud, place) == ALL
    assert cloud.asked[0] == (NOW - 24 * HOUR, NOW)


def test_where_nothing_can_be_kept_everything_is_asked_for(cloud: Cloud, tmp_path: Path) -> None:
    place = tmp_path / "no-directory"
    place.write_text("")
    for _ in range(2):
        assert look(cloud, place) == ALL


def test_a_disk_that_is_full_costs_only_the_keeping(tmp_path: Path) -> None:
    run_on_full_disk(SMALL, tmp_path, 1_000)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size == 1_000


def test_two_runs_at_once_do_no_harm(cloud: Cloud, place: Path) -> None:
    runs = [
        KeptLookup(cloud, place, cloud.clock)(
            "AccessKeyId", "AKIA1", start=NOW - 24 * HOUR, end=NOW, region="us-east-1"
        )
        for _ in range(2)
    ]
    both = list(zip(*runs, strict=True))
    assert sorted(one["eventID"] for one, _ in both) == ALL
    cloud.asked.clear()
    assert look(cloud, place) == ALL
    assert len(cloud.asked) == 1


def unreadable(name: str, moment: datetime) -> dict[str, Any]:
    return {"eventID": name, "eventTime": moment.isoformat()}


def test_what_cannot_be_read_is_asked_for_again_and_counted_each_time(
    cloud: Cloud, place: Path
) -> None:
    moment = NOW - 3 * HOUR - 30 * MINUTE
    cloud.events.append(Happened(unreadable("odd", moment), moment, moment))
    for _ in range(2):
        cloud.asked.clear()
        assert look(cloud, place, end=NOW - HOUR) == [*ALL[:-1], "odd"]
    assert cloud.asked == [(moment, moment)]
    cloud.events[-1] = Happened(record("odd", moment), moment, moment)
    assert look(cloud, place, end=NOW - HOUR) == [*ALL[:-1], "odd"]


def test_from_an_event_without_a_time_on_nothing_is_kept(cloud: Cloud, place: Path) -> None:
    moment = NOW - 3 * HOUR - 30 * MINUTE
    cloud.events.append(Happened({}, moment, moment))
    kept = KeptLookup(cloud, place, cloud.clock)
    for _ in range(3):
        found = list(kept("Username", "ada", start=NOW - 24 * HOUR, end=NOW - HOUR, region="r"))
        assert len(found) == 6
    assert cloud.asked[-1][1] >= moment


class Disordered(Cloud):
    def visible(self, start: datetime, end: datetime, at: datetime) -> list[Happened]:
        return super().visible(start, end, at)[::-1]


def test_a_history_that_is_not_in_order_is_not_kept(cloud: Cloud, place: Path) -> None:
    odd = Disordered(cloud.clock, events=cloud.events)
    for _ in range(2):
        assert look(odd, place) == ALL


def test_what_nobody_asks_for_goes_after_thirty_days(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    look(cloud, place, value="AKIA2")
    cloud.clock.moment += MONTH
    for path in place.iterdir():
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    look(cloud, place, value="AKIA3", start=NOW, end=NOW + HOUR)
    assert len(list(place.iterdir())) == 1


def test_what_is_asked_for_stays(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    (file,) = place.iterdir()
    cloud.clock.moment += MONTH
    os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    cloud.clock.moment -= MONTH / 2
    look(cloud, place, end=NOW - HOUR)
    cloud.clock.moment += MONTH / 2
    look(cloud, place, value="AKIA2", start=NOW, end=NOW + HOUR)
    assert file.exists()


def test_what_the_history_has_no_more_is_not_told_and_not_kept(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    (file,) = place.iterdir()
    before = file.stat().st_size
    cloud.clock.moment += timedelta(days=95)
    cloud.events.clear()
    os.utime(file, (cloud.clock.monotonic(), cloud.clock.monotonic()))
    assert look(cloud, place) == []
    assert file.stat().st_size < before / 4


def test_a_file_grown_too_large_is_begun_anew(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    (file,) = place.iterdir()
    os.truncate(file, answerfile.MOST_BYTES + 1)
    assert look(cloud, place) == ALL
    assert file.stat().st_size < 10_000


def test_a_watch_does_not_add_a_line_each_minute(cloud: Cloud, place: Path) -> None:
    look(cloud, place)
    (file,) = place.iterdir()
    before = file.stat().st_size
    for minute in range(1, 15):
        cloud.clock.moment = NOW + minute * MINUTE
        look(cloud, place, end=cloud.clock.moment)
    assert file.stat().st_size == before
    cloud.clock.moment = NOW + 16 * MINUTE
    look(cloud, place, end=cloud.clock.moment)
    assert before < file.stat().st_size < before + 100
