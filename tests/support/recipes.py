"""A small program to build: a shell script, by an injected compiler that counts its runs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from vaultaws.local.build import SOURCES, Recipe

PROGRAM = "#!/bin/sh\necho Tiny v1\n"


def tiny_recipe(directory: Path) -> Recipe:
    """A recipe with its three source files below `directory`, written once."""
    source = directory / "source"
    if not source.exists():
        source.mkdir()
        for name in SOURCES:
            (source / name).write_text(f"// {name}\n")
    return Recipe("tiny", "the tiny program", source, "bin/tiny", ("version",), "Tiny v")


@dataclass
class CountingCompiler:
    """Writes `program`; each run leaves a line in `runs`, whatever process it happens in."""

    runs: Path
    program: str = PROGRAM
    mode: int = 0o755
    scratches: list[Path] = field(default_factory=list)

    def __call__(self, recipe: Recipe, output: Path, scratch: Path) -> None:
        with self.runs.open("a") as file:
            file.write(f"{os.getpid()}\n")
        self.scratches.append(scratch)
        output.write_text(self.program)
        output.chmod(self.mode)

    @property
    def count(self) -> int:
        return len(self.runs.read_text().splitlines()) if self.runs.exists() else 0
