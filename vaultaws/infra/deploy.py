"""A template deployed: change set, look, execute, wait. What is not executed is deleted again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Protocol

from vaultaws.aws.errors import THROTTLED, AwsUnreachableError
from vaultaws.aws.stacks import ChangeSet, Event, Parameter, Stack
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, UsageError, WaitTimeoutError
from vaultaws.infra.cloudformation import Template

POLL_SECONDS: Final = (0.3, 0.3, 0.5, 1.0)
"""Between the first looks; then it is two seconds."""
WORKED_OUT_SECONDS: Final = 300.0
"""How long a change set may take; a template of ours takes AWS a few seconds."""
REVIEW: Final = "REVIEW_IN_PROGRESS"
NEVER_MADE: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
GOOD: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_EMPTY: Final = ("didn't contain changes", "No updates are to be performed")
_STACK: Final = "AWS::CloudFormation::Stack"

Told = Callable[[str], None]


class Hands(Protocol):
    """CloudFormation (`aws.stacks.StackHands`)."""

    def stack(self, name: str) -> Stack | None: ...

    def parameters(self, body: str) -> tuple[Parameter, ...]: ...

    def create_change_set(
        self,
        stack: str,
        name: str,
        body: str,
        *,
        fresh: bool,
        given: Mapping[str, str],
        kept: tuple[str, ...],
    ) -> str: ...

    def change_set(self, stack: str, change_set: str) -> ChangeSet: ...

    def change_sets(self, stack: str) -> tuple[str, ...]: ...

    def delete_change_set(self, stack: str, change_set: str) -> None: ...

    def execute(self, stack: str, change_set: str) -> None: ...

    def delete(self, stack: str) -> None: ...

    def events(self, stack: str) -> tuple[Event, ...]: ...


@dataclass(frozen=True)
class Prepared:
    """What would be done. `change_set` is None when there is nothing to change. `values` are the
    parameters as they would be."""

    stack: str
    fresh: bool
    change_set: ChangeSet | None
    values: Mapping[str, str]


class Deployment:
    """One template on its way to one stack."""

    def __init__(self, hands: Hands, template: Template, stack: str, clock: Clock) -> None:
        self._hands = hands
        self._template = template
        self._stack = stack
        self._clock = clock
        self._executed = False

    def remove_failed(self, timeout: float, told: Told) -> None:
        """Delete the stack that a failed creation left, if there is one."""
        found = self._hands.stack(self._stack)
        if found is None or found.status not in NEVER_MADE:
            return
        self._hands.delete(found.id)
        ended = self._wait(found.id, timeout, told, "deleting the stack that failed")
        if ended is not None and ended.status != "DELETE_COMPLETE":
            raise self._failed(ended)

    @contextmanager
    def prepared(self, given: Mapping[str, str], told: Told) -> Iterator[Prepared]:
        """A change set for the time of the block; gone with it unless it was executed."""
        found = self._hands.stack(self._stack)
        fresh = found is None or found.status == REVIEW
        if found is not None:
            self._refuse(found)
        asked = self._hands.parameters(self._template.body)
        values, kept = settle(asked, given, standing(found))
        name = f"vaultaws-{secrets.token_hex(6)}"
        change_set = self._hands.create_change_set(
            self._stack, name, self._template.body, fresh=fresh, given=given, kept=kept
        )
        try:
            worked_out = self._worked_out(change_set, told)
            yield Prepared(self._stack, fresh, worked_out, values)
        finally:
            if not self._executed:
                with suppress(AwsError):
                    self._discard(change_set, fresh=fresh)

    def execute(self, change_set: ChangeSet, timeout: float, told: Told) -> Stack:
        """Carry the change set out and wait for the end. Raises AwsError with the first reason
        when it fails, WaitTimeoutError when the wait ends first."""
        before = self._hands.stack(self._stack)
        self._hands.execute(self._stack, change_set.id)
        self._executed = True
        ended = self._wait(
            before.id if before is not None else self._stack, timeout, told, "changing the stack",
            len(change_set.changes),
        )  # fmt: skip
        if ended is None or ended.status not in GOOD:
            raise self._failed(ended)
        return ended

    def _refuse(self, found: Stack) -> None:
        name, status = found.name, found.status
        if status in NEVER_MADE:
            raise AwsError(
                f"the stack {name} was never made: it is left of a creation that failed",
                why=self._first_reason(found.id) or f"its status is {status}",
                do=f"vaultaws cloud deploy {self._template.name} --delete-failed",
            )
        if status != REVIEW and status.endswith("_IN_PROGRESS"):
            raise AwsError(
                f"the stack {name} is being changed by somebody else",
                why=f"its status is {status}; nothing was done",
                do="wait for the end: vaultaws cloud show, then deploy again",
            )
        if status.endswith("_FAILED"):
            raise AwsError(
                f"the stack {name} cannot be changed",
                why=f"its status is {status}: {found.reason or 'AWS gives no reason'}",
                do="mend it in CloudFormation (continue the rollback, or delete the stack)",
            )

    def _worked_out(self, change_set: str, told: Told) -> ChangeSet | None:
        """The change set when it is worked out; None when it is empty."""
        until, pauses = self._clock.monotonic() + WORKED_OUT_SECONDS, pauses_between_looks()
        while True:
            found = self._hands.change_set(self._stack, change_set)
            if found.status == "CREATE_COMPLETE":
                return found
            if found.status == "FAILED":
                if any(words in found.reason for words in _EMPTY):
                    return None
                raise AwsError(
                    f"AWS cannot change the stack {self._stack}",
                    why=found.reason or "AWS gives no reason",
                    do="correct what it names, then deploy again",
                )
            if self._clock.monotonic() > until:
                raise WaitTimeoutError(
                    "AWS did not work the changes out",
                    why=f"after {WORKED_OUT_SECONDS:.0f} s its status is {found.status}",
                    do="try again later; nothing was changed",
                )
            told("CloudFormation works the changes out")
            self._clock.sleep(next(pauses))

    def _discard(self, change_set: str, *, fresh: bool) -> None:
        """Delete the change set; with the last one of a stack that never was, the stack too."""
        self._hands.delete_change_set(self._stack, change_set)
        if fresh and not self._hands.change_sets(self._stack):
            found = self._hands.stack(self._stack)
            if found is not None and found.status == REVIEW:
                self._hands.delete(found.id)

    def _wait(
        self, stack: str, timeout: float, told: Told, doing: str, steps: int = 0
    ) -> Stack | None:
        """The stack when nothing goes on any more; None when it is gone."""
        until, pauses = self._clock.monotonic() + timeout, pauses_between_looks()
        while True:
            with suppress_moods():
                found = self._hands.stack(stack)
                if found is None or not found.status.endswith("_IN_PROGRESS"):
                    return found
                if steps:
                    done = len({e.logical_id for e in self._events(stack) if _is_done(e)})
                    told(f"{doing}, {min(done, steps)} of {steps}")
                else:
                    told(doing)
            if self._clock.monotonic() > until:
                raise WaitTimeoutError(
                    f"the stack {self._stack} is not done after {timeout:.0f} s",
                    why="CloudFormation goes on by itself",
                    do=f"vaultaws cloud show {self._template.name}",
                )
            self._clock.sleep(next(pauses))

    def _events(self, stack: str) -> tuple[Event, ...]:
        return since_asked(self._hands.events(stack))

    def _first_reason(self, stack: str) -> str:
        return first_failure(self._events(stack))

    def _failed(self, ended: Stack | None) -> AwsError:
        if ended is None:
            return AwsError(
                f"the stack {self._stack} is gone",
                why="somebody deleted it meanwhile",
                do="vaultaws cloud show, then deploy again",
            )
        left = f"its status is {ended.status}"
        return AwsError(
            f"the stack {self._stack} could not be changed; {left}",
            why=self._first_reason(ended.id) or ended.reason or "AWS gives no reason",
            do="correct what it names, then deploy again",
        )


def pauses_between_looks() -> Iterator[float]:
    """Seconds to wait before each further look at AWS."""
    yield from POLL_SECONDS
    while True:
        yield 2.0


@contextmanager
def suppress_moods() -> Iterator[None]:
    """A throttle or a lost answer ends no wait: the next look may succeed."""
    try:
        yield
    except AwsUnreachableError:
        return
    except AwsError as fault:
        if fault.code not in THROTTLED:
            raise


def _is_done(event: Event) -> bool:
    return event.type != _STACK and event.status.endswith(("_COMPLETE", "_SKIPPED"))


def since_asked(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events since the stack was last told to do something."""
    asked = [
        index
        for index, each in enumerate(events)
        if each.type == _STACK and each.reason == "User Initiated"
    ]
    return events[asked[-1] :] if asked else events


def first_failure(events: tuple[Event, ...]) -> str:
    """What went wrong first; what was cancelled for it is no reason."""
    for each in events:
        cancelled = "cancelled" in each.reason
        if each.type != _STACK and each.status.endswith("_FAILED") and not cancelled:
            return f"{each.logical_id}: {each.reason or each.status}"
    return ""


def standing(found: Stack | None) -> dict[str, str]:
    """The parameters of a stack that was made; none of one that never was."""
    if found is None or found.status == REVIEW or found.status in NEVER_MADE:
        return {}
    return dict(found.parameters)


def settle(
    asked: tuple[Parameter, ...], given: Mapping[str, str], before: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The value of each parameter, and the names of those that stay as they are.

    Raises UsageError for names that the template does not have, and for values that are missing.
    """
    names = [each.name for each in asked]
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, 1, 0.5)
            known = ", ".join(names) or "none"
            raise UsageError(
                f'the template has no parameter "{name}"',
                why=f"it has {known}" if not near else f"the nearest is {near[0]}",
                do="--parameter NAME=VALUE",
            )
    kept = tuple(name for name in names if name in before and name not in given)
    values = {
        each.name: given.get(each.name, before.get(each.name, each.default)) for each in asked
    }
    missing = [name for name, value in values.items() if value is None]
    if missing:
        wanted = next(each for each in asked if each.name == missing[0])
        raise UsageError(
            f"the template needs {', '.join(missing)}",
            why=f"{wanted.name}: {wanted.description or 'it has no default'}",
            do=f"--parameter {wanted.name}=…",
        )
    return {name: value for name, value in values.items() if value is not None}, kept
