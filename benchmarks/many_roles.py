"""lint, plan and apply of very many roles: `python -m benchmarks.many_roles --roles 1000 10000`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders import vaultaws
from benchmarks.measure import MIB, CommandFailedError
from benchmarks.stage import StageError, open_stage
from benchmarks.steps import LINT, STEPS, measured, say, show
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import ending_signals_raise


def grow(kind: str, roles: int, rounds: int) -> None:
    """Measure one number of roles on a server of its own, and print a table."""
    steps = (LINT, *STEPS)
    with (
        tempfile.TemporaryDirectory(prefix="vaultaws-benchmark-") as place,
        open_stage(kind, Path(place), show) as stage,
    ):
        tool = vaultaws(stage, roles)
        print(f"{stage.server.product.label} {stage.server.version}, {roles:,} roles\n")
        figures = measured(stage, steps, [tool], [tool], rounds)[tool.name]
    print("| step | s | MiB |\n|---|---:|---:|")
    for step in steps:
        peak = figures.peaks[step.title] / MIB
        print(f"| {step.title} | {figures.median(step):.2f} | {peak:.0f} |")
    print(flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="openbao")
    parser.add_argument("--roles", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"{datetime.now(UTC).date()} · {os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}, load {load} · Python {platform.python_version()}\n",
        flush=True,
    )
    try:
        with ending_signals_raise():
            for roles in options.roles:
                grow(options.server, roles, options.rounds)
    except (CommandFailedError, StageError, VaultawsError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
