"""The file on the disk: kept whole, kept as it was, changed by one at a time."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.disk import full_disk
from vaultaws.errors import ConfigError, LocalStateError, UsageError
from vaultaws.handoff import awsfile


def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


def adding(words: str) -> Callable[[str], str]:
    return lambda text: text + words


def leftovers(directory: Path) -> list[str]:
    return [name.name for name in directory.iterdir() if name.name.startswith(".")]


def test_where_the_file_is(tmp_path: Path) -> None:
    assert awsfile.config_path({}, tmp_path) == tmp_path / ".aws" / "config"
    assert awsfile.config_path({"AWS_CONFIG_FILE": "~/x"}, tmp_path) == tmp_path / "x"
    assert awsfile.config_path({"AWS_CONFIG_FILE": "/x"}, None) == Path("/x")
    with pytest.raises(LocalStateError, match="no place"):
        awsfile.credentials_path({}, None)


def test_a_first_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".aws" / "config"
    assert awsfile.change(path, adding("[a]\n"), environ(tmp_path))
    assert path.read_text() == "[a]\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_mode_stays(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "config"
    path.write_text("a\n")
    path.chmod(mode)
    awsfile.change(path, adding("b\n"), environ(tmp_path))
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_nothing_is_written_when_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("a\n")
    before = path.stat()
    assert not awsfile.change(path, adding(""), environ(tmp_path))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_private_file_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("a\n")
    path.chmod(0o644)
    assert awsfile.change(path, adding(""), environ(tmp_path), private=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not awsfile.change(path, adding(""), environ(tmp_path), private=True)


def test_what_a_killed_run_left_is_taken_away(tmp_path: Path) -> None:
    path, left = tmp_path / "config", tmp_path / ".config.vaultaws-x1"
    other = tmp_path / ".config.swp"
    left.write_text("half")
    other.write_text("an editor's")
    awsfile.change(path, adding("a\n"), environ(tmp_path))
    assert leftovers(tmp_path) == [other.name]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "aws-config"
    real.parent.mkdir()
    real.write_text("a\n")
    (tmp_path / ".aws").mkdir()
    path = tmp_path / ".aws" / "config"
    path.symlink_to(Path("..") / "dotfiles" / "aws-config")
    awsfile.change(path, adding("b\n"), environ(tmp_path))
    assert path.is_symlink()
    assert real.read_text() == "a\nb\n"


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(LocalStateError):
        awsfile.change(tmp_path / "a", adding("x"), environ(tmp_path))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\n", b"a\r\nb\r\nc\r\n"),
        (b"a\r\nb\n", b"a\r\nb\nc\n"),
        (b"a\n", b"a\nc\n"),
    ],
)
def test_line_ends_stay(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "config"
    path.write_bytes(before)
    awsfile.change(path, adding("c\n"), environ(tmp_path))
    assert path.read_bytes() == after


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"[a]\nx = \xff\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        awsfile.change(path, adding("b"), environ(tmp_path))
    assert path.read_bytes() == b"[a]\nx = \xff\n"


def test_a_pipe_or_a_directory_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(LocalStateError, match="cannot be edited"):
            awsfile.change(path, adding("b"), environ(tmp_path))


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("a" * 4000)
    awsfile.change(path, adding("b"), environ(tmp_path))
    with full_disk(4096), pytest.raises(LocalStateError, match="cannot be used"):
        awsfile.change(path, adding("c" * 4000), environ(tmp_path))
    assert path.read_text() == "a" * 4000 + "b"
    assert leftovers(tmp_path) == []


def test_an_edit_that_refuses_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("a\n")

    def refuse(text: str) -> str:
        raise UsageError("no", why="no", do="no")

    with pytest.raises(UsageError):
        awsfile.change(path, refuse, environ(tmp_path))
    assert path.read_text() == "a\n"
    assert leftovers(tmp_path) == []


def test_another_program_that_was_faster_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("a\n")
    others = iter(["theirs\n"])

    def edit(text: str) -> str:
        path.write_text(path.read_text() + next(others, ""))
        return text + "ours\n"

    awsfile.change(path, edit, environ(tmp_path))
    assert path.read_text() == "a\ntheirs\nours\n"


def test_a_file_that_never_rests_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("a\n")

    def edit(text: str) -> str:
        path.write_text(path.read_text() + "theirs\n")
        return text + "ours\n"

    with pytest.raises(LocalStateError, match="changes all the time"):
        awsfile.change(path, edit, environ(tmp_path))
    assert "ours" not in path.read_text()


def test_many_at_once_all_get_in(tmp_path: Path) -> None:
    path = tmp_path / "config"
    runs = [
        threading.Thread(
            target=awsfile.change, args=(path, adding(f"{number}\n"), environ(tmp_path))
        )
        for number in range(12)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sorted(map(int, path.read_text().split())) == list(range(12))
