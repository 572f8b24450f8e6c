"""The match's benchmark: what it makes up is matched, and the stolen are found."""

from __future__ import annotations

from pathlib import Path

from benchmarks.trail_match import MINTING, issuances, matched, written


def test_a_small_size_is_written_once_and_matched(tmp_path: Path) -> None:
    events = 200 * MINTING
    path = written(tmp_path, events)
    before = path.stat().st_mtime_ns
    assert written(tmp_path, events) == path
    assert path.stat().st_mtime_ns == before
    assert len(issuances(events)) == 199
    assert matched(path, events)["credentials"] == 200
