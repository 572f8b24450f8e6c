"""The state file: private, whole, and understood or refused."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.records import AWS, CONTAINER_SERVER, RECORD, SERVER
from vaultaws.errors import StackError
from vaultaws.local.state import FILE_NAME, StackRecord, read_record, remove_record, write_record


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        replace(RECORD, aws=AWS),
        replace(RECORD, aws=AWS, server=SERVER),
        replace(RECORD, aws=AWS, server=CONTAINER_SERVER, daemon="unix:///docker.sock"),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, record: StackRecord) -> None:
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


def test_only_the_owner_can_read_it_and_it_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / (FILE_NAME + ".part")).write_text("left by a killed run")
    write_record(tmp_path, RECORD)
    write_record(tmp_path, replace(RECORD, aws=AWS))
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_no_file_is_no_stack(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    remove_record(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 99}',
        "{}",
        '{"format": 1, "tag": 5, "workdir": "/x", "preference": "auto", "options": {}}',
        "\x00",
    ],
)
def test_a_file_that_is_not_ours_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(StackError) as caught:
        read_record(tmp_path)
    assert str(tmp_path) in caught.value.what


@pytest.mark.parametrize("harm", [{"aws": {}}, {"server": 3}, {"options": {"x": 1}}, {"aws": "x"}])
def test_a_changed_file_is_refused_without_a_traceback(
    tmp_path: Path, harm: dict[str, object]
) -> None:
    write_record(tmp_path, RECORD)
    path = tmp_path / FILE_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **harm}))
    with pytest.raises(StackError):
        read_record(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(StackError):
        read_record(tmp_path)


def test_a_directory_in_the_way_is_refused_in_both_directions(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StackError) as reading:
        read_record(tmp_path)
    assert "cannot read" in reading.value.what
    with pytest.raises(StackError):
        write_record(tmp_path, RECORD)


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    record = replace(RECORD, aws=AWS, server=SERVER)
    assert "root-token" not in repr(record)
    assert "secret-key" not in repr(record)
