"""Without the extra `trail` a check says what to install, and nothing else needs it."""

from __future__ import annotations

import subprocess
import sys

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
