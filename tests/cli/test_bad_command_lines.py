"""A wrong command line: three lines on stderr, exit 1, nothing on stdout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def vaultaws(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vaultaws", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={
            "PYTHONPATH": str(ROOT),
            "HOME": "/nonexistent",
            "PATH": "/usr/bin:/bin",
            **environment,
        },
    )


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["frobnicate"], "no such command"),
        (["creds"], "missing argument"),
        (["creds", "reader", "--ttl", "soon"], "not a span of time"),
        (["creds", "reader", "--format", "xml"], "xml"),
        (["plan", "--no-such-option"], "no such option"),
        (["login", "userpass"], "needs a name"),
        (["plan", "-c", "/nonexistent/vaultaws.toml"], "no file"),
        (["up", "--fault-rate", "7"], "7"),
    ],
)
def test_wrong_use_is_said_in_three_lines(arguments: list[str], word: str) -> None:
    done = vaultaws(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    first, second, third = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert word in first
    assert second.startswith("why:   ")
    assert third.startswith("do:    ")


def test_no_server_is_one_clear_error() -> None:
    done = vaultaws("roles", "list", VAULT_ADDR="http://127.0.0.1:9", VAULT_TOKEN="made-up")
    assert done.returncode == 2
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    assert "made-up" not in done.stderr


def test_a_bad_address_is_wrong_use() -> None:
    done = vaultaws("roles", "list", VAULT_ADDR="vault.example.com")
    assert done.returncode == 1
    assert "VAULT_ADDR" in done.stderr


def test_nothing_is_destroyed_without_a_yes(tmp_path: Path) -> None:
    done = vaultaws("leases", "revoke", "aws/creds/reader/x", VAULT_ADDR="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "--yes" in done.stderr


def test_no_arguments_show_the_help_and_are_wrong_use() -> None:
    done = vaultaws()
    assert done.returncode == 1
    assert "Commands" in done.stderr


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"set -o pipefail; {sys.executable} -m vaultaws --help | head -n 1 >/dev/null",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert "Traceback" not in done.stderr
