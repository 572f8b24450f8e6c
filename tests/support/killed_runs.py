"""Processes that issue and are killed at a chosen place, and the time after which they are lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from vaultaws.clock import SystemClock
from vaultaws.vault.gateway import HvacVault

REPOSITORY = Path(__file__).parents[2]


class LaterClock(SystemClock):
    """The machine's clock five minutes on: no answer is on its way any more."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=5)


@contextmanager
def stopped_run(where: str, ada: HvacVault, directory: Path, mount: str) -> Iterator[None]:
    """A process of ada's that has come to `where` and stands there; killed at the end."""
    arguments = [where, ada.address, str(directory), mount, "reader"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.dying_run", *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdin
        assert process.stdout
        token = ada._settings.token
        assert token
        process.stdin.write(token.reveal() + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "here\n"
        yield
    finally:
        process.kill()
        process.communicate()
