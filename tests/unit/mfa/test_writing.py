"""Edits of ~/.aws/credentials: what else stands there stays, and a failure changes nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.disk import full_disk
from vaultaws.errors import ConfigError, LocalStateError
from vaultaws.handoff.inifile import edited, parse
from vaultaws.mfa.writing import set_section

Environ = dict[str, str]


@pytest.fixture
def environ(tmp_path_factory: pytest.TempPathFactory) -> Environ:
    return {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}


TEXT = """# mine
[a]
; a note
aws_access_key_id=one
Region = x
s3 =
    addressing_style = path

# about b
[b]
k = v
"""


def test_a_new_section_comes_last_and_nothing_else_changes() -> None:
    assert edited(TEXT, "new", {"k": "v"}) == f"{TEXT}\n[new]\nk = v\n"
    assert edited("", "new", {"k": "v"}) == "[new]\nk = v\n"
    assert edited("[a]\nx = 1", "new", {"k": "v"}) == "[a]\nx = 1\n\n[new]\nk = v\n"


def test_a_value_is_changed_in_its_place() -> None:
    new = edited(TEXT, "a", {"aws_access_key_id": "two", "token": "t", "gone": None})
    assert new == TEXT.replace("aws_access_key_id=one", "aws_access_key_id = two").replace(
        "    addressing_style = path\n", "    addressing_style = path\ntoken = t\n"
    )


def test_what_is_as_it_should_be_is_not_touched() -> None:
    assert edited(TEXT, "a", {"aws_access_key_id": "one", "region": "x"}) == TEXT


def test_a_key_is_taken_away() -> None:
    assert edited(TEXT, "b", {"k": None}) == TEXT.replace("k = v\n", "")


def test_line_ends_are_those_of_the_file() -> None:
    dos = TEXT.replace("\n", "\r\n")
    assert edited(dos, "new", {"k": "v"}) == f"{dos}\r\n[new]\r\nk = v\r\n"


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path, environ: Environ) -> None:
    path = tmp_path / "credentials"
    path.write_text("[a]\n[a]\n")
    with pytest.raises(ConfigError):
        set_section(path, "b", {"k": "v"}, environ)
    assert path.read_text() == "[a]\n[a]\n"


def test_the_file_is_private_whatever_it_was(tmp_path: Path, environ: Environ) -> None:
    path = tmp_path / "new" / "credentials"
    set_section(path, "a", {"k": "v"}, environ)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    set_section(path, "a", {"k": "v"}, environ)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(tmp_path: Path, environ: Environ) -> None:
    real, link = tmp_path / "real", tmp_path / "credentials"
    real.write_text("[a]\nx = 1\n")
    link.symlink_to(real)
    set_section(link, "a", {"x": "2"}, environ)
    assert link.is_symlink()
    assert real.read_text() == "[a]\nx = 2\n"


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    path = tmp_path / "credentials"
    path.write_text(TEXT)
    with full_disk(64), pytest.raises(LocalStateError) as error:
        set_section(path, "a", {"aws_session_token": "t" * 500}, environ)
    assert "nothing was changed" in error.value.do
    assert path.read_text() == TEXT
    assert {each.name for each in tmp_path.iterdir()} == {"credentials"}


def test_a_file_in_the_place_of_the_directory_is_told(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / ".aws").write_text("")
    with pytest.raises(LocalStateError, match="cannot be used"):
        set_section(tmp_path / ".aws" / "credentials", "a", {"k": "v"}, environ)


def test_many_at_once_lose_nothing(tmp_path: Path, environ: Environ) -> None:
    path = tmp_path / "credentials"
    names = [f"p{number}" for number in range(12)]
    threads = [
        threading.Thread(target=set_section, args=(path, name, {"k": name}, environ))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = parse(path.read_text(), path)
    assert {name: section["k"] for name, section in found.items()} == dict(
        zip(names, names, strict=True)
    )
