"""`vaultaws login jwt` and `kubernetes` against real servers, with tokens signed here."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.support.people import operator
from tests.support.signed_tokens import Signer
from tests.support.terminal import at_terminal
from tests.support.wired import Wired, must
from vaultaws.cli.main import run

Captured = pytest.CaptureFixture[str]
PIPELINE = {"sub": "pipeline-7", "aud": "vault"}


@pytest.fixture
def home(wired: Wired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_ADDR", wired.server.address)
    return tmp_path


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def jwt_mount(wired: Wired, signer: Signer) -> str:
    """A jwt method that trusts the signer; returns where it is mounted."""
    mount = f"jwt-{wired.mount}"
    must(wired.ask(f"sys/auth/{mount}", {"type": "jwt"}))
    config = {"jwt_validation_pubkeys": signer.public, "default_role": "ci"}
    must(wired.ask(f"auth/{mount}/config", config))
    role = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault"}
    must(wired.ask(f"auth/{mount}/role/ci", {**role, "token_ttl": "20m"}))
    return mount


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize("role", [["ci"], []], ids=["its role", "the default role"])
def test_a_jwt_from_standard_input_becomes_a_token(
    *,
    role: list[str],
    home: Path,
    jwt_mount: str,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    jwt = signer.token(PIPELINE)
    type_in(monkeypatch, jwt + "\n")
    assert run(["login", "jwt", *role, "--path", jwt_mount]) == 0
    seen = capsys.readouterr()
    assert "pipeline-7, for 20 min" in seen.err
    assert jwt not in seen.err
    assert (home / ".vault-token").read_text()


def test_a_jwt_may_stand_in_a_file(
    home: Path, jwt_mount: str, signer: Signer, capsys: Captured
) -> None:
    file = home / "jwt"
    file.write_text(signer.token(PIPELINE) + "\n")
    asked = ["login", "jwt", "ci", "--path", jwt_mount, "--jwt-file", str(file)]
    assert run([*asked, "--print"]) == 0
    seen = capsys.readouterr()
    assert (len(seen.out.split()), seen.err) == (1, "")


@pytest.mark.parametrize("case", ["ended", "of another signer", "for another audience"])
def test_a_jwt_that_is_not_good_is_one_clear_error(
    *,
    case: str,
    home: Path,
    jwt_mount: str,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    jwt = {
        "ended": signer.token(PIPELINE, seconds=-600),
        "of another signer": Signer().token(PIPELINE),
        "for another audience": signer.token({"sub": "pipeline-7", "aud": "elsewhere"}),
    }[case]
    type_in(monkeypatch, jwt + "\n")
    assert run(["login", "jwt", "ci", "--path", jwt_mount]) == 2
    seen = capsys.readouterr().err
    assert [line.split()[0] for line in seen.splitlines()] == ["error:", "why:", "do:"]
    assert jwt not in seen
    assert not (home / ".vault-token").exists()


def test_what_is_no_jwt_is_never_sent(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    type_in(monkeypatch, '{"value": "made-up"}\n')
    assert run(["login", "jwt", "ci"]) == 1
    seen = capsys.readouterr().err
    assert "is no JWT" in seen
    assert "made-up" not in seen


def test_a_file_for_the_jwt_must_be_there_and_wanted(home: Path, capsys: Captured) -> None:
    assert run(["login", "jwt", "ci", "--jwt-file", str(home / "none")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    (home / "empty").write_bytes(b"\n")
    assert run(["login", "jwt", "ci", "--jwt-file", str(home / "empty")]) == 1
    assert "holds no JWT" in capsys.readouterr().err
    assert run(["login", "userpass", "ada", "--jwt-file", str(home / "empty")]) == 1
    assert "takes no --jwt-file" in capsys.readouterr().err


def test_a_jwt_is_asked_for_on_a_terminal_and_not_shown(
    wired: Wired, jwt_mount: str, signer: Signer, tmp_path: Path
) -> None:
    jwt = signer.token(PIPELINE)
    code, screen = at_terminal(
        operator(wired, tmp_path),
        *("login", "jwt", "ci", "--path", jwt_mount),
        answers=[("JWT: ", jwt + "\n")],
    )
    assert code == 0, screen
    assert jwt[:40] not in screen
    assert (tmp_path / ".vault-token").read_text()
