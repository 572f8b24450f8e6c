"""`vaultaws apply`: make the server match the file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.options import (
    DEFAULT_FILE,
    ServerFlags,
    files_options,
    json_option,
    server_options,
    yes_option,
)
from vaultaws.cli.wiring import demand_somebody, open_administration
from vaultaws.config.load import load_all
from vaultaws.config.schema import Config
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.cli.applying import Applying, Job, Wishes
    from vaultaws.plan.outcome import Applied
    from vaultaws.plan.saved import SavedPlan


@click.command(epilog="\b\nExample:\n  vaultaws apply -c vaultaws.toml --yes")
@files_options
@click.option("--prune", is_flag=True, help="Remove what is on the server and not in the file.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Carry out this plan and no other (plan --out FILE).",
)
@click.option(
    "--replace-root-key",
    is_flag=True,
    help="Write the root's key even where the server has another one.",
)
@yes_option
@json_option
@server_options
def command(
    *,
    files: tuple[Path, ...],
    prune: bool,
    plan_file: Path | None,
    replace_root_key: bool,
    yes: bool,
    as_json: bool,
    server: ServerFlags,
) -> None:
    """Make the server match the file. Root secrets come from where [root] says."""
    from vaultaws.cli.applying import Applying, Wishes
    from vaultaws.cli.linted import refuse_errors
    from vaultaws.clock import SystemClock
    from vaultaws.plan import saved as saved_plans

    saved = saved_plans.load(plan_file) if plan_file is not None else None
    if saved is not None:
        _refuse_more_than(saved, prune=prune)
        files, prune = _files_of(saved, files), saved.prune
    configs = load_all(files)
    refuse_errors(configs)
    said = " ".join(f"-c {file}" for file in files)
    wishes = Wishes(yes, prune, replace_root_key, f"vaultaws apply {said}")
    vault, namespace = open_administration(server)
    applying = Applying(vault, namespace, wishes, SystemClock())
    with ExitStack() as held:
        jobs = _agreed(applying, configs, saved, wishes, held)
        _carry_out(applying, jobs, as_json=as_json)


def _refuse_more_than(saved: SavedPlan, *, prune: bool) -> None:
    """A plan was read by somebody: what it leaves alone is not removed on the side."""
    if prune and not saved.prune:
        raise UsageError(
            "the plan was written without --prune, and --prune is said beside it",
            why="the plan leaves alone what is not in the file, and that is what was reviewed",
            do=f"leave --prune out, or vaultaws plan -c {saved.file} --prune --out FILE",
        )


def _files_of(saved: SavedPlan, named: tuple[Path, ...]) -> tuple[Path, ...]:
    """The plan's own file. Raises UsageError when another one is named beside it."""
    own = (Path(saved.file),)
    if named not in {own, (Path(DEFAULT_FILE),)}:
        raise UsageError(
            f"the plan is of {saved.file}, and {named[0]} is named beside it",
            why="a plan is of one file and says which",
            do="leave the file out, or plan again",
        )
    return own


def _agreed(
    applying: Applying,
    configs: Sequence[Config],
    saved: SavedPlan | None,
    wishes: Wishes,
    held: ExitStack,
) -> tuple[Job, ...]:
    """The jobs to carry out, as they were agreed to and as the server still is."""
    if wishes.yes:
        applying.hold(configs, held)
    jobs = applying.plan(configs)
    if saved is not None:
        applying.refuse_other_than(saved, jobs[0])
    applying.mention_unfinished(jobs)
    if any(job.plan.to_write for job in jobs):
        if not wishes.yes:
            _ask(applying, jobs, wishes)
        jobs = applying.with_secrets(jobs)
    if not wishes.yes:
        applying.hold(configs, held)
    return applying.again(jobs) if _took_time(jobs, wishes) else jobs


def _ask(applying: Applying, jobs: Sequence[Job], wishes: Wishes) -> None:
    from vaultaws.plan import show

    for job in jobs:
        output.say(show.body(job.plan, colour=output.colours(sys.stderr)) + "\n")
    output.say(show.summary([job.plan for job in jobs]))
    demand_somebody(wishes.command, yes=wishes.yes)
    applying.ask(jobs)


def _took_time(jobs: Sequence[Job], wishes: Wishes) -> bool:
    """True when a person was asked since the server was observed."""
    prompted = any(job.secret and job.root_source == "prompt" for job in jobs)
    return prompted or (not wishes.yes and any(job.plan.to_write for job in jobs))


def _carry_out(applying: Applying, jobs: Sequence[Job], *, as_json: bool) -> None:
    """Write file after file; one that fails stops the rest, which may lean on it."""
    from vaultaws.plan import outcome

    done: list[Applied] = []
    for number, job in enumerate(jobs, start=1):
        done.append(applying.write(job))
        problem = outcome.problem(done[-1])
        if problem is not None:
            for left in jobs[number:]:
                problem.add_note(f"not tried: {left.config.file}")
            if as_json:
                _print(done, as_json=True)
            raise problem
    _print(done, as_json=as_json)


def _print(done: Sequence[Applied], *, as_json: bool) -> None:
    from vaultaws.plan import outcome, show
    from vaultaws.plan.document import documents

    if not as_json:
        for each in done:
            output.result(show.body(each.plan, colour=output.colours(sys.stdout)) + "\n")
        output.result(show.summary([each.plan for each in done], done=True))
    elif len(done) == 1:
        output.as_json(outcome.document(done[0]))
    else:
        output.as_json(documents([outcome.document(each) for each in done]))
