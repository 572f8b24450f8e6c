"""Inventory of very many leases: `python -m benchmarks.inventory --count 10000`.

The leases are STS credentials of three types. In each round a compiled load generator looks each
of them up once, `vaultaws leases list --json` is run as people run it, and its look-ups alone are
timed; the order turns from round to round. The rate of the command is leases by the wall time of
the whole process. One more run of it is weighed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.containment import MOUNT, issue, opened, prepare
from benchmarks.credentials import paired
from benchmarks.measure import MIB, CommandFailedError, Run, run, tail
from benchmarks.stage import Stage, StageError, open_stage
from benchmarks.steps import say, show
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import ending_signals_raise
from vaultaws.local.build import Recipe, built
from vaultaws.local.directories import Directories
from vaultaws.local.processes import python_module

GENERATOR: Final = "compiled generator"
COMMAND: Final = "vaultaws leases list --json"
ALONE: Final = "its look-ups alone"
RECIPE: Final = Recipe(
    name="lookups",
    title="the load generator",
    source=Path(__file__).parent / "lookups",
    binary="bin/lookups",
    check_arguments=("-h",),
    check_says="connections",
    sources=("go.mod", "main.go"),
)


@dataclass
class Figures:
    """What was measured: seconds of each round by contender, and the command's most memory."""

    count: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    peak_bytes: int = 0


@dataclass(frozen=True)
class Leases:
    """What each contender is given: the leases of one server."""

    stage: Stage
    program: Path
    ids: Sequence[str]

    @property
    def file(self) -> Path:
        return self.stage.directory / "ids"

    def contenders(self, connections: int) -> dict[str, Callable[[], float]]:
        """Each returns the seconds that it took. Raises CommandFailedError, VaultawsError."""
        return {
            GENERATOR: lambda: generated(self, connections),
            COMMAND: lambda: listed(self).seconds,
            ALONE: lambda: looked_up(self),
        }


def made(stage: Stage, count: int, program: Path) -> Leases:
    """Issue, and keep the ids in a file for the generator."""
    os.environ["AWS_ENDPOINT_URL"] = stage.aws.endpoint
    prepare(stage)
    began = time.perf_counter()
    issue(stage, 0, count)
    say(f"{count:,} leases issued in {time.perf_counter() - began:.0f} s")
    with opened(stage) as vault:
        ids = vault.list_leases(f"{MOUNT}/sts")
    if len(ids) != count:
        raise StageError(f"the server has {len(ids)} leases, not {count}")
    leases = Leases(stage, program, ids)
    leases.file.write_text("\n".join(ids), "ascii")
    return leases


def generated(leases: Leases, connections: int) -> float:
    """The generator's own seconds, from its first request to its last answer."""
    command = [str(leases.program), "-connections", str(connections), str(leases.file)]
    results = leases.stage.directory / "generated"
    _run(leases.stage, command, results)
    return float(results.read_text("ascii"))


def listed(leases: Leases, *, memory: bool = False) -> Run:
    """The command, which must list every lease."""
    results = leases.stage.directory / "listed.json"
    command = [*python_module("vaultaws"), "leases", "list", "--json", "--mount", MOUNT]
    done = _run(leases.stage, command, results, memory=memory)
    found = len(json.loads(results.read_bytes())["credentials"])
    if found != len(leases.ids):
        raise CommandFailedError(f"{found} of {len(leases.ids)} leases were listed")
    return done


def looked_up(leases: Leases) -> float:
    """The look-ups as the command does them, in a process that runs already."""
    with opened(leases.stage) as vault:
        started = time.perf_counter()
        found = vault.lookup_leases(leases.ids)
        seconds = time.perf_counter() - started
    if len(found) != len(leases.ids):
        raise CommandFailedError(f"{len(found)} of {len(leases.ids)} leases were looked up")
    return seconds


def _run(stage: Stage, command: Sequence[str], results: Path, *, memory: bool = False) -> Run:
    log = stage.directory / "log"
    done = run(
        command,
        directory=stage.directory,
        environ=stage.environ(),
        log=log,
        results=results,
        memory=memory,
    )
    if done.code != 0:
        raise CommandFailedError(f"{command[0]} ended with {done.code}:\n{tail(log)}")
    return done


def measured(leases: Leases, connections: int, rounds: int) -> Figures:
    """The rounds, and one more run of the command that is weighed."""
    figures = Figures(len(leases.ids))
    contenders = list(leases.contenders(connections).items())
    for number in range(rounds):
        turn = number % len(contenders)
        for name, contender in [*contenders[turn:], *contenders[:turn]]:
            seconds = contender()
            figures.seconds.setdefault(name, []).append(seconds)
            say(f"round {number + 1} of {rounds}: {name}, {seconds:.2f} s")
    figures.peak_bytes = listed(leases, memory=True).peak_bytes
    return figures


def table(figures: Figures) -> list[str]:
    """One line a contender: the median rate, the slowest and the quickest, and the share of the
    generator's rate, paired by round."""
    theirs = figures.seconds[GENERATOR]
    lines = [
        "| what | leases/s | slowest and quickest | of the generator's rate |",
        "|---|---:|---:|---:|",
    ]
    for name in (GENERATOR, COMMAND, ALONE):
        seconds = figures.seconds[name]
        middle, *ends = (
            f"{figures.count / each:,.0f}"
            for each in (statistics.median(seconds), max(seconds), min(seconds))
        )
        share = paired(theirs, seconds)
        lines.append(f"| {name} | {middle} | {' to '.join(ends)} | {share:.0%} |")
    return lines


def compare(kind: str, options: argparse.Namespace) -> None:
    """Measure on one kind of server and print the table."""
    program = built(RECIPE, Directories.of(os.environ).cache, show)
    with (
        tempfile.TemporaryDirectory(prefix="vaultaws-benchmark-") as place,
        open_stage(kind, Path(place), show) as stage,
    ):
        title = f"{stage.server.product.label} {stage.server.version}"
        print(f"{title}, {options.count:,} leases, {options.connections} connections\n")
        leases = made(stage, options.count, program)
        figures = measured(leases, options.connections, options.rounds)
    print("\n".join(table(figures)))
    print(f"\nThe command held {figures.peak_bytes / MIB:.0f} MiB at most.\n", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", nargs="+", default=["openbao", "vault"])
    parser.add_argument("--count", type=int, default=10_000, help="how many leases")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=8, help="the generator's")
    options = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"{datetime.now(UTC).date()} · {os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}, load {load} · Python {platform.python_version()}\n",
        flush=True,
    )
    try:
        with ending_signals_raise():
            for kind in options.server:
                compare(kind, options)
    except (CommandFailedError, StageError, VaultawsError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
