"""Commands as processes of their own, each forked from this one, which has the packages loaded.

A command costs a few hundredths of a second in place of three tenths, so the demo's time goes to
the story. What runs is the command line's own entry, with the environment and files given.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkContext, SpawnContext
from pathlib import Path
from typing import Final

PRELOADED: Final = (
    "vaultaws.cli.main",
    "vaultaws.vault.adapter",
    "vaultaws.incident.running",
    "vaultaws.leases.revoke",
    "vaultaws.local.stack",
    "vaultaws.trail.check",
    "botocore.session",
)
Context = ForkContext | SpawnContext
Entry = Callable[[Sequence[str]], int]
TIMEOUT_SECONDS: Final = 120.0
TIMED_OUT: Final = 124


@dataclass(frozen=True)
class Ran:
    """One command's end."""

    code: int
    out: str
    err: str


class Commands:
    """Runs commands in a directory. `entry` is the command line's own, a function of a module."""

    def __init__(self, entry: Entry, directory: Path) -> None:
        self._entry = entry
        self._directory = directory
        # Elsewhere a fork may meet system libraries that do not survive it; a spawn is slow, safe.
        self._context: Context = (
            multiprocessing.get_context("fork")
            if sys.platform == "linux"
            else multiprocessing.get_context("spawn")
        )
        for module in PRELOADED:
            importlib.import_module(module)

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], stdin: str) -> Ran:
        """Run one command to its end; what runs too long is ended, with code 124."""
        with tempfile.TemporaryDirectory(dir=self._directory, prefix=".command-") as place:
            files = [Path(place) / name for name in ("in", "out", "err")]
            for file, text in zip(files, (stdin, "", ""), strict=True):
                file.write_text(text, encoding="utf-8")
            process = self._context.Process(
                target=_become,
                args=(self._entry, list(arguments), dict(environment), self._directory, files),
            )
            process.start()
            process.join(TIMEOUT_SECONDS)
            if process.exitcode is None:
                process.terminate()
                process.join()
                return Ran(TIMED_OUT, "", "it did not end")
            out, err = (file.read_text(encoding="utf-8") for file in files[1:])
            return Ran(process.exitcode, out, err)


def _become(
    entry: Entry,
    arguments: list[str],
    environment: dict[str, str],
    directory: Path,
    files: list[Path],
) -> None:
    """Be the command: its environment, its directory, its three streams, its exit code."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    for number, (file, flags) in enumerate(
        zip(files, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)
    ):
        os.dup2(os.open(file, flags), number)
    sys.stdin = os.fdopen(0, "r", encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    code = entry(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
