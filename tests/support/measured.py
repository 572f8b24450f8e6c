"""What coverage notes of the commands that the tests start."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from coverage.config import CoverageConfig

ROOT = Path(__file__).parents[2]
VARIABLE = "COVERAGE_PROCESS_CONFIG"
"""How coverage hands its settings to child processes (coverage.process_startup)."""


def note_only_what_ran(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let each command tell of the files that it ran, not of all that it might have run.

    With a `source`, every process lists all our files at its end, and the run has thousands of
    them. Pytest's own process still lists them: a file that nothing runs counts as uncovered.
    """
    if VARIABLE not in environ:
        return
    config = CoverageConfig.deserialize(environ[VARIABLE])
    config.source = None
    config.run_include = [str(ROOT / "vaultaws" / "*")]
    environ[VARIABLE] = config.serialize()
