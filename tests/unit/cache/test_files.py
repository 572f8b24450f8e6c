"""Sets as files: 0600, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.disk import full_disk
from vaultaws.cache.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path / "cache"))


def test_what_is_kept_is_read_listed_and_dropped(files: Files, tmp_path: Path) -> None:
    assert files.read("a") is None
    files.write("a", b"one", 60)
    files.write("a", b"two", 60)
    files.write("b", b"three", 60)
    assert (files.read("a"), files.keys()) == (b"two", ["a", "b"])
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "cache").iterdir()} == {0o600}
    files.delete("a")
    files.delete("a")
    assert (files.read("a"), files.keys()) == (None, ["b"])


def test_a_full_disk_leaves_what_was_there(files: Files, tmp_path: Path) -> None:
    files.write("a", b"one", 60)
    with full_disk(100), pytest.raises(OSError, match=r"large|room"):
        files.write("a", b"x" * 1_000, 60)
    assert files.read("a") == b"one"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["a.set"]


def test_a_link_put_in_the_place_of_a_set_is_replaced_and_not_followed(
    files: Files, tmp_path: Path
) -> None:
    files.write("a", b"one", 60)
    target = tmp_path / "target"
    target.write_text("theirs")
    link = tmp_path / "cache" / "a.set"
    link.unlink()
    link.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        files.read("a")
    files.write("a", b"two", 60)
    assert (files.read("a"), target.read_text()) == (b"two", "theirs")


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Files(str(tmp_path / "file")).write("a", b"one", 60)
