"""What the benchmarks measure is what they say: the same roles, whole process trees, an end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.declarations import Wanted, terraform_file, vaultaws_file, write_policies
from benchmarks.measure import MIB, CommandFailedError, Run, run
from vaultaws.config.load import load

HOLDS = "import time; held = bytearray(%d << 20); time.sleep(0.5)"
HAS_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDS % 100!r}])"

Measure = Callable[..., Run]


@pytest.fixture
def measured(tmp_path: Path) -> Measure:
    def measure(program: str, **more: object) -> Run:
        command = [sys.executable, "-c", program]
        log = tmp_path / "log"
        return run(command, directory=tmp_path, environ=os.environ, log=log, **more)  # type: ignore[arg-type]  # passed on

    return measure


def test_both_declarations_name_the_same_roles(tmp_path: Path) -> None:
    wanted = Wanted("ours", 30, "eu-west-2", "http://127.0.0.1:9")
    write_policies(tmp_path, wanted)
    (tmp_path / "vaultaws.toml").write_text(vaultaws_file(wanted))
    roles = load(tmp_path / "vaultaws.toml").roles
    assert [role.name for role in roles] == wanted.names
    theirs = terraform_file(wanted)
    for role in roles:
        assert f'"{role.name}" = {{ type = "{role.credential_type}"' in theirs


def test_a_run_tells_its_code(measured: Measure) -> None:
    assert measured("raise SystemExit(3)").code == 3


def test_memory_is_that_of_the_children_too(measured: Measure) -> None:
    assert measured(HAS_A_CHILD, memory=True).peak_bytes > 110 * MIB
    assert measured("pass").peak_bytes == 0


def test_a_command_that_does_not_end_is_ended(measured: Measure) -> None:
    with pytest.raises(CommandFailedError):
        measured("import time; time.sleep(3600)", limit_seconds=0.5)
