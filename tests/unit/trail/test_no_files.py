"""A source of log files without one: a check over nothing is not clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.log_files import a_log
from tests.support.world import END, IDENTITY, START
from vaultaws.trail.audit import AuditLog
from vaultaws.trail.check import Sources, check
from vaultaws.trail.evidence import Window
from vaultaws.trail.gather import NO_FILES, LogFiles, QueueFiles
from vaultaws.trail.report import Report
from vaultaws.trail.sources.events import FolderSource
from vaultaws.trail.verdicts import Standing


def checked(events: LogFiles, log: AuditLog | None = None) -> Report:
    audit = log or AuditLog(first=START, last=END)
    return check(Sources(events=events, identity=IDENTITY, audit=audit), Window(START, END)).report


def test_days_without_a_log_file_are_told(tmp_path: Path) -> None:
    report = checked(LogFiles(FolderSource(tmp_path), None))
    assert report.unread == (NO_FILES,)
    assert not report.is_clean


def test_a_file_without_events_is_one(tmp_path: Path) -> None:
    name = f"000000000001_CloudTrail_us-east-1_{START:%Y%m%d}T0900Z_x.json"
    (tmp_path / name).write_bytes(a_log())
    assert checked(LogFiles(FolderSource(tmp_path), None)).is_clean


def test_a_queue_may_have_brought_nothing_yet(tmp_path: Path) -> None:
    source = QueueFiles(FolderSource(tmp_path), None, fill=lambda window, watch: ())
    assert checked(source).is_clean


@pytest.mark.parametrize("days", [0, 40])
def test_what_is_of_other_days_does_not_count(tmp_path: Path, days: int) -> None:
    """Nothing is missing where nothing was read: it cannot be judged."""
    folder = tmp_path / ("2026/01/01" if days else ".")
    folder.mkdir(parents=True, exist_ok=True)
    day = START if not days else START.replace(month=1, day=1)
    name = f"000000000001_CloudTrail_us-east-1_{day:%Y%m%d}T0900Z_x.json"
    (folder / name).write_bytes(a_log())
    assert (NO_FILES in checked(LogFiles(FolderSource(tmp_path), None)).unread) is bool(days)
    assert checked(LogFiles(FolderSource(tmp_path), None)).matching.of(Standing.MISSING) == ()
