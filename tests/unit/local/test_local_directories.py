"""Where the stack keeps its things, whatever the environment says."""

from __future__ import annotations

import errno
import os
import pwd
import stat
from pathlib import Path

import pytest

from vaultaws.errors import StackError
from vaultaws.local.directories import Directories, disk_error, home, make_private


def test_xdg_variables_are_taken() -> None:
    found = Directories.of({"XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s", "HOME": "/h"})
    assert found == Directories(Path("/c/vaultaws"), Path("/s/vaultaws"))


@pytest.mark.parametrize("said", ["", "relative/path"])
def test_a_relative_xdg_value_is_ignored_as_the_specification_says(said: str) -> None:
    found = Directories.of({"XDG_CACHE_HOME": said, "XDG_STATE_HOME": said, "HOME": "/h"})
    assert found.cache == Path("/h/.cache/vaultaws")
    assert found.state == Path("/h/.local/state/vaultaws")


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "here"}])
def test_without_a_home_the_password_file_knows_it(environ: dict[str, str]) -> None:
    assert home(environ) == Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_a_private_directory_is_closed_to_others_even_when_it_was_open(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    made = make_private(tmp_path / "open")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert stat.S_IMODE(make_private(tmp_path / "a/b").stat().st_mode) == 0o700


def test_a_file_in_the_way_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StackError) as caught:
        make_private(tmp_path / "taken" / "cache")
    assert "cannot write" in caught.value.what


def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    others = Path("/usr")
    if os.getuid() == 0:
        others = tmp_path / "others"
        others.mkdir()
        os.chown(others, 65534, 65534)
    with pytest.raises(StackError) as caught:
        make_private(others)
    assert "another user" in caught.value.what


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_from_a_closed_one(number: int) -> None:
    full = disk_error(Path("/c"), OSError(number, os.strerror(number)))
    closed = disk_error(Path("/c"), OSError(errno.EROFS, os.strerror(errno.EROFS)))
    assert "no room" in full.what
    assert "cannot write" in closed.what
    assert "XDG_CACHE_HOME" in full.do
    assert "Read-only" in closed.why
