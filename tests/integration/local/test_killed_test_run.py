"""A test run that is killed leaves no process behind, and takes none that is not its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.guard import ROOT, belongs
from tests.support.waiting import until
from vaultaws.local.processes import TAG_VARIABLE, python_environment

SLEEP = "import time; time.sleep(120)"
RUN = """
import subprocess, sys, time
from pathlib import Path
from tests.support.guard import guarded

base = Path(sys.argv[1])
with guarded(base):
    server = [sys.executable, "-c", sys.argv[2], f"-config={base}/server.json"]
    started = subprocess.Popen(server, env={sys.argv[3]: "tag"}, start_new_session=True)
    print(started.pid, flush=True)
    time.sleep(120)
"""


@contextmanager
def sleeper(environ: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, with a given environment and arguments."""
    command = [sys.executable, "-c", SLEEP, *arguments]
    with subprocess.Popen(command, env=dict(environ)) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def guarded_run(base: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A guarded run that has started one server, in a process group of its own."""
    command = [sys.executable, "-c", RUN, str(base), SLEEP, TAG_VARIABLE]
    environ = python_environment(os.environ)
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        try:
            yield run, int(run.stdout.readline())
        finally:
            run.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_run_takes_its_server_along(tmp_path: Path, number: signal.Signals) -> None:
    with ExitStack() as later:
        neighbour = later.enter_context(sleeper({TAG_VARIABLE: "tag"}, f"{tmp_path}-2/aws.json"))
        reader = later.enter_context(sleeper({"HOME": "/"}, f"{tmp_path}/server.log"))
        run, server = later.enter_context(guarded_run(tmp_path))
        os.killpg(run.pid, number)
        until(lambda: not psutil.pid_exists(server))
        assert neighbour.poll() is None
        assert reader.poll() is None


def test_a_run_that_ends_well_needs_no_guard_any_more(tmp_path: Path) -> None:
    with guarded_run(tmp_path) as (run, server):
        os.kill(run.pid, signal.SIGINT)
        assert run.wait(timeout=60) != 0
        assert not psutil.pid_exists(server)


def test_a_command_at_home_below_the_directory_belongs_to_the_run(tmp_path: Path) -> None:
    assert belongs(tmp_path, {"HOME": f"{tmp_path}/test_x0"}, ["python", "-m", "vaultaws", "up"])
    assert not belongs(tmp_path, {"HOME": "/root"}, ["less", f"{tmp_path}/server.log"])
