"""Terraform as a child: its words, its environment, its output, and that no secret is in a word."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from python_terraform import IsFlagged

from tests.support.waiting import until
from vaultaws.cli.terraform_failed import failure
from vaultaws.errors import ConfigError, StackError, UsageError
from vaultaws.infra.terraform import Terraform, authority, child_environ
from vaultaws.model import Secret
from vaultaws.vault.connection import ConnectionSettings, Tls

TOKEN = "a-made-up-token"
SETTINGS = ConnectionSettings(
    "https://vault.example.com",
    Secret(TOKEN),
    namespace="team",
    tls=Tls(ca_file="/ca.pem", server_name="inside", verify=False),
    max_retries=7,
)
PROGRAM = """#!/bin/sh
for word in "$@"; do echo "word $word"; done
env | sort
echo broken >&2
exit 4
"""


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A terraform that tells how it was called."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return program.parent


def test_words_environment_and_output(fake: Path, tmp_path: Path) -> None:
    given = {
        "PATH": f"{fake}:{os.defpath}",
        "BAO_ADDR": "https://other.example.com",
        "VAULT_AGENT_ADDR": "https://agent.example.com",
        "TF_VAR_x": "1",
    }
    (tmp_path / "terraform.tfstate").write_text("no JSON: nobody here reads it")
    terraform = Terraform(tmp_path / "in fra", child_environ(given, SETTINGS, "blue"))
    code, said = terraform.answer(
        "plan", "last", var=["a=b c", "d=$(e)"], input=False, no_color=IsFlagged, lock_timeout=None
    )
    lines = said.decode().splitlines()
    words = [line.removeprefix("word ") for line in lines if line.startswith("word ")]
    assert code == 4
    assert words == [
        f"-chdir={tmp_path / 'in fra'}",
        *("plan", "-var=a=b c", "-var=d=$(e)", "-input=false", "-no-color", "last"),
    ]
    environ = dict(line.partition("=")[::2] for line in lines if not line.startswith("word "))
    told = {name: value for name, value in environ.items() if name.startswith(("VAULT_", "BAO_"))}
    assert told == {
        "VAULT_ADDR": "https://vault.example.com",
        "VAULT_TOKEN": TOKEN,
        "VAULT_NAMESPACE": "team",
        "VAULT_CACERT": "/ca.pem",
        "VAULT_TLS_SERVER_NAME": "inside",
        "VAULT_SKIP_VERIFY": "true",
        "VAULT_MAX_RETRIES": "7",
    }
    assert (environ["TF_WORKSPACE"], environ["TF_VAR_x"]) == ("blue", "1")
    assert terraform.words == "broken\n"
    assert not any(TOKEN in word for word in words)


def test_output_is_seen_while_it_runs(
    fake: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (fake / "terraform").write_text(
        f'#!/bin/sh\necho one\necho two >&2\nuntil [ -e "{tmp_path}/go" ]; do sleep 0.05; done\n'
    )
    terraform = Terraform(tmp_path, {"PATH": f"{fake}:{os.defpath}"})
    reading, writing = os.pipe()
    run = threading.Thread(target=terraform.live, args=("plan",), kwargs={"stdout": writing})
    run.start()
    try:
        assert os.read(reading, 100) == b"one\n"
        until(lambda: capfd.readouterr().err == "two\n")
        assert run.is_alive()
    finally:
        (tmp_path / "go").touch()
        run.join()
        os.close(reading)
        os.close(writing)
    assert terraform.words == "two\n"


def test_a_certificate_in_the_environment_becomes_a_file_while_it_is_needed() -> None:
    with authority(SETTINGS) as nothing:
        assert nothing == {}
    with authority(ConnectionSettings(tls=Tls(ca_bytes="PEM"))) as given:
        file = Path(given["VAULT_CACERT"])
        assert file.read_text() == "PEM"
        assert file.stat().st_mode & 0o777 == 0o600
    assert not file.exists()


def test_no_terraform_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="there is no terraform on PATH") as error:
        Terraform(tmp_path, {"PATH": str(tmp_path)}).live("plan")
    assert error.value.exit_code == 1


GONE = ConnectionSettings("http://127.0.0.1:9")


def test_a_lock_is_told_whatever_the_server_does(tmp_path: Path) -> None:
    words = """
Error: Error acquiring the state lock

Error message: resource temporarily unavailable
Lock Info:
  ID:        0d7ff5ad
  Who:       ben@laptop
  Created:   2026-11-29 10:00:00.1 +0000 UTC
"""
    (tmp_path / "errored.tfstate").write_text("{}")
    error = failure("apply", tmp_path, words, GONE)
    assert isinstance(error, UsageError)
    assert error.why == "ben@laptop has held it since 2026-11-29 10:00:00.1 +0000 UTC"
    assert "terraform state push errored.tfstate" in error.__notes__[0]


@pytest.mark.parametrize("words", ["no space left on device", "file too large"])
def test_a_full_disk_is_told_and_what_it_means(tmp_path: Path, words: str) -> None:
    planning = failure("plan", tmp_path, f"write /tmp/plan: {words}.", GONE)
    applying = failure("apply", tmp_path, f"write terraform.tfstate: {words}.", GONE)
    assert "nothing was done" in planning.why
    assert "what was written until then is in the state" in applying.why
    assert {planning.exit_code, applying.exit_code} == {1}


def test_a_server_that_is_gone_is_told_before_anything_else(tmp_path: Path) -> None:
    error = failure("plan", tmp_path, "Error: something", GONE)
    assert not isinstance(error, ConfigError)
    assert error.exit_code == 2
    assert "nothing was done" in error.why
