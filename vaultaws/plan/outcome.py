"""What came of an apply, as a value and in words. Pure."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from vaultaws.errors import VaultawsError
from vaultaws.leases.words import ago
from vaultaws.plan.changes import Change, Plan
from vaultaws.plan.document import document as plan_document
from vaultaws.plan.journal import Unfinished
from vaultaws.plan.records import StepName

NAMED_AT_MOST = 5
AGAIN = "run apply again, it goes on where this stopped"


class AppliedInPartError(VaultawsError):
    """A step was refused, or its answer was lost. Its notes say what was done and what was not."""

    exit_code = 2


@dataclasses.dataclass(frozen=True)
class Failure:
    """A step that failed. `uncertain`: it may have taken effect."""

    step: int
    error: Exception
    uncertain: bool


@dataclasses.dataclass(frozen=True)
class Applied:
    """What came of a plan's steps, by their place in `plan.to_write`.

    `abandoned` were asked for and not waited for after a signal; `trouble` is this machine's.
    """

    plan: Plan
    done: frozenset[int]
    failures: tuple[Failure, ...] = ()
    abandoned: frozenset[int] = frozenset()
    signal: int | None = None
    trouble: VaultawsError | None = None

    @property
    def is_complete(self) -> bool:
        """True when every step is done."""
        return len(self.done) == len(self.plan.to_write)

    @property
    def unknown(self) -> frozenset[int]:
        """Steps that may have taken effect."""
        uncertain = {failure.step for failure in self.failures if failure.uncertain}
        return self.abandoned | uncertain

    @property
    def untried(self) -> tuple[int, ...]:
        """Steps that were never asked for."""
        tried = self.done | self.abandoned | {failure.step for failure in self.failures}
        return tuple(index for index in range(len(self.plan.to_write)) if index not in tried)


def step_name(change: Change) -> StepName:
    """What the journal and people call a step."""
    return StepName(change.kind.value, change.name, change.action.value)


def problem(applied: Applied) -> BaseException | None:
    """What is to be raised for it, with what was and was not done as notes; None when all is."""
    found = _problem(applied)
    if found is not None:
        for note in notes(applied):
            found.add_note(note)
    return found


def document(applied: Applied) -> dict[str, Any]:
    """The plan for machines, and which of its changes are done."""
    done = {id(applied.plan.to_write[index]) for index in applied.done}
    told = plan_document(applied.plan)
    for change, entry in zip(applied.plan.changes, told["changes"], strict=True):
        entry["done"] = id(change) in done
    return told


def mention(unfinished: Unfinished, now: datetime) -> str:
    """One sentence on an apply that has not come to its end."""
    record = unfinished.record
    begun = record.begun
    of = f"of {begun.file} begun {ago(begun.time, now)} ({begun.time:%Y-%m-%d %H:%M} UTC)"
    how_far = f"{len(record.done):,} of {len(begun.steps):,} steps"
    if unfinished.running:
        return f"an apply {of} is running: {how_far} are done"
    said = f"an apply {of} ended after {how_far}"
    if record.uncertain:
        names = ", ".join(map(str, record.uncertain[:NAMED_AT_MOST]))
        said += f"; {names} may have taken effect"
    return said


def notes(applied: Applied) -> list[str]:
    """What was done, what may have been, and what was not tried; a line each."""
    steps = applied.plan.to_write
    said = [
        f"{len(applied.done)} of {len(steps)} steps are done"
        + (f": {_named(steps, sorted(applied.done))}" if applied.done else "")
    ]
    if applied.abandoned:
        names = _named(steps, sorted(applied.abandoned))
        said.append(f"asked for, not answered, may have taken effect: {names}")
    said.extend(_other(steps, failure) for failure in applied.failures[1:])
    if applied.untried:
        said.append(f"not tried: {_named(steps, applied.untried)}")
    return said


def _problem(applied: Applied) -> BaseException | None:
    if applied.failures:
        return _in_part(applied)
    if applied.trouble is not None:
        return _in_trouble(applied.trouble)
    if applied.signal == signal.SIGINT:
        return KeyboardInterrupt()
    if applied.signal is not None:
        return SystemExit(128 + applied.signal)
    return None


def _in_trouble(trouble: VaultawsError) -> AppliedInPartError:
    """This machine refused the journal halfway: no more is begun than can be written down."""
    found = AppliedInPartError(trouble.what, why=trouble.why, do=f"{trouble.do}; then {AGAIN}")
    found.__cause__ = trouble
    return found


def _in_part(applied: Applied) -> BaseException:
    failure = applied.failures[0]
    if not isinstance(failure.error, VaultawsError):
        return failure.error
    name = step_name(applied.plan.to_write[failure.step])
    error = failure.error
    fate = "was refused"
    do = f"{error.do.removesuffix(', then try again')}; then {AGAIN}"
    if failure.uncertain:
        fate, do = "may have taken effect", f"{AGAIN}; it looks at the server first"
    found = AppliedInPartError(f"{name} {fate}: {error.what}", why=error.why, do=do)
    found.__cause__ = error
    return found


def _other(steps: Sequence[Change], failure: Failure) -> str:
    fate = "may have taken effect" if failure.uncertain else "was refused"
    why = failure.error.why if isinstance(failure.error, VaultawsError) else "a fault"
    return f"{step_name(steps[failure.step])} {fate} as well: {why}"


def _named(steps: Sequence[Change], indexes: Sequence[int]) -> str:
    """The first of them by name, and how many more there are."""
    names = [str(step_name(steps[index])) for index in indexes[:NAMED_AT_MOST]]
    more = len(indexes) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
