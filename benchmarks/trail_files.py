"""Reading CloudTrail's log files: `python -m benchmarks.trail_files --scratch DIRECTORY`.

A seeded world of gzip log files is written below the directory, once, and then read: by the first
check of `vaultaws trail`, by a second one after an hour's new files, by DuckDB's own JSON reader,
and by trailscraper. The slow ones are given a share of the files; their seconds are of the share.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import trail_world
from benchmarks.measure import MIB, CommandFailedError, Run, run, tail
from benchmarks.trail_world import EVENTS_A_FILE, World
from scripts.bootstrap import make_environment
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import ending_signals_raise

REQUIREMENTS: Final = Path(__file__).parents[1] / "requirements"
ROOT: Final = Path(__file__).parents[1]
SECONDS: Final = 7_200.0
LATE_HOURS: Final = 3
"""How many hours of new files a benchmark may add to a world."""


@dataclass(frozen=True)
class Reading:
    """A reader's run. `events` were there to read, `counted` is what it says it found."""

    title: str
    events: int
    counted: str
    seconds: float
    peak_mib: float = 0.0


@dataclass(frozen=True)
class Ground:
    """The files: all of them, the share for the slow readers, and JSON bytes an event."""

    world: World
    share: World
    json_bytes: int
    packed_bytes: int


def prepared(scratch: Path, events: int, share: float) -> Ground:
    """Write the world unless it is there, and link its share."""
    world = World(scratch / f"world-{events}", events)
    noted = scratch / f"world-{events}.sizes"
    if not noted.exists():
        shutil.rmtree(world.root, ignore_errors=True)
        sizes = trail_world.write(world)
        noted.write_text(f"{sizes[0]} {sizes[1]}", encoding="ascii")
    for late in range(world.files, world.files + LATE_HOURS * hour_of(world)):
        trail_world.path_of(world, late).unlink(missing_ok=True)
    text, packed = map(int, noted.read_text(encoding="ascii").split())
    part = World(scratch / "share", max(EVENTS_A_FILE, int(events * share)))
    shutil.rmtree(part.root, ignore_errors=True)
    for number in range(part.files):
        path = trail_world.path_of(world, number)
        linked = part.root / path.relative_to(world.root)
        linked.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, linked)
    return Ground(world, part, text, packed)


def hour_of(world: World) -> int:
    """How many files an hour has."""
    return max(1, world.files // (world.days * 24))


def read_by(
    title: str, command: Sequence[str], world: World, scratch: Path, *, memory: bool = False
) -> Reading:
    """Run a reader to its end. Raises CommandFailedError when it fails."""
    log = scratch / "reader.log"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done: Run = run(
        command, directory=scratch, environ=environ, log=log, memory=memory, limit_seconds=SECONDS
    )
    if done.code:
        raise CommandFailedError(f"{title} ended with {done.code}: {tail(log)}")
    said = tail(log, 1)
    counted = said if said.isdigit() else ""
    return Reading(title, world.events, counted, done.seconds, done.peak_bytes / MIB)


def readings(ground: Ground, scratch: Path, *, peers: bool) -> list[Reading]:
    """Every reader in turn, each with a cache or an output of its own."""
    whole, share = ground.world, ground.share
    ours = [sys.executable, "-m", "benchmarks.trail_readers", "vaultaws"]
    cache, measured, output = scratch / "cache", scratch / "cache-2", scratch / "peer.parquet"
    for left in (cache, measured):
        shutil.rmtree(left, ignore_errors=True)
    found = [
        read_by("vaultaws, first", [*ours, str(whole.root), str(cache)], whole, scratch),
        read_by(
            "vaultaws, first, memory",
            [*ours, str(whole.root), str(measured)],
            whole,
            scratch,
            memory=True,
        ),
    ]
    trail_world.write(whole, range(whole.files, whole.files + hour_of(whole)))
    later = World(whole.root, whole.events + hour_of(whole) * EVENTS_A_FILE)
    again = [*ours, str(whole.root), str(cache)]
    found.append(read_by("vaultaws, an hour later", again, later, scratch))
    found.append(read_by("vaultaws, nothing new", again, later, scratch))
    if not peers:
        return found
    small = scratch / "cache-share"
    shutil.rmtree(small, ignore_errors=True)
    command = [*ours, str(share.root), str(small)]
    found.append(read_by("vaultaws, the share", command, share, scratch))
    for way, title in (("typed", "read_json, types told"), ("untyped", "read_json")):
        output.unlink(missing_ok=True)
        command = [*ours[:-1], way, str(share.root), str(output)]
        found.append(read_by(title, command, share, scratch))
    scraper = make_environment(REQUIREMENTS / "readers.txt").parent / "trailscraper"
    span = ["--from", "2026-11-19", "--to", "2026-12-31"]
    command = [str(scraper), "select", "--log-dir", str(share.root), *span]
    found.append(read_by("trailscraper select", command, share, scratch))
    return found


def table(found: Sequence[Reading], bytes_an_event: float) -> str:
    """The figures as a table of Markdown."""
    lines = [
        "| reader | events | s | events/s | JSON MB/s | MiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for one in found:
        rate = one.events / one.seconds
        memory = f"{one.peak_mib:,.0f}" if one.peak_mib else ""
        lines.append(
            f"| {one.title} | {one.events:,} | {one.seconds:,.1f} | {rate:,.0f} |"
            f" {rate * bytes_an_event / 1e6:,.0f} | {memory} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scratch", type=Path, required=True, help="a directory with much room")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--share", type=float, default=0.1, help="of the files, for the peers")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    given = parser.parse_args(arguments)
    try:
        with ending_signals_raise():
            given.scratch.mkdir(parents=True, exist_ok=True)
            scratch = given.scratch.resolve()
            ground = prepared(scratch, given.events, given.share)
            an_event = ground.json_bytes / (ground.world.files * EVENTS_A_FILE)
            print(
                f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"
            )
            print(
                f"{ground.world.files:,} files, {ground.packed_bytes / 1e6:,.0f} MB packed,"
                f" {ground.json_bytes / 1e6:,.0f} MB of JSON, load average {os.getloadavg()[0]:.1f}"
            )
            found = readings(ground, scratch, peers=not given.alone)
            print(table(found, an_event))
    except (CommandFailedError, VaultawsError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
