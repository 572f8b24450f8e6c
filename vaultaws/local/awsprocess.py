"""The local AWS as a process: `python -m vaultaws.local.aws`.

It writes its address and keys into a file, readable by us alone, when it answers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vaultaws.errors import StackError
from vaultaws.local.commands import last_lines
from vaultaws.local.processes import (
    Machine,
    ProcessRecord,
    end,
    is_alive,
    launch,
    python_environment,
    python_module,
)
from vaultaws.model import Secret

READY_SECONDS = 60.0
POLL_SECONDS = 0.02
MODULE = "vaultaws.local.aws"


@dataclass(frozen=True)
class AwsOptions:
    """How the local AWS behaves. Delays are in seconds, `fault_rate` is a share from 0 to 1."""

    account_id: str = "123456789012"
    region: str = "eu-west-2"
    iam_delay_seconds: float = 0.0
    trail_delay_seconds: float = 0.0
    fault_rate: float = 0.0


@dataclass(frozen=True)
class LocalAws:
    """A local AWS that answers, its administrator's keys, and where it delivers its trail."""

    endpoint: str
    access_key_id: str
    secret_access_key: Secret
    control_token: Secret
    process: ProcessRecord
    log: Path
    trail: Path


def start_local_aws(
    options: AwsOptions,
    workdir: Path,
    *,
    tag: str,
    machine: Machine,
    command: Sequence[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> LocalAws:
    """Start it with its files in `workdir`. Raises StackError, leaving no process behind."""
    program = list(command) if command is not None else python_module(MODULE)
    answer, log, trail = workdir / "aws.json", workdir / "aws.log", workdir / "trail"
    answer.unlink(missing_ok=True)
    process = launch(
        [*program, *arguments(options, answer, trail)],
        environ=python_environment(without_aws(environ)),
        tag=tag,
        log=log,
        table=machine.table,
    )
    try:
        said = _wait_for(answer, machine, lambda: _fail_if_gone(process, log, machine))
    except BaseException:
        end(process, machine)
        raise
    return LocalAws(
        endpoint=said["endpoint"],
        access_key_id=said["access_key_id"],
        secret_access_key=Secret(said["secret_access_key"]),
        control_token=Secret(said["control_token"]),
        process=process,
        log=log,
        trail=trail,
    )


def arguments(options: AwsOptions, answer: Path, trail: Path) -> list[str]:
    """The command line of the local AWS."""
    return [
        *("--port", "0", "--account-id", options.account_id, "--region", options.region),
        *("--state-file", str(answer), "--deliver", str(trail)),
        *("--iam-delay", str(options.iam_delay_seconds)),
        *("--trail-delay", str(options.trail_delay_seconds)),
        *("--fault-rate", str(options.fault_rate)),
    ]


def without_aws(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without anybody's AWS settings: the local AWS serves, it calls nobody."""
    return {name: value for name, value in environ.items() if not name.startswith("AWS_")}


def _wait_for(answer: Path, machine: Machine, fail_if_gone: Callable[[], None]) -> dict[str, str]:
    deadline = machine.clock.monotonic() + READY_SECONDS
    while (said := _read(answer)) is None:
        fail_if_gone()
        if machine.clock.monotonic() >= deadline:
            raise StackError(
                "the local AWS does not answer",
                why=f"it was waited for {READY_SECONDS:.0f} s and was never ready",
                do="run `vaultaws down`, then `vaultaws up` again",
            )
        machine.clock.sleep(POLL_SECONDS)
    return said


def _read(answer: Path) -> dict[str, str] | None:
    """What it wrote, once that is whole."""
    try:
        said = json.loads(answer.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    names = ("endpoint", "access_key_id", "secret_access_key", "control_token")
    return {name: str(said[name]) for name in names} if all(n in said for n in names) else None


def _fail_if_gone(process: ProcessRecord, log: Path, machine: Machine) -> None:
    if not is_alive(process, machine.table):
        raise StackError(
            "the local AWS ended before it answered",
            why=(last_lines(log) or ["it said nothing"])[-1],
            do='install its parts: pip install "vaultaws[local]"; if they are there, report this',
        )
