"""Directories and files that somebody else could have put there, or could read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vaultaws.cache.files import Files
from vaultaws.cache.flight import Flight
from vaultaws.cache.places import Directory, cache_directory

KEY = "k"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    Directory(str(tmp_path / "ours")).close()
    return tmp_path / "ours"


def test_the_directory_is_made_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    Directory(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_others_may_read_is_closed_to_them(directory: Path) -> None:
    directory.chmod(0o755)
    Directory(str(directory)).close()
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_the_directory_is_refused(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(directory)
    with pytest.raises(OSError, match="directory"):
        Directory(str(tmp_path / "link"))


def test_another_users_directory_is_refused(directory: Path) -> None:
    with pytest.raises(OSError, match="another user"):
        Directory(str(directory), me=os.geteuid() + 1)


@pytest.mark.parametrize("kind", [Files, Flight])
def test_a_file_in_the_place_of_the_directory_is_refused(
    tmp_path: Path, kind: type[Files | Flight]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="exists"):
        kind(str(tmp_path / "file")).keys()


def open_in(directory: Path, name: str) -> None:
    with Directory(str(directory)) as ours:
        os.close(ours.open(name, os.O_RDONLY))


def test_a_link_in_the_place_of_a_file_is_refused(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("")
    (directory / "file").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"):
        open_in(directory, "file")


def test_a_file_with_a_second_name_is_refused(directory: Path, tmp_path: Path) -> None:
    (directory / "file").touch(0o600)
    (tmp_path / "second").hardlink_to(directory / "file")
    with pytest.raises(OSError, match="second name"):
        open_in(directory, "file")


def test_a_file_that_others_may_read_is_not_trusted(directory: Path) -> None:
    (directory / "file").touch()
    (directory / "file").chmod(0o644)
    with pytest.raises(OSError, match="other users"):
        open_in(directory, "file")


def test_what_is_no_plain_file_is_refused(directory: Path) -> None:
    (directory / "folder").mkdir(0o700)
    with pytest.raises(OSError, match="plain file"):
        open_in(directory, "folder")


@pytest.mark.parametrize("posix", [True, False])
def test_files_are_made_listed_replaced_and_removed(tmp_path: Path, posix: bool) -> None:
    """Also without descriptors of directories, as on Windows."""
    with Directory(str(tmp_path / "ours"), posix=posix) as ours:
        for name in ("a.x", "b.x", "c.y"):
            os.close(ours.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        assert ours.names(".x") == ["a", "b"]
        ours.replace("a.x", "b.x")
        ours.remove("a.x")
        assert ours.names(".x") == ["b"]
        assert ours.changed("b.x") > 0


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/vaultaws/cache"),
        ({"XDG_STATE_HOME": "s", "HOME": "/h"}, "/h/.local/state/vaultaws/cache"),
        ({"HOME": "/h"}, "/h/.local/state/vaultaws/cache"),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], found: str) -> None:
    assert cache_directory(environ) == found
    assert cache_directory({}).endswith("/.local/state/vaultaws/cache")
