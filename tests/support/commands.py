"""The `vaultaws` command as people run it: a process, with state directories of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SECONDS = 120


@dataclass(frozen=True)
class Shell:
    """A person's environment: a home and state of its own, the caches of this run.

    Sets are kept only where a test says so: the kernel's keyring is the user's own.
    """

    directory: Path
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.directory / "state" / "vaultaws"

    @property
    def environ(self) -> dict[str, str]:
        coverage = {name: os.environ[name] for name in os.environ if name.startswith("COV")}
        return {
            **coverage,
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.directory),
            "PYTHONPATH": str(ROOT),
            "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
            "XDG_STATE_HOME": str(self.directory / "state"),
            "VAULTAWS_CACHE": "off",
            **self.more,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `vaultaws ARGUMENTS` and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "vaultaws", *arguments],
            env=self.environ,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `vaultaws ARGUMENTS` to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=SECONDS)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command that must end with `code`, and read its answer."""
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def record(self) -> dict[str, Any] | None:
        """What the state file says now."""
        try:
            found: dict[str, Any] = json.loads((self.state / "stack.json").read_text())
        except FileNotFoundError:
            return None
        return found
