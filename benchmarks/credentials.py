"""`vaultaws creds` beside its peers: `python -m benchmarks.credentials`.

Whole processes on one server and one local AWS. In each round every command runs once, one after
the other, and the order turns from round to round; the figure is the median of the rounds, and a
ratio the median of the ratios within a round. Then herds: many cold processes at once, and how
often their source was asked.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import CommandFailedError, run, tail
from benchmarks.peers import (
    TOKENS,
    Contender,
    Herded,
    herded_peers,
    leases,
    prepare_engine,
    python_peers,
    vault_contenders,
    vaultaws_script,
    versions,
)
from benchmarks.stage import Stage, StageError, open_stage
from benchmarks.steps import say, show
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import ending_signals_raise

OURS, THEIRS = 50, 20
HERD_SECONDS = 120.0
Figures = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Herd:
    """What a herd came to. `asked` is how often the source was asked."""

    title: str
    processes: int
    asked: int
    seconds: float


def measured(stage: Stage, contenders: Sequence[Contender], rounds: int) -> Figures:
    """Milliseconds of each contender in each round. The first round only warms and is dropped."""
    figures: dict[str, list[float]] = {each.title: [] for each in contenders}
    log = stage.directory / "said"
    for number in range(rounds + 1):
        turn = number % len(contenders)
        for each in (*contenders[turn:], *contenders[:turn]):
            command = each.command(number)
            done = run(command, directory=stage.directory, environ=each.environ, log=log)
            if done.code != 0 or each.says not in log.read_text("utf-8"):
                raise CommandFailedError(f"{each.title}: exit {done.code}; it said:\n{tail(log)}")
            if number:
                figures[each.title].append(done.seconds * 1000)
    return figures


def table(figures: Figures, contenders: Sequence[Contender]) -> list[str]:
    """One line a command: its median, its quartiles, and how long a hit of ours takes beside it."""
    ours = figures[contenders[0].title]
    lines = ["| command | ms | quartiles | hit of vaultaws |", "|---|---:|---:|---:|"]
    for each in contenders:
        theirs = figures[each.title]
        low, _, high = statistics.quantiles(theirs, n=4)
        lines.append(
            f"| {each.title} | {statistics.median(theirs):.1f} | {low:.1f} to {high:.1f} "
            f"| {paired(ours, theirs):.0%} |"
        )
    return lines


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios within the rounds."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


def own_herd(stage: Stage, environ: Mapping[str, str], number: int, processes: int) -> Herd:
    """Cold processes for a set that no cache knows; the server tells how often it was asked."""
    ttl = f"--ttl={7200 + number}"
    command = [str(vaultaws_script(stage)), "creds", TOKENS, "--format", "process", ttl]
    before = leases(stage, TOKENS)
    seconds, said = at_once(command, environ, stage.directory, processes)
    if len({json.loads(text)["AccessKeyId"] for text in said}) != 1:
        raise CommandFailedError("the processes of one herd were given different keys")
    return Herd("vaultaws", processes, leases(stage, TOKENS) - before, seconds)


def peer_herd(stage: Stage, peer: Herded, processes: int) -> Herd:
    """Cold processes of a peer; its source notes each call."""
    seconds, _ = at_once(peer.command, peer.environ, stage.directory, processes)
    return Herd(peer.title, processes, len(peer.noted.read_text().splitlines()), seconds)


def at_once(
    command: Sequence[str], environ: Mapping[str, str], directory: Path, processes: int
) -> tuple[float, list[str]]:
    """Start them all, and wait for the last: seconds, and what each printed."""
    started = time.perf_counter()
    running: list[subprocess.Popen[str]] = []
    try:
        running.extend(_started(command, environ, directory) for _ in range(processes))
        said = [process.communicate(timeout=HERD_SECONDS) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    seconds = time.perf_counter() - started
    failed = [err for process, (_, err) in zip(running, said, strict=True) if process.returncode]
    if failed:
        raise CommandFailedError(f"{command[0]}: {len(failed)} failed; one said:\n{failed[0]}")
    return seconds, [out for out, _ in said]


def _started(
    command: Sequence[str], environ: Mapping[str, str], directory: Path
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=dict(environ),
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def herd_table(herds: Sequence[Herd]) -> list[str]:
    lines = ["| cold herd | processes | source asked | s to the last |", "|---|---:|---:|---:|"]
    return lines + [
        f"| {each.title} | {each.processes} | {each.asked} | {each.seconds:.2f} |" for each in herds
    ]


def machine() -> str:
    """What the figures were taken on."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{datetime.now(UTC).date()} · {os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}, load {load} · Python {platform.python_version()}, {versions()}"
    )


def compare(kind: str, rounds: int, herds: int) -> None:
    """Measure on one kind of server and print both tables."""
    with (
        tempfile.TemporaryDirectory(prefix="vaultaws-benchmark-") as place,
        open_stage(kind, Path(place), show) as stage,
    ):
        print(f"{stage.server.product.label} {stage.server.version}, {rounds} rounds\n")
        prepare_engine(stage)
        ours = vault_contenders(stage, show)
        contenders = [*ours, *python_peers(stage)]
        figures = measured(stage, contenders, rounds)
        read = figures[ours[3].title]
        missed = paired(figures[ours[1].title], read)
        print("\n".join(table(figures, contenders)))
        print(f"\nA miss takes {missed:.2f} times as long as {ours[3].title}.\n", flush=True)
        environ = ours[0].environ
        gathered = [own_herd(stage, environ, number, OURS) for number in range(herds)]
        gathered += [peer_herd(stage, peer, THEIRS) for peer in herded_peers(stage)]
        print("\n".join([*herd_table(gathered), ""]), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", nargs="+", default=["openbao", "vault"])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--herds", type=int, default=3)
    options = parser.parse_args()
    try:
        with ending_signals_raise():
            print(machine(), end="\n\n", flush=True)
            for kind in options.server:
                compare(kind, options.rounds, options.herds)
                print(f"load after it: {os.getloadavg()[0]:.1f}\n")
    except (CommandFailedError, StageError, VaultawsError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
