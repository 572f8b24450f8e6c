"""Files that are nobody else's business."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vaultaws.errors import LocalStateError
from vaultaws.leases import private
from vaultaws.leases.entries import decode


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("")
    with pytest.raises(LocalStateError, match="not safe"):
        private.ensure_directory(tmp_path / "journal")


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalStateError, match="cannot be used"):
        private.ensure_directory(tmp_path / "file" / "journal")


def test_a_directory_where_the_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(LocalStateError, match="cannot be used"):
        private.open_file(tmp_path)


def test_a_device_is_refused() -> None:
    with pytest.raises(LocalStateError, match="not safe"):
        private.open_file(Path("/dev/null"))


def test_a_loose_file_is_tightened(tmp_path: Path) -> None:
    path = tmp_path / "leases.jsonl"
    path.write_text("")
    path.chmod(0o644)
    os.close(private.open_file(path))
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "line",
    [
        b"3",
        b'{"v":1}',
        b'{"v":1,"kind":"other","time":"2026-11-21T08:00:00+00:00"}',
        b'{"v":1,"kind":"intent","time":"2026-11-21T08:00:00"}',
        (
            b'{"v":1,"kind":"intent","time":"2026-11-21T08:00:00+00:00","id":7,"run":"r","pid":1,'
            b'"server":"s","mount":"m","role":"r","endpoint":"e","ttl_seconds":null,'
            b'"display_name":"","entity_id":"","token_accessor":""}'
        ),
        b'{"v":"1","kind":"intent","time":"2026-11-21T08:00:00+00:00"}',
    ],
)
def test_lines_that_are_no_entry(line: bytes) -> None:
    assert decode(line) is None
