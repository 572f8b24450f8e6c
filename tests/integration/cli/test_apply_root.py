"""Where `apply` finds Vault's own key, what it refuses, and what it asks on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.people import ROLE, declare, operator, root_shell
from tests.support.terminal import CTRL_C, at_terminal
from tests.support.wired import Wired, must
from vaultaws.cli.main import run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def bare(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wired]:
    """The mount without a root: the operator's environment, in a directory with a file."""
    must(wired.ask(f"sys/mounts/{wired.mount}", method="DELETE"))
    declare(wired, tmp_path, ROLE)
    for name, value in operator(wired, tmp_path).environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield wired
    wired.ask(f"sys/mounts/{wired.mount}", {"type": "aws"})  # the fixture below takes it down


def say_where(directory: Path, source: str) -> None:
    file = directory / "vaultaws.toml"
    file.write_text(file.read_text().replace("[root]", f'[root]\ncredentials = "{source}"'))


def root_key(wired: Wired) -> str:
    return str(must(wired.ask(f"{wired.mount}/config/root")).body["data"]["access_key"])


def has_engine(wired: Wired) -> bool:
    return f"{wired.mount}/" in must(wired.ask("sys/mounts")).body["data"]


def test_from_the_environment(
    bare: Wired, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    key = bare.root_credentials
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_access_key.reveal())
    assert run(["apply", "--yes", "--json"]) == 0
    seen = capsys.readouterr()
    kinds = [change["kind"] for change in json.loads(seen.out)["changes"]]
    assert kinds == ["mount", "root", "role"]
    assert key.secret_access_key.reveal() not in seen.out + seen.err
    assert root_key(bare) == key.access_key_id


def test_temporary_credentials_are_refused(
    bare: Wired, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "made-up")
    assert run(["apply", "--yes"]) != 0
    seen = capsys.readouterr().err
    assert "temporary" in seen
    assert "made-up" not in seen


def test_from_a_profile(bare: Wired, tmp_path: Path) -> None:
    key = bare.root_credentials
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[vault]\naws_access_key_id = {key.access_key_id}\n"
        f"aws_secret_access_key = {key.secret_access_key.reveal()}\n"
    )
    say_where(tmp_path, "profile:vault")
    assert run(["apply", "--yes"]) == 0
    assert root_key(bare) == key.access_key_id


def test_a_profile_of_temporary_credentials_is_refused(
    bare: Wired, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[vault]\naws_access_key_id = a\naws_secret_access_key = b\naws_session_token = c\n"
    )
    say_where(tmp_path, "profile:vault")
    assert run(["apply", "--yes"]) == 1
    assert "temporary" in capsys.readouterr().err
    assert not has_engine(bare)


def test_the_servers_own(bare: Wired, tmp_path: Path) -> None:
    say_where(tmp_path, "server")
    assert run(["apply", "--yes"]) == 0
    assert not root_key(bare)


@pytest.mark.parametrize("source", ["vault", "profile:", "profile"])
def test_what_is_no_place_is_said_before_anything_is_written(
    bare: Wired, tmp_path: Path, capsys: Captured, source: str
) -> None:
    say_where(tmp_path, source)
    assert run(["apply", "--yes"]) == 1
    assert "env, profile:NAME, prompt or server" in capsys.readouterr().err
    assert not has_engine(bare)


def test_missing_credentials_are_said_before_anything_is_written(
    bare: Wired, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert run(["apply", "--yes"]) == 1
    assert "no root credentials in the environment" in capsys.readouterr().err
    assert not has_engine(bare)


def test_without_a_terminal_a_yes_is_demanded(bare: Wired, capsys: Captured) -> None:
    assert run(["apply"]) == 1
    seen = capsys.readouterr().err
    assert "+ mount" in seen
    assert "do:    vaultaws apply -c vaultaws.toml --yes" in seen
    assert not has_engine(bare)


def test_asked_for_on_a_terminal_and_not_shown(bare: Wired, tmp_path: Path) -> None:
    say_where(tmp_path, "prompt")
    key = bare.root_credentials
    code, screen = at_terminal(
        operator(bare, tmp_path),
        "apply",
        answers=[
            ("[y/N]", "y\n"),
            ("own user: ", key.access_key_id + "\n"),
            ("Its secret access key: ", key.secret_access_key.reveal() + "\n"),
        ],
    )
    assert code == 0, screen
    assert key.secret_access_key.reveal() not in screen
    assert root_key(bare) == key.access_key_id


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_a_no_writes_nothing(bare: Wired, tmp_path: Path, answer: str) -> None:
    shell = root_shell(bare, tmp_path)
    code, screen = at_terminal(shell, "apply", answers=[("[y/N]", answer)])
    assert code == 1, screen
    assert "nothing was done" in screen
    assert not has_engine(bare)


def test_ctrl_c_at_the_question_writes_nothing(bare: Wired, tmp_path: Path) -> None:
    code, screen = at_terminal(root_shell(bare, tmp_path), "apply", answers=[("[y/N]", CTRL_C)])
    assert code == 130, screen
    assert not has_engine(bare)
