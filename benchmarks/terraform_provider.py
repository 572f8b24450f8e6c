"""vaultaws beside Terraform's Vault provider: `python -m benchmarks.terraform_provider`.

One run: the same server, the same roles, each tool on a mount of its own. At each step the tools
run one after the other, their order turning from round to round. Time is the median of the
rounds; memory is the most that the whole process tree held in one more round of its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders import (
    PROVIDER_VERSION,
    Contender,
    provider_binary,
    terraform,
    terraform_program,
    vaultaws,
)
from benchmarks.declarations import write_policy
from benchmarks.measure import CommandFailedError, Run
from benchmarks.stage import Stage, StageError, open_stage
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import ending_signals_raise

MIB = 1024 * 1024
NEW_ACTION = "s3:PutObject"
BUILDS_SHOWN_EVERY_SECONDS = 15


@dataclass(frozen=True)
class Step:
    """One thing that is measured, and what is done to the declaration before it."""

    title: str
    measure: Callable[[Contender, bool], Run]
    prepare: Callable[[Contender], None] = lambda _: None
    check: Callable[[Stage, Contender], None] = lambda *_: None


@dataclass
class Figures:
    """What was measured of one tool, by step: seconds of each round, and peak bytes."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)

    def median(self, step: Step) -> float:
        return statistics.median(self.seconds[step.title])


def _changed_name(contender: Contender) -> str:
    return contender.wanted.names[len(contender.wanted.names) // 2]


def _change_one(contender: Contender) -> None:
    write_policy(contender.directory, _changed_name(contender), NEW_ACTION)


def _all_are_there(stage: Stage, contender: Contender) -> None:
    if sorted(stage.role_names(contender.wanted.mount)) != sorted(contender.wanted.names):
        raise StageError(f"{contender.name} did not write every role")


def _one_is_changed(stage: Stage, contender: Contender) -> None:
    if NEW_ACTION not in stage.role_policy(contender.wanted.mount, _changed_name(contender)):
        raise StageError(f"{contender.name} did not change the role")


STEPS = (
    Step("plan, nothing there", lambda tool, memory: tool.run_plan(changes=True, memory=memory)),
    Step(
        "apply, all roles",
        lambda tool, memory: tool.run_apply(memory=memory),
        check=_all_are_there,
    ),
    Step("plan, no change", lambda tool, memory: tool.run_plan(changes=False, memory=memory)),
    Step(
        "plan, 1 change",
        lambda tool, memory: tool.run_plan(changes=True, memory=memory),
        prepare=_change_one,
    ),
    Step(
        "apply, 1 change",
        lambda tool, memory: tool.run_apply(memory=memory),
        check=_one_is_changed,
    ),
)


def one_round(
    stage: Stage, tools: Sequence[Contender], figures: dict[str, Figures], *, memory: bool
) -> None:
    """Every step of every tool, from nothing to all roles and back to nothing."""
    for tool in tools:
        tool.forget()
        stage.unmount(tool.wanted.mount)
    for step in STEPS:
        for tool in tools:
            step.prepare(tool)
            done = step.measure(tool, memory)
            step.check(stage, tool)
            say(f"{tool.name}: {step.title}, {done.seconds:.1f} s")
            seen = figures[tool.name]
            if memory:
                seen.peaks[step.title] = done.peak_bytes
            else:
                seen.seconds.setdefault(step.title, []).append(done.seconds)
    for tool in tools:
        stage.unmount(tool.wanted.mount)


def measured(stage: Stage, tools: Sequence[Contender], rounds: int) -> dict[str, Figures]:
    """The rounds, and one more for memory."""
    figures = {tool.name: Figures() for tool in tools}
    for number in range(rounds):
        turn = number % len(tools)
        one_round(stage, [*tools[turn:], *tools[:turn]], figures, memory=False)
        say(f"round {number + 1} of {rounds} is done")
    one_round(stage, tools, figures, memory=True)
    return figures


def table(figures: dict[str, Figures]) -> list[str]:
    """One line a step. Of Terraform's settings the best counts, at each step anew."""
    ours = figures["vaultaws"]
    theirs = [seen for name, seen in figures.items() if seen is not ours]
    lines = [
        "| step | Terraform s | vaultaws s | times faster | Terraform MiB | vaultaws MiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for step in STEPS:
        best = min(seen.median(step) for seen in theirs)
        least = min(seen.peaks[step.title] for seen in theirs)
        mine, held = ours.median(step), ours.peaks[step.title]
        lines.append(
            f"| {step.title} | {best:.2f} | {mine:.2f} | {best / mine:.1f} "
            f"| {least / MIB:.0f} | {held / MIB:.0f} |"
        )
    return lines


def every_figure(figures: dict[str, Figures]) -> list[str]:
    """All seconds of all rounds, for those who want to see how they spread."""
    return [
        f"{name:<14} {step.title:<22} "
        + " ".join(f"{seconds:.2f}" for seconds in seen.seconds[step.title])
        + f" s, {seen.peaks[step.title] / MIB:.0f} MiB"
        for name, seen in figures.items()
        for step in STEPS
    ]


def compare(kind: str, options: argparse.Namespace) -> None:
    """Measure on one kind of server and print the table."""
    program, provider = terraform_program(options.terraform), provider_binary(show)
    with (
        tempfile.TemporaryDirectory(prefix="vaultaws-benchmark-") as place,
        open_stage(kind, Path(place), show) as stage,
    ):
        tools = [
            vaultaws(stage, options.roles),
            *(
                terraform(stage, options.roles, program, provider, parallelism)
                for parallelism in options.parallelism
            ),
        ]
        print(f"{stage.server.product.label} {stage.server.version}, {options.roles:,} roles\n")
        figures = measured(stage, tools, options.rounds)
    print("\n".join([*table(figures), "", *every_figure(figures), ""]), flush=True)


def show(what: str, seconds: float) -> None:
    """Say now and then what is being built."""
    if int(seconds) % BUILDS_SHOWN_EVERY_SECONDS == 2:
        say(f"{what}: {seconds:.0f} s")


def say(words: str) -> None:
    """Tell how far it is; results alone go to standard output."""
    print(words, file=sys.stderr, flush=True)


def machine(terraform_name: str) -> str:
    """What the figures were taken on."""
    said = subprocess.run(
        [terraform_program(terraform_name), "version"],
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    version = re.search(r"v(\d\S*)", said)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{datetime.now(UTC).date()} · {os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}, load {load} · Python {platform.python_version()} · "
        f"Terraform {version[1] if version else '?'}, provider {PROVIDER_VERSION}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", nargs="+", default=["openbao", "vault"])
    parser.add_argument("--roles", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parallelism", type=int, nargs="+", default=[10, 50])
    parser.add_argument("--terraform", default="terraform", help="the program, when not on PATH")
    options = parser.parse_args()
    try:
        with ending_signals_raise():
            print(machine(options.terraform), end="\n\n", flush=True)
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
