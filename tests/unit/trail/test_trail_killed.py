"""A run that ends in the middle: its workers end too, and the next run has everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.support.log_files import a_record, log_name, packed, put
from tests.support.opening_run import YEAR
from tests.support.unmeasured import unmeasured
from vaultaws.trail.sources.events import FolderSource, open_events

DAYS = 40
EVENTS = 300


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A file a day, so that each is work of its own."""
    root = tmp_path / "logs"
    for number in range(DAYS):
        at = datetime(2026, 10, 1, 12, tzinfo=UTC) + timedelta(days=number)
        records = (a_record(number * EVENTS + each) for each in range(EVENTS))
        put(root, log_name(at), packed(*records))
    return root


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_ends_in_the_middle(logs: Path, tmp_path: Path, number: int) -> None:
    cache = tmp_path / "cache"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.opening_run", str(logs), str(cache)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=unmeasured(),
    )
    assert process.stdout
    while "of 40 new files" not in process.stdout.readline():
        assert process.poll() is None
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to all of them
    else:
        process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    _, alive = psutil.wait_procs(children, timeout=60)
    assert alive == []
    if number == signal.SIGINT:
        assert said == ""
    assert len(list(cache.rglob("*.parquet"))) < DAYS
    found = open_events(FolderSource(logs), YEAR, cache=cache, processes=0)
    assert (found.rows, found.files) == (DAYS * EVENTS, DAYS)
    assert found.decoded < DAYS
