"""What is measured of plan and apply: the steps from nothing to a changed role, in rounds."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.contenders import Contender
from benchmarks.declarations import write_policy
from benchmarks.measure import Run
from benchmarks.stage import Stage, StageError

NEW_ACTION = "s3:PutObject"
BUILDS_SHOWN_EVERY_SECONDS = 15


@dataclass(frozen=True)
class Step:
    """One thing that is measured, and what is done to the declaration before it."""

    title: str
    measure: Callable[[Contender, bool], Run]
    prepare: Callable[[Contender], None] = lambda _: None
    check: Callable[[Stage, Contender], None] = lambda *_: None


Steps = Sequence[Step]


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


LINT = Step("lint", lambda tool, memory: tool.run_lint(memory=memory))


def one_round(
    stage: Stage,
    steps: Steps,
    tools: Sequence[Contender],
    figures: dict[str, Figures],
    *,
    memory: bool,
) -> None:
    """Every step of every tool, from nothing to all roles and back to nothing."""
    for tool in tools:
        tool.forget()
        stage.unmount(tool.wanted.mount)
    for step in steps:
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


def measured(
    stage: Stage,
    steps: Steps,
    tools: Sequence[Contender],
    weighed: Sequence[Contender],
    rounds: int,
) -> dict[str, Figures]:
    """The rounds, and one more for the memory of those that are to be weighed."""
    figures = {tool.name: Figures() for tool in tools}
    for number in range(rounds):
        turn = number % len(tools)
        one_round(stage, steps, [*tools[turn:], *tools[:turn]], figures, memory=False)
        say(f"round {number + 1} of {rounds} is done")
    one_round(stage, steps, weighed, figures, memory=True)
    return figures


def show(what: str, seconds: float) -> None:
    """Say now and then what is being built."""
    if int(seconds) % BUILDS_SHOWN_EVERY_SECONDS == 2:
        say(f"{what}: {seconds:.0f} s")


def say(words: str) -> None:
    """Tell how far it is; results alone go to standard output."""
    print(words, file=sys.stderr, flush=True)
