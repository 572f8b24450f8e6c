"""`vaultaws login` against real servers: each method, where the token goes, and what is refused."""

from __future__ import annotations

import io
import stat
import sys
from pathlib import Path

import pytest

from tests.support.people import PASSWORD, operator, person
from tests.support.terminal import CTRL_C, at_terminal
from tests.support.wired import Wired, must
from vaultaws.cli.main import run

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def home(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and the server's address without a token."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", wired.server.address)
    return tmp_path


@pytest.fixture
def ada(wired: Wired, tmp_path: Path) -> str:
    """A userpass user; returns where the method is mounted."""
    person(wired, tmp_path, "ada", "default")
    return f"userpass-{wired.mount}"


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_token_is_checked_and_kept_for_its_owner_alone(
    wired: Wired, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    token = wired.server.root_token.reveal()
    type_in(monkeypatch, token + "\n")
    assert run(["login"]) == 0
    kept = home / ".vault-token"
    assert kept.read_text() == token
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    seen = capsys.readouterr()
    assert seen.out == ""
    assert token not in seen.err
    assert "without an end" in seen.err
    assert str(kept) in seen.err
    assert run(["roles", "list", "--mount", wired.mount]) == 0


def test_a_wrong_token_is_not_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    type_in(monkeypatch, "made-up-token\n")
    assert run(["login", "token"]) == 2
    assert not (home / ".vault-token").exists()
    assert "made-up-token" not in capsys.readouterr().err


def test_userpass_keeps_the_new_token_and_says_how_long_it_lasts(
    home: Path, ada: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    type_in(monkeypatch, PASSWORD + "\n")
    assert run(["login", "userpass", "ada", "--path", ada]) == 0
    assert "ada, for " in capsys.readouterr().err
    assert (home / ".vault-token").read_text()


def test_a_wrong_password_is_one_clear_error(
    home: Path, ada: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    type_in(monkeypatch, "hunter2\n")
    assert run(["login", "userpass", "ada", "--path", ada]) == 2
    seen = capsys.readouterr()
    assert [line.split()[0] for line in seen.err.splitlines()] == ["error:", "why:", "do:"]
    assert "hunter2" not in seen.err
    assert not (home / ".vault-token").exists()


def test_print_keeps_the_token_nowhere(
    home: Path, ada: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    type_in(monkeypatch, PASSWORD + "\n")
    assert run(["login", "userpass", "ada", "--path", ada, "--print"]) == 0
    seen = capsys.readouterr()
    assert len(seen.out.split()) == 1
    assert seen.err == ""
    assert not (home / ".vault-token").exists()


def test_approle_takes_a_role_id_and_a_secret_id(
    wired: Wired, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    mount = f"approle-{wired.mount}"
    must(wired.ask(f"sys/auth/{mount}", {"type": "approle"}))
    must(wired.ask(f"auth/{mount}/role/ci", {"token_policies": "default", "token_ttl": "20m"}))
    role_id = must(wired.ask(f"auth/{mount}/role/ci/role-id")).body["data"]["role_id"]
    made = must(wired.ask(f"auth/{mount}/role/ci/secret-id", {}, method="POST"))
    secret_id = made.body["data"]["secret_id"]
    type_in(monkeypatch, secret_id + "\n")
    assert run(["login", "approle", role_id, "--path", mount]) == 0
    seen = capsys.readouterr().err
    assert "for 20 min" in seen
    assert secret_id not in seen
    assert (home / ".vault-token").read_text()


def test_a_token_helper_gets_the_token(
    home: Path, ada: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    helper = home / "helper"
    helper.write_text(f'#!/bin/sh\n[ "$1" != store ] || cat >{home}/stored\n')
    helper.chmod(0o700)
    (home / ".vault").write_text(f'token_helper = "{helper}"\n')
    type_in(monkeypatch, PASSWORD + "\n")
    assert run(["login", "userpass", "ada", "--path", ada]) == 0
    assert (home / "stored").read_text()
    assert not (home / ".vault-token").exists()
    assert f"token helper {helper}" in capsys.readouterr().err


def test_nothing_on_standard_input_is_wrong_use(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    type_in(monkeypatch, "")
    assert run(["login", "userpass", "ada"]) == 1
    assert "no password" in capsys.readouterr().err


def test_a_home_that_cannot_be_written_is_one_clear_error(
    home: Path, ada: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    (home / ".vault-token").mkdir()
    (home / ".vault-token" / "something").write_text("in the way")
    monkeypatch.setenv("VAULT_TOKEN", "not-asked-for")
    type_in(monkeypatch, PASSWORD + "\n")
    assert run(["login", "userpass", "ada", "--path", ada]) == 1
    assert "cannot be kept" in capsys.readouterr().err
    assert [path.name for path in home.iterdir() if path.name.startswith(".vault-token.")] == []


def test_a_password_is_asked_for_on_a_terminal_and_not_shown(
    wired: Wired, ada: str, tmp_path: Path
) -> None:
    shell = operator(wired, tmp_path)
    code, screen = at_terminal(
        shell,
        *("login", "userpass", "ada", "--path", ada),
        answers=[("Password: ", PASSWORD + "\n")],
    )
    assert code == 0, screen
    assert PASSWORD not in screen
    assert "logged in as" in screen
    assert (tmp_path / ".vault-token").read_text()


def test_ctrl_c_at_the_question_keeps_nothing(wired: Wired, ada: str, tmp_path: Path) -> None:
    shell = operator(wired, tmp_path)
    code, screen = at_terminal(
        shell, *("login", "userpass", "ada", "--path", ada), answers=[("Password: ", CTRL_C)]
    )
    assert code == 130, screen
    assert "stopped" in screen
    assert "Traceback" not in screen
    assert not (tmp_path / ".vault-token").exists()
