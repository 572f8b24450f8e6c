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


def test_all_that_a_check_loads_is_in_the_lock_of_the_local_stack() -> None:
    """The tests' own environment has more, so a package that is missing there would not show."""
    program = """
import importlib.metadata, sys
from vaultaws.trail import check, queries
from vaultaws.trail.engines import DuckDb
with DuckDb():
    for name in queries.KEPT:
        queries.sql(name)
known = importlib.metadata.packages_distributions()
loaded = {name for module in list(sys.modules) for name in known.get(module, ())}
print(*sorted(name.lower().replace("_", "-") for name in loaded))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lock = (Path(__file__).parents[3] / "requirements" / "local.txt").read_text("utf-8")
    locked = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}
    loaded = set(done.stdout.split())
    assert {"packaging", "duckdb", "ibis-framework"} <= loaded
    assert loaded - locked == set()
