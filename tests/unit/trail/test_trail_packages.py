"""Without the extra `trail` a check says what to install, and nothing else needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vaultaws.errors import UsageError
from vaultaws.trail.packages import NEEDED, require

LIGHT = (
    "vaultaws.cli.trail, vaultaws.cli.trail_wiring, vaultaws.incident.verify, vaultaws.trail.report"
)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        require(lambda name: None if name in {"ibis", "pyarrow"} else name)
    assert caught.value.why == "there is no ibis, pyarrow"
    assert caught.value.do == "pip install 'vaultaws[trail]'"


def test_here_they_are() -> None:
    require()


def test_incidents_and_the_command_line_load_none_of_them() -> None:
    program = f"import sys, {LIGHT}; print(sorted(set({NEEDED!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_check_runs_on_what_the_lock_of_the_local_stack_has() -> None:
    """The tests' own environment has more, so a package that is missing there would not show."""
    lock = (Path(__file__).parents[3] / "requirements" / "local.txt").read_text("utf-8")
    locked = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}
    program = f"""
import importlib.metadata, sys
locked, known = {locked!r}, importlib.metadata.packages_distributions()

class OnlyLocked:
    def find_spec(self, name, path=None, target=None):
        owners = known.get(name.partition(".")[0], ())
        if owners and not locked & {{owner.lower().replace("_", "-") for owner in owners}}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, OnlyLocked())
from vaultaws.trail import check, queries
from vaultaws.trail.engines import DuckDb
with DuckDb():
    for name in queries.KEPT:
        queries.sql(name)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
