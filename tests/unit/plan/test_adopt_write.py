"""Import's files are written as one: all of them, or none."""

from __future__ import annotations

import stat
from collections import UserDict
from pathlib import Path

import pytest

from tests.support.disk import full_disk
from vaultaws.errors import UsageError
from vaultaws.plan.adopt_write import write_all


def everything(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_new_and_old_files_are_written_and_modes_stay(tmp_path: Path) -> None:
    old, new = tmp_path / "vaultaws.toml", tmp_path / "policies" / "a.json"
    old.write_bytes(b"before")
    old.chmod(0o640)
    write_all({new: b"{}", old: b"after"}, {new: None, old: b"before"})
    assert everything(tmp_path) == {"vaultaws.toml": b"after", "policies/a.json": b"{}"}
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    old, new = tmp_path / "vaultaws.toml", tmp_path / "policies" / "a.json"
    old.write_bytes(b"before")
    with full_disk(1000), pytest.raises(OSError, match="File too large"):
        write_all({new: b"{}", old: b"x" * 5000}, {new: None, old: b"before"})
    assert everything(tmp_path) == {"vaultaws.toml": b"before"}
    assert not new.parent.exists()


def test_what_changed_meanwhile_is_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "vaultaws.toml"
    file.write_bytes(b"edited by somebody")
    with pytest.raises(UsageError, match="has changed meanwhile"):
        write_all({file: b"new"}, {file: b"before"})
    assert everything(tmp_path) == {"vaultaws.toml": b"edited by somebody"}


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"foreign")
    with pytest.raises(UsageError):
        write_all({file: b"new"}, {file: None})
    assert everything(tmp_path) == {"a.json": b"foreign"}


def test_what_was_put_in_place_is_taken_back_when_the_next_fails(tmp_path: Path) -> None:
    """The second target becomes a directory only after all was looked at: it cannot be replaced."""
    first, fresh, blocked = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    first.write_bytes(b"before")

    class Late(UserDict[Path, bytes | None]):
        """What was there; the last question about `c` puts a directory in its place."""

        def __getitem__(self, key: Path) -> bytes | None:
            if key == blocked:
                (blocked / "inside").mkdir(parents=True)
            return super().__getitem__(key)

    with pytest.raises(OSError, match="directory"):
        write_all(
            {first: b"after", fresh: b"new", blocked: b"new"},
            Late({first: b"before", fresh: None, blocked: None}),
        )
    assert everything(tmp_path) == {"a": b"before"}


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "vaultaws.toml"
    real.write_bytes(b"before")
    link.symlink_to(real)
    write_all({link: b"after"}, {link: b"before"})
    assert link.is_symlink()
    assert real.read_bytes() == b"after"
