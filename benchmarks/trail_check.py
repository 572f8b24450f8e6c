"""`vaultaws trail check` from end to end: `python -m benchmarks.trail_check --scratch DIRECTORY`.

The files are those of `benchmarks.trail_files`, of which one key counts as Vault's own. A server
with its audit log, which explains none of what that key minted, and a local AWS are started; the
command is run as people run it: with an empty cache, once more for its memory, with an hour's new
files, three hours in turn, and three times with nothing new.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import trail_world
from benchmarks.measure import MIB, CommandFailedError, run, tail
from benchmarks.stage import Stage, StageError, open_stage
from benchmarks.trail_files import LATE_HOURS, ROOT, SECONDS, Ground, hour_of, prepared
from benchmarks.trail_world import EVENTS_A_FILE, key_id
from vaultaws.errors import FindingsError, VaultawsError
from vaultaws.interrupts import ending_signals_raise
from vaultaws.local.progress import silent

ROOT_KEY: Final = key_id(100)
"""About one call in a thousand is made with it, and one of seven of these makes a credential."""


@dataclass(frozen=True)
class Check:
    """One run: how many events there were, and how many credentials it judged."""

    title: str
    events: int
    judged: int
    seconds: float
    peak_mib: float = 0.0


def command(stage: Stage, ground: Ground) -> list[str]:
    """The check of the whole made-up time."""
    window = ["--since", "2026-11-19T00:00:00Z", "--until", "2026-11-28T00:00:00Z", "--lag", "0s"]
    evidence = ["--source", str(ground.world.root), "--audit-log", str(stage.server.audit)]
    more = ["--root-key", ROOT_KEY, "--no-orphans", "--json"]
    return [sys.executable, "-m", "vaultaws", "trail", "check", *window, *evidence, *more]


def checked(
    stage: Stage, ground: Ground, title: str, events: int, *, memory: bool = False
) -> Check:
    """Run it to its end. Raises CommandFailedError when it finds nothing, or fails."""
    log, results = stage.directory / "check.log", stage.directory / "check.json"
    done = run(
        command(stage, ground),
        directory=stage.directory,
        environ={**stage.environ(), "PYTHONPATH": str(ROOT)},
        log=log,
        results=results,
        memory=memory,
        limit_seconds=SECONDS,
    )
    if done.code != FindingsError.exit_code:
        raise CommandFailedError(f"{title} ended with {done.code}: {tail(log)}")
    told = json.loads(results.read_bytes())
    return Check(title, events, len(told["credentials"]), done.seconds, done.peak_bytes / MIB)


def checks(stage: Stage, ground: Ground) -> list[Check]:
    """All of them, each after the other."""
    answer = stage.ask("sys/mounts/aws", {"type": "aws"}, method="POST")
    if answer.status not in (200, 204):
        raise StageError(f"mounting the engine was answered with {answer.status}")
    cache, events = stage.directory / "home" / ".cache", ground.world.events
    found = [checked(stage, ground, "first", events)]
    shutil.rmtree(cache)
    found.append(checked(stage, ground, "first, memory", events, memory=True))
    late, first = hour_of(ground.world), ground.world.files
    hours = []
    for begins in range(first, first + LATE_HOURS * late, late):
        trail_world.write(ground.world, range(begins, begins + late))
        events += late * EVENTS_A_FILE
        hours.append(checked(stage, ground, f"an hour later, median of {LATE_HOURS}", events))
    found.append(_median(hours))
    title = f"nothing new, median of {LATE_HOURS}"
    found.append(_median([checked(stage, ground, title, events) for _ in hours]))
    return found


def _median(found: Sequence[Check]) -> Check:
    return sorted(found, key=lambda one: one.seconds)[len(found) // 2]


def table(found: Sequence[Check]) -> str:
    """The figures as a table of Markdown."""
    lines = ["| check | events | credentials judged | s | MiB |", "|---|---:|---:|---:|---:|"]
    for one in found:
        memory = f"{one.peak_mib:,.0f}" if one.peak_mib else ""
        lines.append(
            f"| {one.title} | {one.events:,} | {one.judged:,} | {one.seconds:,.1f} | {memory} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scratch", type=Path, required=True, help="a directory with much room")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--server", default="openbao", choices=("openbao", "vault"))
    asked = parser.parse_args(arguments)
    asked.scratch.mkdir(parents=True, exist_ok=True)
    scratch = asked.scratch.resolve()
    ground = prepared(scratch, asked.events, 0.0)
    directory = scratch / "stage"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(f"load average {os.getloadavg()[0]:.1f}", flush=True)
    try:
        with ending_signals_raise(), open_stage(asked.server, directory, silent) as stage:
            print(table(checks(stage, ground)), flush=True)
    except (CommandFailedError, StageError, VaultawsError) as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
