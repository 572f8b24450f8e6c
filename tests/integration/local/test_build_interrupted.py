"""`vaultaws up` stopped while it builds the engine, at any moment and in any way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import CACHE, MACHINE
from tests.support.commands import Shell
from tests.support.waiting import until
from vaultaws.local.build import ENGINE, engine_binary, key
from vaultaws.local.progress import silent

SLOW = """#!/bin/sh
[ "$1" = env ] && { echo go9.9.9; exit; }
while [ "$1" != -o ]; do shift; done
echo half >"$2"; echo $$ >"$HOME/go.pid"
exec sleep 300
"""
COPYING = """#!/bin/sh
[ "$1" = env ] && { echo go9.9.9; exit; }
while [ "$1" != -o ]; do shift; done
exec cp "$ENGINE" "$2"
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell with an empty cache and a Go of its own."""
    (tmp_path / "bin").mkdir()
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    engine = str(engine_binary(CACHE, silent))
    made = Shell(tmp_path, {"PATH": path, "XDG_CACHE_HOME": str(tmp_path), "ENGINE": engine})
    yield made
    assert made.run("down").returncode == 0


def install_go(shell: Shell, script: str) -> None:
    go = shell.directory / "bin" / "go"
    go.write_text(script)
    go.chmod(0o755)


def go_pid(shell: Shell) -> int:
    try:
        return int((shell.directory / "go.pid").read_text())
    except (FileNotFoundError, ValueError):
        return 0


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_half_built_is_used_and_the_next_run_builds(shell: Shell, number: int) -> None:
    install_go(shell, SLOW)
    with shell.start("up", "--server", "openbao") as process:
        until(lambda: go_pid(shell) != 0)
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Traceback" not in said
    until(lambda: MACHINE.table.started(go_pid(shell)) is None)
    place = shell.directory / "vaultaws" / ENGINE.name / key(ENGINE)
    assert not place.exists()
    if number != signal.SIGKILL:
        assert names(place.parent) == [place.name + ".lock"]
    install_go(shell, COPYING)
    assert shell.json("up", "--server", "openbao")["product"] == "OpenBao"
    assert names(place.parent) == [place.name, place.name + ".lock"]


def test_no_go_and_no_network_is_one_clear_error(shell: Shell) -> None:
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PATH": "/nowhere"}
    done = Shell(shell.directory, {**shell.more, **offline}).run("up", "--server", "openbao")
    assert done.returncode == 1
    assert "Go is not on this machine and could not be fetched" in done.stderr
    assert "Traceback" not in done.stderr
    assert shell.record() is None


def test_a_cache_that_cannot_be_written_is_one_clear_error(shell: Shell) -> None:
    (shell.directory / "vaultaws").write_text("in the way")
    done = shell.run("up", "--server", "openbao")
    assert done.returncode == 1
    assert "XDG_CACHE_HOME" in done.stderr
    (shell.directory / "vaultaws").unlink()
