"""The log files that a span of time needs, in a directory."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.support.log_files import ACCOUNT, REGION, a_log, a_record, log_name, packed, put
from vaultaws.errors import UsageError
from vaultaws.trail.evidence import Window
from vaultaws.trail.sources.faults import Fault, FaultKind
from vaultaws.trail.sources.files import content, listed
from vaultaws.trail.sources.layout import Days, Place, source_file


def at(day: int, hour: int = 8, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


DAYS = Days.of(Window(at(21, 7), at(21, 9)))


def names(root: Path, days: Days = DAYS) -> list[str]:
    return [str(Path(file.name).relative_to(root)) for file in listed(root, days).files]


def test_only_the_days_needed_and_the_next_for_what_comes_late(tmp_path: Path) -> None:
    for day in (20, 21, 22, 23):
        put(tmp_path, log_name(at(day)), packed(a_record()))
    put(tmp_path, log_name(at(21, month=10)), packed(a_record()))
    assert names(tmp_path) == [log_name(at(21)), log_name(at(22))]


def test_folders_of_other_days_are_not_even_entered(tmp_path: Path) -> None:
    """A link in a circle in each of them would be told of, were it followed."""
    for day in (20, 21):
        folder = put(tmp_path, log_name(at(day)), packed(a_record())).parent
        (folder / "gone").symlink_to(folder / "nowhere")
        (folder / "round").symlink_to(tmp_path)
    found = listed(tmp_path, DAYS)
    assert [file.day for file in found.files] == [date(2026, 11, 21)]


@pytest.mark.parametrize("below", ["", "AWSLogs", f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026"])
def test_any_level_of_the_layout_may_be_named(tmp_path: Path, below: str) -> None:
    for day in (20, 21):
        put(tmp_path, log_name(at(day)), packed(a_record()))
    found = listed(tmp_path / below, DAYS).files
    assert [file.place for file in found] == [Place(ACCOUNT, REGION)]


def test_organisations_digests_and_other_files(tmp_path: Path) -> None:
    name = log_name(at(21)).replace("AWSLogs/", "AWSLogs/o-abc123/")
    put(tmp_path, name, packed(a_record()))
    for other in ("CloudTrail-Digest", "CloudTrail-Insight"):
        put(tmp_path, name.replace("/CloudTrail/", f"/{other}/"), b"x")
        put(tmp_path, f"flat/{Path(name).name}".replace("_CloudTrail_", f"_{other}_"), b"x")
    put(tmp_path, "flat/mine.jsonl", a_log())
    put(tmp_path, "flat/README.md", b"")
    put(tmp_path, "flat/.half.json.gz", b"")
    found = listed(tmp_path, DAYS)
    assert [file.name for file in found.files] == [
        str(tmp_path / name),
        str(tmp_path / "flat/mine.jsonl"),
    ]
    assert (found.others, found.faults) == (1, ())


def test_one_file_may_be_named(tmp_path: Path) -> None:
    path = put(tmp_path, "odd.name", a_log(a_record()))
    assert [file.name for file in listed(path, DAYS).files] == [str(path)]


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        listed(tmp_path / "gone", DAYS)


def test_a_file_that_vanishes_is_counted(tmp_path: Path) -> None:
    path = put(tmp_path, log_name(at(21)), packed(a_record()))
    (file,) = listed(tmp_path, DAYS).files
    assert content(file) == packed(a_record())
    path.unlink()
    assert content(file) == Fault(FaultKind.GONE, str(path))
    path.mkdir()
    assert content(file) == Fault(FaultKind.UNREADABLE, str(path), detail=os.strerror(21))


def test_a_changed_file_is_another(tmp_path: Path) -> None:
    path = put(tmp_path, log_name(at(21)), packed(a_record()))
    (before,) = listed(tmp_path, DAYS).files
    os.utime(path, ns=(1, 1))
    (after,) = listed(tmp_path, DAYS).files
    assert before.key != after.key


def test_a_name_with_an_impossible_day_is_of_no_day() -> None:
    file = source_file(f"{ACCOUNT}_CloudTrail_{REGION}_20261399T0000Z_x.json.gz", 1, "1")
    assert (file.day, file.place) == (None, Place(ACCOUNT, REGION))


def test_a_pipe_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.json")
    found = listed(tmp_path, DAYS)
    fault = Fault(FaultKind.UNREADABLE, str(tmp_path / "x.json"), detail="no plain file")
    assert (found.files, found.faults) == ((), (fault,))
