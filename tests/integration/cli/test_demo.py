"""`vaultaws demo` as people run it: every outcome told and true, and nothing left of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.integration.conftest import SERVERS
from tests.support.commands import Shell
from tests.support.waiting import until
from vaultaws.local.servers.base import ServerKind


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "tmp").mkdir()
    kept = {name: os.environ[name] for name in ("DOCKER_HOST", "VAULT_IMAGE") if name in os.environ}
    return Shell(tmp_path, {**kept, "TMPDIR": str(tmp_path / "tmp")})


def private_of(shell: Shell) -> list[Path]:
    return list((shell.directory / "tmp").glob("vaultaws-demo-*"))


@pytest.mark.parametrize("server", SERVERS)
def test_it_tells_the_whole_story_and_leaves_nothing(shell: Shell, server: ServerKind) -> None:
    done = shell.run("demo", "--server", str(server))
    assert done.returncode == 0, done.stdout + done.stderr
    for number in range(1, 10):
        assert f"{number}" in done.stdout
    for outcome in (
        "and the local AWS answer",
        "plan is empty",
        "exists",
        "good after",
        "DescribeInstances works",
        "RunInstances is UnauthorizedOperation",
        ":federated-user/",
        "Vault was not asked for it",
        "issued to ada for ec2readonly,",
        "issued to ada for ec2readonly-sts,",
        "the key is refused",
        "NoSuchEntity",
        "the federation token still works",
        "alive beyond its lease",
        "cut off and proved dead",
        "is flagged as unexplained",
        "the login on it gets nothing more",
        "is dead: refused 5 times in a row (AuthFailure)",
        "is dead: refused 5 times in a row (UnauthorizedOperation)",
        "denies of old tokens stay",
        "Ada works again",
        "nothing is left running",
        "outcomes checked, all as told.",
    ):
        assert outcome in done.stdout, outcome
    assert private_of(shell) == []
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("server", SERVERS)
def test_ctrl_c_takes_everything_down(shell: Shell, server: ServerKind) -> None:
    with shell.start("demo", "--server", str(server)) as process:
        until(lambda: any(where.rglob("stack.json") for where in private_of(shell)))
        parts = 1 if server is ServerKind.DOCKER else 2  # a container is no process of ours
        until(lambda: len(_marked(shell)) >= parts)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert private_of(shell) == []
    until(lambda: _marked(shell) == [])


def _marked(shell: Shell) -> list[int]:
    """The processes that work in the demo's private directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environ = (entry / "environ").read_bytes()
        except OSError:
            continue
        if f"HOME={shell.directory}/tmp/vaultaws-demo-".encode() in environ:
            found.append(int(entry.name))
    return found
