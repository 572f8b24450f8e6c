"""An audit log followed: only what is new is read, whatever becomes of its files."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.trail.test_audit import entry, write
from vaultaws.errors import UsageError
from vaultaws.trail.audit import END_OF_TIME, AuditLog, Span, read, rotated
from vaultaws.trail.following import Follower


def append(path: Path, *numbers: int, tail: bytes = b"") -> None:
    with path.open("ab") as file:
        file.write(b"".join(json.dumps(entry(number=each)).encode() + b"\n" for each in numbers))
        file.write(tail)


def moment(second: int) -> datetime:
    return datetime(2026, 11, 21, 8, 1, second, 23945, tzinfo=UTC)


def numbers(log: AuditLog) -> list[int]:
    return [int(found.lease_id.rsplit("/", 1)[1]) for found in log.issuances]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write(tmp_path / "audit.log", entry(number=1))


def test_only_what_came_since_is_read(log: Path) -> None:
    follower = Follower(log, ("aws",))
    assert numbers(follower.read()) == [1]
    append(log, 2)
    assert numbers(follower.read()) == [1, 2]
    assert follower.read().lines == 2


def test_a_line_under_way_waits_for_its_end(log: Path) -> None:
    follower = Follower(log)
    whole = json.dumps(entry(number=2)).encode() + b"\n"
    append(log, tail=whole[:40])
    assert numbers(follower.read()) == [1]
    append(log, tail=whole[40:])
    found = follower.read()
    assert (numbers(found), found.unreadable) == ([1, 2], 0)


def test_a_renamed_file_is_not_read_again(log: Path) -> None:
    follower = Follower(log)
    follower.read()
    append(log, 2)
    log.rename(log.with_name("audit.log.1"))
    append(log, 3)
    found = follower.read()
    assert (numbers(found), found.lines) == ([1, 2, 3], 3)


def test_between_rename_and_the_new_file_there_is_the_old_one(log: Path) -> None:
    follower = Follower(log)
    log.rename(log.with_name("audit.log.1"))
    assert numbers(follower.read()) == [1]


def test_a_file_truncated_in_place_is_begun_anew(log: Path) -> None:
    """copytruncate: what was copied is known, what follows is new, longer than the old or not; what
    nobody copied is in no file any more, as for a whole read."""
    follower = Follower(log)
    follower.read()
    shutil.copy(log, log.with_name("audit.log.1"))
    write(log, *(entry(number=each) for each in (2, 3, 4)))
    assert numbers(follower.read()) == [1, 2, 3, 4]
    write(log, entry(number=5))
    assert numbers(follower.read()) == [1, 5]


def test_a_packed_part_tells_nothing_twice(log: Path) -> None:
    follower = Follower(log)
    follower.read()
    packed = log.with_name("audit.log.1.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    write(log, entry(number=2))
    assert numbers(follower.read()) == [1, 2]
    lines = follower.read().lines
    assert numbers(follower.read()) == [1, 2]
    assert follower.read().lines == lines


def test_a_torn_line_leaves_its_gap_though_its_neighbours_come_in_another_round(log: Path) -> None:
    follower = Follower(log)
    follower.read()
    append(log, tail=b"{torn\n")
    assert follower.read().gaps == [Span(moment(1), END_OF_TIME)]
    append(log, 3)
    found = follower.read()
    assert (found.gaps, found.unreadable) == ([Span(moment(1), moment(3))], 1)
    assert found == read(rotated(log))


def test_a_line_that_a_rotation_cut_is_torn(log: Path) -> None:
    follower = Follower(log)
    append(log, tail=b'{"time": "2026')
    assert follower.read().gaps == []
    log.rename(log.with_name("audit.log.1"))
    append(log, 4)
    assert follower.read().gaps == [Span(moment(1), moment(4))]


def test_a_log_that_is_turned_over_while_it_is_read_is_looked_at_again(log: Path) -> None:
    """Between listing its files and opening them: what was the log is in none of those listed."""
    turns = iter(range(2, 4))

    def listed(path: Path) -> list[Path]:
        found = rotated(path)
        if (turn := next(turns, None)) is not None:
            path.rename(path.with_name(f"audit.log.{turn}"))
            write(path, entry(number=turn))
        return found

    assert numbers(Follower(log, listed=listed).read()) == [1, 2, 3]


def test_other_mounts_are_left_alone_and_a_missing_file_is_said(log: Path) -> None:
    assert numbers(Follower(log, ("other",)).read()) == []
    log.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        Follower(log).read()
