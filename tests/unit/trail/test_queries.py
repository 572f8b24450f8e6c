"""The queries for DuckDB are those that scripts/queries.py writes from the relations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import queries as script
from vaultaws.trail import queries

ROOT = Path(__file__).parents[3]


def test_the_files_are_as_the_relations_are() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "queries.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", queries.NAMES)
def test_a_query_that_stands_ready_is_the_compiled_one(name: str) -> None:
    assert queries.ready(name) == script.wanted()[f"{name}.sql"]


def test_a_check_does_without_ibis() -> None:
    program = (
        "import sys\nsys.modules['ibis'] = None\n"
        "from vaultaws.trail import check, match, queries\n"
        "print(all(map(queries.ready, queries.NAMES)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
