"""One command line, from its words to the exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.support.stage import Reply, Stage, as_script
from vaultaws.cli.main import run, vaultaws

ROOT = Path(__file__).parents[2]


def test_the_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capfd.readouterr().out.startswith("vaultaws, version ")


def test_an_unknown_verb_is_wrong_use(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["frobnicate"]) == 1
    assert capfd.readouterr().err.startswith("error: no such command")


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    """Enough help for the pipe to break while it is printed."""
    command = [sys.executable, "-m", "vaultaws", "leases", "revoke", "--help"]
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            command, stdout=write_end, stderr=subprocess.PIPE, cwd=ROOT, check=False
        )
    finally:
        os.close(write_end)
    assert done.returncode == 1
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_it_with_its_code(
    number: signal.Signals,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The server's answer comes after the signal: the request is what is interrupted."""

    def strike(_: object) -> Reply:
        os.kill(os.getpid(), number)
        return Reply(hang=True)

    stage = Stage(as_script(strike))
    monkeypatch.setenv("VAULT_ADDR", stage.address)
    monkeypatch.setenv("VAULT_TOKEN", "made-up")
    try:
        assert run(["roles", "list"]) == code
    finally:
        stage.stop()
    seen = capfd.readouterr()
    assert seen.out == ""
    assert "Traceback" not in seen.err


def test_a_fault_anywhere_is_three_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A server whose answer is no object at all."""
    stage = Stage(as_script(Reply(200, [1, 2, 3])))
    monkeypatch.setenv("VAULT_ADDR", stage.address)
    monkeypatch.setenv("VAULT_TOKEN", "made-up")
    try:
        assert run(["roles", "list"]) == 2
    finally:
        stage.stop()
    lines = capfd.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["error:", "why:", "do:"]


def test_every_verb_of_the_listing_can_be_loaded() -> None:
    context = click.Context(vaultaws)
    for name in vaultaws.list_commands(context):
        assert vaultaws.get_command(context, name) is not None
    assert vaultaws.get_command(context, "nothing") is None
