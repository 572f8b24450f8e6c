"""Many steps side by side, each written down before and after; a side that is down is left alone.

A failing step stops no other. After two failures in a row to reach Vault, or AWS, the rest of that
side is left as it is, and the other side goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Final, Protocol

from vaultaws.aws.errors import DENIED, AwsSetupError, AwsUnreachableError
from vaultaws.clock import Clock
from vaultaws.errors import (
    AwsError,
    LocalStateError,
    UsageError,
    VaultawsError,
    VaultDeniedError,
    VaultSealedError,
    VaultStandbyError,
    VaultUnreachableError,
)
from vaultaws.incident.crew import Crew
from vaultaws.incident.model import Evidence, Step, StepKind, StepState

ENOUGH: Final = 2
"""Failures in a row to reach a side, after which its other steps are not tried."""
PAUSES: Final = (1.0, 3.0)
"""Seconds before a failed step is tried again."""
GONE: Final = (VaultUnreachableError, VaultSealedError, VaultStandbyError)
AT_ONCE: Final = {StepKind.CANARY: 4, StepKind.ROTATE_ROOT: 1, StepKind.REPLACE_STATIC: 2}
MANY_AT_ONCE: Final = 8
GRACE_SECONDS: Final = 1.5
"""How long a run that is stopped waits for the answers to what is under way; a second Ctrl-C ends
that too. What has no answer then is taken again by the next run, as after a kill."""


class Plane(StrEnum):
    """The two sides, each of which may be down alone."""

    VAULT = "vault"
    AWS = "aws"


_ON_AWS: Final = frozenset(
    {StepKind.DENY_TOKENS, StepKind.DENY_SESSION, StepKind.STOP_USER, StepKind.DELETE_USER}
)


def plane_of(step: Step) -> Plane:
    return Plane.AWS if step.kind in _ON_AWS else Plane.VAULT


class Notes(Protocol):
    """Where what happens is written down (`incident.journal.Writer`)."""

    def note(
        self,
        step: Step,
        state: StepState,
        *,
        before: Evidence = ...,
        evidence: Evidence = ...,
        why: str = "",
        sync: bool = True,
    ) -> None: ...


class Doing(Protocol):
    """The effects (`incident.deeds.Deeds`). Both may be called from many threads."""

    def before(self, step: Step) -> Evidence:
        """What is there now, for `lift` to put back."""
        ...

    def do(self, step: Step) -> Evidence:
        """Do it; what was done before is no error. Returns what it left."""
        ...


Watch = Callable[[Step, StepState], None]


@dataclass
class Breaker:
    """Knows which sides are down, from failures in a row; safe between threads."""

    down: dict[Plane, str] = field(default_factory=dict)
    _failures: dict[Plane, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def heard(self, plane: Plane, fault: VaultawsError | None) -> None:
        """Count an answer, or the lack of one. An answer that says no is one."""
        is_gone = isinstance(fault, (*GONE, AwsUnreachableError, AwsSetupError))
        with self._lock:
            self._failures[plane] = self._failures.get(plane, 0) + 1 if is_gone else 0
            if fault is not None and self._failures[plane] >= ENOUGH:
                self.down.setdefault(plane, f"{fault.what}: {fault.why}")

    def why(self, plane: Plane) -> str:
        with self._lock:
            return self.down.get(plane, "")

    def reset(self, plane: Plane) -> None:
        """Try that side again."""
        with self._lock:
            self.down.pop(plane, None)
            self._failures.pop(plane, None)


@dataclass
class Waves:
    """Takes steps, and keeps what became of each."""

    doing: Doing
    notes: Notes
    clock: Clock
    watch: Watch
    breaker: Breaker = field(default_factory=Breaker)
    states: dict[str, StepState] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    _final: set[str] = field(default_factory=set)

    def run(self, steps: Sequence[Step]) -> None:
        """Take steps of one kind, those that failed up to twice more. Raises LocalStateError when
        they cannot be written down any more: then nothing further is begun."""
        waiting = list(steps)
        for pause in (0.0, *PAUSES):
            if not waiting:
                return
            if pause:
                self.clock.sleep(pause)
            self._side_by_side(waiting)
            waiting = [step for step in waiting if self._is_worth_trying(step)]

    def _side_by_side(self, steps: Sequence[Step]) -> None:
        workers = min(AT_ONCE.get(steps[0].kind, MANY_AT_ONCE), len(steps))
        with Crew(workers, "contain", grace_seconds=GRACE_SECONDS) as crew:
            for ended in [crew.submit(self.take, step) for step in steps]:
                ended.result()

    def take(self, step: Step) -> None:
        """Take one step and write down what came of it."""
        plane = plane_of(step)
        if self.breaker.why(plane):
            self.leave(step, self.breaker.why(plane))
            return
        is_synced = step.kind not in _UNSYNCED
        try:
            self.notes.note(step, StepState.TRIED, before=self.doing.before(step), sync=is_synced)
            evidence = self.doing.do(step)
        except LocalStateError:
            raise
        except VaultawsError as fault:
            self._failed(step, plane, fault)
        else:
            self.breaker.heard(plane, None)
            self.evidence[step.id] = evidence
            self.notes.note(step, StepState.DONE, evidence=evidence, sync=is_synced)
            self._settle(step, StepState.DONE, "")

    def _failed(self, step: Step, plane: Plane, fault: VaultawsError) -> None:
        code = fault.code if isinstance(fault, AwsError) else ""
        if step.kind is not StepKind.CANARY:  # what only proves may not hold up what kills
            self.breaker.heard(Plane.AWS if isinstance(fault, AwsError) else plane, fault)
        why = f"{fault.what}: {fault.why}"
        self.notes.note(step, StepState.FAILED, why=why, sync=False)
        self._settle(step, StepState.FAILED, why)
        denied = isinstance(fault, VaultDeniedError) or code in DENIED
        if denied or isinstance(fault, UsageError):
            self._final.add(step.id)

    def _settle(self, step: Step, state: StepState, why: str) -> None:
        self.states[step.id] = state
        self.reasons[step.id] = why
        self.watch(step, state)

    def _is_worth_trying(self, step: Step) -> bool:
        """A no stays a no; what failed may pass, unless its whole side is down."""
        failed = self.states.get(step.id) is StepState.FAILED
        return failed and step.id not in self._final and not self.breaker.why(plane_of(step))

    def leave(self, step: Step, why: str) -> None:
        """Leave a step for a later run, and say why."""
        self._settle(step, StepState.WAITING, why)


_UNSYNCED: Final = frozenset({StepKind.REVOKE_LEASE, StepKind.DELETE_USER})
