"""Directories and files that somebody else could have put there, or could read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vaultaws.cache import places
from vaultaws.cache.files import Files
from vaultaws.cache.flight import Flight

READ = os.O_RDONLY
KEY = "k"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    os.close(places.open_directory(str(tmp_path / "ours")))
    return tmp_path / "ours"


def test_the_directory_is_made_for_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    os.close(places.open_directory(str(path)))
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_others_may_read_is_closed_to_them(directory: Path) -> None:
    directory.chmod(0o755)
    os.close(places.open_directory(str(directory)))
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_the_directory_is_refused(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(directory)
    with pytest.raises(OSError, match="link"):
        places.open_directory(str(tmp_path / "link"))


def test_another_users_directory_is_refused(directory: Path) -> None:
    with pytest.raises(OSError, match="another user"):
        places.open_directory(str(directory), me=os.geteuid() + 1)


@pytest.mark.parametrize("use", [Files.keys, Flight.keys])
def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path, use: object) -> None:
    (tmp_path / "file").write_text("")
    place = (Files if use is Files.keys else Flight)(str(tmp_path / "file"))
    with pytest.raises(OSError, match="exists"):
        place.keys()


def open_in(directory: Path, name: str) -> None:
    ours = places.open_directory(str(directory))
    try:
        os.close(places.open_file(name, READ, ours))
    finally:
        os.close(ours)


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


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/vaultaws/cache"),
        ({"XDG_STATE_HOME": "s", "HOME": "/h"}, "/h/.local/state/vaultaws/cache"),
        ({"HOME": "/h"}, "/h/.local/state/vaultaws/cache"),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], found: str) -> None:
    assert places.cache_directory(environ) == found
    assert places.cache_directory({}).endswith("/.local/state/vaultaws/cache")
