"""vaultaws beside Terraform's Vault provider: `python -m benchmarks.terraform_provider`.

One run: the same server, the same roles, each tool on a mount of its own. At each step the tools
run one after the other, their order turning from round to round. Time is the median of the
rounds; memory is the most that the whole process tree held in one more round of its own, where
Terraform runs with the first of its settings.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders import terraform, terraform_program, vaultaws
from benchmarks.measure import MIB, CommandFailedError
from benchmarks.stage import StageError, open_stage
from benchmarks.steps import STEPS, Figures, measured, say, show
from tests.support.terraform import PROVIDER_MODULE, PROVIDER_VERSION, provider_binary
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import ending_signals_raise


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
        weighed = min(seen.peaks[step.title] for seen in theirs if seen.peaks)
        mine, held = ours.median(step), ours.peaks[step.title]
        lines.append(
            f"| {step.title} | {best:.2f} | {mine:.2f} | {best / mine:.1f} "
            f"| {weighed / MIB:.0f} | {held / MIB:.0f} |"
        )
    return lines


def every_figure(figures: dict[str, Figures]) -> list[str]:
    """All seconds of all rounds, for those who want to see how they spread."""
    return [
        f"{name:<14} {step.title:<22} "
        + " ".join(f"{seconds:.2f}" for seconds in seen.seconds[step.title])
        + " s"
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
        figures = measured(stage, STEPS, tools, tools[:2], options.rounds)
    print("\n".join([*table(figures), "", *every_figure(figures), ""]), flush=True)


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
        f"Terraform {version[1] if version else '?'}, "
        f"provider {PROVIDER_VERSION} (module {PROVIDER_MODULE})"
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
