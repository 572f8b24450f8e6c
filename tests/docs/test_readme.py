"""Every command that README.md shows is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vaultaws.cli.main import VERBS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_verb_is_named() -> None:
    assert [verb for verb in VERBS if f"`{verb}" not in README] == []


def test_the_scripts_are_there_and_can_run() -> None:
    (scripts,) = re.findall(r"```sh\n(\./scripts/demo\n\./scripts/test)\n```", README)
    for script in scripts.split():
        assert os.access(ROOT / script, os.X_OK)


@pytest.mark.integration
def test_the_commands_run_from_top_to_bottom(tmp_path: Path) -> None:
    (block,) = re.findall(r"<!-- run -->\n```sh\n(.*?)```", README, re.DOTALL)
    program = f'vaultaws() {{ "{sys.executable}" -m vaultaws "$@"; }}\n'
    script = f"set -eu\n{program}trap 'vaultaws down' EXIT\n{block}"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    environment["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    done = subprocess.run(
        ["bash", "-c", script.replace("vaultaws up)", "vaultaws up --server openbao)")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
