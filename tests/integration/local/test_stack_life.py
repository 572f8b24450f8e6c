"""`vaultaws up`, `status` and `down` as processes: reuse, death of a part, interruption."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import ENVIRON, MACHINE, SERVERS, find
from tests.support.commands import Shell
from tests.support.waiting import until
from vaultaws.local.processes import SystemProcesses
from vaultaws.local.servers.base import ServerKind
from vaultaws.local.wire import ask

DOCKER_SETTINGS: dict[str, str] = {
    name: ENVIRON[name] for name in ("DOCKER_HOST", "VAULT_IMAGE") if name in ENVIRON
}


@pytest.fixture
def new_shell(tmp_path: Path) -> Iterator[Callable[[str], Shell]]:
    """Shells with directories of their own; whatever runs in them is taken down."""
    shells: list[Shell] = []

    def make(name: str, **more: str) -> Shell:
        directory = tmp_path / name
        directory.mkdir()
        shells.append(Shell(directory, {**DOCKER_SETTINGS, **more}))
        return shells[-1]

    yield make
    for shell in shells:
        assert shell.run("down").returncode == 0


@pytest.fixture
def shell(new_shell: Callable[[str], Shell]) -> Shell:
    return new_shell("one")


def nothing_left(shell: Shell, tag: str) -> bool:
    return shell.record() is None and MACHINE.table.tagged(tag) == []


def pid_of(shell: Shell, part: str) -> int:
    record = shell.record()
    assert record is not None
    where = record["aws"]["process"] if part == "aws" else record["server"]["where"]
    return int(where["pid"])


@pytest.mark.parametrize("kind", SERVERS)
def test_up_is_ready_when_it_returns_and_down_leaves_nothing(
    shell: Shell, kind: ServerKind
) -> None:
    find(kind)
    made = shell.json("up", "--server", str(kind))
    assert ask(made["address"], "/v1/sys/health").status == 200
    record = shell.record()
    assert record is not None
    assert stat.S_IMODE((shell.state / "stack.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(shell.state.stat().st_mode) == 0o700
    assert Path(made["audit_log"]).exists()
    status = shell.json("status")
    assert [part["alive"] for part in status["parts"]] == [True, True]
    assert shell.run("down").returncode == 0
    assert nothing_left(shell, record["tag"])
    assert ask(made["address"], "/v1/sys/health").status == 0
    assert list(shell.state.glob("stack-*")) == []
    assert shell.json("status", code=3)["parts"] == []
    assert "nothing was running" in shell.run("down").stderr


def test_where_nothing_else_is_the_automatic_choice_is_openbao(
    new_shell: Callable[..., Shell], tmp_path: Path
) -> None:
    alone = new_shell("alone", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert alone.json("up")["product"] == "OpenBao"


def test_up_prints_what_a_shell_needs(shell: Shell) -> None:
    printed = shell.run("up", "--server", "openbao").stdout.splitlines()
    names = {line.removeprefix("export ").split("=")[0] for line in printed if "=" in line}
    assert {"VAULT_ADDR", "VAULT_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION"} <= names
    assert any(line.startswith("unset ") and "AWS_SESSION_TOKEN" in line for line in printed)


def test_up_twice_reuses_and_other_options_are_refused(shell: Shell) -> None:
    first = shell.json("up", "--server", "openbao")
    second = shell.json("up")
    assert (first["reused"], second["reused"]) == (False, True)
    assert second["environment"] == first["environment"]
    other = shell.run("up", "--iam-delay", "8s")
    assert other.returncode == 1
    assert "iam-delay is 0.0, not 8" in other.stderr
    assert shell.json("status")["running"]


def test_two_ups_at_once_make_one_stack(shell: Shell) -> None:
    both = [shell.start("up", "--server", "openbao", "--json") for _ in range(2)]
    for process in both:
        assert process.communicate(timeout=120)[1] is not None
    assert [process.returncode for process in both] == [0, 0]
    record = shell.record()
    assert record is not None
    servers = [pid for pid in MACHINE.table.tagged(record["tag"]) if os.getsid(pid) == pid]
    assert len(servers) == 2


def test_two_stacks_live_side_by_side(new_shell: Callable[[str], Shell]) -> None:
    ada, bob = new_shell("ada"), new_shell("bob")
    of_ada, of_bob = (one.json("up", "--server", "openbao") for one in (ada, bob))
    assert of_ada["address"] != of_bob["address"]
    assert ada.run("down").returncode == 0
    assert ask(of_ada["address"], "/v1/sys/health").status == 0
    assert ask(of_bob["address"], "/v1/sys/health").status == 200
    assert bob.json("status")["running"]


@pytest.mark.parametrize(("part", "name"), [("aws", "local AWS"), ("server", "OpenBao 2.7.2")])
def test_a_killed_part_is_seen_and_up_makes_the_stack_whole(
    shell: Shell, part: str, name: str
) -> None:
    first = shell.json("up", "--server", "openbao")
    record = shell.record()
    assert record is not None
    pid = pid_of(shell, part)
    os.kill(pid, signal.SIGKILL)
    until(lambda: SystemProcesses().started(pid) is None)
    seen = {item["name"]: item["alive"] for item in shell.json("status", code=3)["parts"]}
    assert seen[name] is False
    assert sorted(seen.values()) == [False, True]
    again = shell.json("up", "--server", "openbao")
    assert not again["reused"]
    assert again["address"] != first["address"]
    assert MACHINE.table.tagged(record["tag"]) == []
    assert shell.json("status")["running"]


HANGING_VAULT = """#!/bin/sh
[ "$1" = version ] && { echo "Vault v9.9.9"; exit; }
echo starting
exec sleep 300
"""


@pytest.fixture
def slow(new_shell: Callable[..., Shell], tmp_path: Path) -> Shell:
    """A shell whose vault starts and never answers, so that `up` is caught in the middle."""
    program = tmp_path / "bin" / "vault"
    program.parent.mkdir()
    program.write_text(HANGING_VAULT)
    program.chmod(0o755)
    return new_shell("slow", PATH=f"{program.parent}:/usr/bin:/bin")


def written(shell: Shell) -> bool:
    return shell.record() is not None


def aws_is_up(shell: Shell) -> bool:
    record = shell.record()
    return record is not None and record["aws"] is not None


def server_is_starting(shell: Shell) -> bool:
    return any("starting" in log.read_text() for log in shell.state.glob("stack-*/server.log"))


MOMENTS = [written, aws_is_up, server_is_starting]


def interrupt(shell: Shell, moment: Callable[[Shell], bool], number: int) -> tuple[str, int, str]:
    """Send `up` a signal at a moment; its stack's tag, its exit code, its words."""
    with shell.start("up", "--server", "vault") as process:
        until(lambda: moment(shell))
        record: dict[str, Any] = shell.record() or {}
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    return str(record["tag"]), process.returncode, said


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_leaves_nothing(
    slow: Shell, moment: Callable[[Shell], bool], number: int
) -> None:
    tag, code, said = interrupt(slow, moment, number)
    assert code != 0
    assert "Traceback" not in said
    assert nothing_left(slow, tag)
    assert list(slow.state.glob("stack-*")) == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_killed_up_down_finds_everything(
    slow: Shell, moment: Callable[[Shell], bool]
) -> None:
    """Even a process that started and was not yet written down."""
    tag, code, _ = interrupt(slow, moment, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert slow.run("down").returncode == 0
    assert nothing_left(slow, tag)


def test_a_server_that_dies_takes_its_half_stack_down(slow: Shell, tmp_path: Path) -> None:
    (tmp_path / "bin" / "vault").write_text(
        HANGING_VAULT.replace("exec sleep 300", "echo no memory left; exit 1")
    )
    done = slow.run("up", "--server", "vault")
    assert done.returncode == 1
    assert "no memory left" in done.stderr
    assert slow.record() is None
    assert list(slow.state.glob("stack-*")) == []


def test_a_broken_state_file_is_one_clear_error(shell: Shell) -> None:
    shell.state.mkdir(parents=True)
    (shell.state / "stack.json").write_text("{")
    for verb in ("up", "status", "down"):
        done = shell.run(verb)
        assert done.returncode == 1
        assert "stack.json cannot be understood" in done.stderr
    (shell.state / "stack.json").unlink()
