"""The effects of a plan, in order: canaries, an end to issuance, the cut in AWS, leases, the root.

Each step is written down before it is taken and after its answer, so a run that is killed is gone
on with. Where Vault does not answer, AWS is cut first and Vault's steps are tried at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Final, Protocol

from vaultaws.clock import Clock
from vaultaws.errors import AwsError
from vaultaws.incident.crew import Crew
from vaultaws.incident.journal import Writer
from vaultaws.incident.model import Case, Evidence, Phase, Progress, Step, StepKind, StepState
from vaultaws.incident.plan import ORDER, open_steps
from vaultaws.incident.waves import Breaker, Doing, Plane, Waves, plane_of
from vaultaws.model import CredentialType

CUT: Final = "cut"
CONTAINED: Final = "contained"


class Deeds(Doing, Protocol):
    """All effects; `incident.deeds` has them."""

    def moment(self) -> datetime:
        """The moment before which tokens are denied, by AWS's clock; kept for the denies that
        follow. Raises AwsError."""
        ...

    def asked_for(self, step: Step) -> None:
        """Return when Vault has been asked for a canary, or will not be."""
        ...

    def canary_steps(self, step: Step, evidence: Evidence) -> tuple[Step, ...]:
        """What kills a canary itself."""
        ...


@dataclass(frozen=True)
class Standing:
    """Where a run stands: how many of the steps of the phase under way are through."""

    phase: Phase
    done: int
    total: int
    failed: int


Told = Callable[[Standing], None]


@dataclass
class Containment:
    """One run over one case."""

    writer: Writer
    deeds: Deeds
    clock: Clock
    told: Told
    breaker: Breaker = field(default_factory=Breaker)
    _totals: dict[Phase, int] = field(default_factory=dict)
    _through: dict[str, StepState] = field(default_factory=dict)
    _tally: Counter[tuple[Phase, StepState]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def run(self, case: Case, steps: Sequence[Step]) -> Case:
        """Take what is open of `steps`; return the case as it stands then.

        Raises LocalStateError when the journal takes nothing any more: nothing is done that is
        not written down.
        """
        waiting = list(open_steps(case, steps))
        waves = Waves(self.deeds, self.writer, self.clock, self._watch, self.breaker)
        self._totals.clear()
        self._tally.clear()
        self._through.clear()
        self._count(waiting)
        with Crew(4, "canary") as pool:
            canaries = self._canaries(waves, waiting, pool)
            vault_is_down = bool(self.breaker.why(Plane.VAULT))
            late = [s for s in waiting if vault_is_down and plane_of(s) is Plane.VAULT]
            own_last = waiting[-1:] if waiting and _is_out_of_order(waiting) else []
            first = [s for s in waiting if s not in late and s not in own_last]
            self._stop_and_cut(waves, first)
            waiting += self._after_canaries(waves, canaries, case)
        if late:
            self.breaker.reset(Plane.VAULT)
            self._stop_and_cut(waves, late)
        self._rest(waves, [s for s in waiting if s not in own_last])
        self._stop_and_cut(waves, own_last)
        return _after(case, waiting, waves, self.clock.now())

    def _canaries(
        self, waves: Waves, steps: Sequence[Step], pool: Executor
    ) -> list[tuple[Step, Future[None]]]:
        """Begin all of them; those of tokens are waited for, a new user's key is not."""
        begun = [(s, pool.submit(waves.take, s)) for s in steps if s.kind is StepKind.CANARY]
        for step, future in begun:
            if step.settings.get("kind") == CredentialType.IAM_USER:
                self.deeds.asked_for(step)
            else:
                future.result()
        return begun

    def _stop_and_cut(self, waves: Waves, steps: Sequence[Step]) -> None:
        for kind in (StepKind.DENY_ISSUANCE, StepKind.DISABLE_ENTITY, StepKind.REVOKE_TOKEN):
            waves.run(_of(steps, kind))
        denies = _of(steps, StepKind.DENY_TOKENS)
        if denies:
            self._set_moment()
        waves.run(denies)
        waves.run(_of(steps, StepKind.DENY_SESSION))
        waves.run(_of(steps, StepKind.STOP_USER))

    def _set_moment(self) -> None:
        """T0, written down before the first deny. Without AWS each deny says why it failed."""
        try:
            moment = self.deeds.moment()
        except AwsError as fault:
            self.breaker.heard(Plane.AWS, fault)
            return
        self.writer.mark(CUT, time=moment)

    def _after_canaries(
        self, waves: Waves, canaries: Iterable[tuple[Step, Future[None]]], case: Case
    ) -> list[Step]:
        """Stop the canaries' own users as all others are, and end their leases; those of a run
        that was killed in between too."""
        for _, future in canaries:
            future.result()
        known = {step.id for step in case.steps}
        evidence = {name: found.evidence for name, found in case.progress.items()}
        evidence |= waves.evidence
        added = [
            ending
            for step in {s.id: s for s in (*case.steps, *(c for c, _ in canaries))}.values()
            if step.kind is StepKind.CANARY and evidence.get(step.id)
            for ending in self.deeds.canary_steps(step, evidence[step.id])
            if ending.id not in known
        ]
        if added:
            self.writer.found((), tuple(added))
            self._count(added)
            waves.run(_of(added, StepKind.STOP_USER))
        return added

    def _rest(self, waves: Waves, steps: Sequence[Step]) -> None:
        waves.run(_of(steps, StepKind.REPLACE_STATIC))
        leases = _of(steps, StepKind.REVOKE_LEASE)
        waves.run(leases)
        users = _of(steps, StepKind.DELETE_USER)
        for user in users:
            if _lease_is_open(waves, user):
                waves.leave(user, "its lease is not revoked yet: Vault deletes it with that")
        waves.run([user for user in users if not _lease_is_open(waves, user)])
        waves.run([lease for lease in leases if waves.states.get(lease.id) is StepState.FAILED])
        waves.run(_of(steps, StepKind.ROTATE_ROOT))

    def _count(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._totals[step.kind.phase] = self._totals.get(step.kind.phase, 0) + 1

    def _watch(self, step: Step, state: StepState) -> None:
        phase = step.kind.phase
        with self._lock:
            before = self._through.get(step.id)
            if before is not None:
                self._tally[phase, before] -= 1
            self._through[step.id] = state
            self._tally[phase, state] += 1
            done, failed = (self._tally[phase, s] for s in (StepState.DONE, StepState.FAILED))
        self.told(Standing(phase, done, self._totals.get(phase, 0), failed))


def _of(steps: Iterable[Step], kind: StepKind) -> list[Step]:
    return [step for step in steps if step.kind is kind]


def _is_out_of_order(steps: Sequence[Step]) -> bool:
    """True when the plan puts a deny last: it ends the responder's own session."""
    return steps[-1].kind is StepKind.DENY_TOKENS and any(
        ORDER[step.kind] > ORDER[steps[-1].kind] for step in steps
    )


def _lease_is_open(waves: Waves, user: Step) -> bool:
    """True while Vault has not had its turn: a user that goes before makes its lease fail."""
    lease = f"{StepKind.REVOKE_LEASE}:{user.settings.get('lease_id', '')}"
    return waves.states.get(lease) is StepState.WAITING


def _after(case: Case, steps: Sequence[Step], waves: Waves, now: datetime) -> Case:
    """The case with what became of the steps, as its journal would tell it."""
    known = {step.id for step in case.steps}
    progress = dict(case.progress)
    for step in steps:
        before = progress.get(step.id, Progress())
        progress[step.id] = replace(
            before,
            state=waves.states.get(step.id, before.state),
            at=now,
            evidence=waves.evidence.get(step.id, before.evidence),
            why=waves.reasons.get(step.id, ""),
        )
    added = tuple(step for step in steps if step.id not in known)
    return replace(case, steps=(*case.steps, *added), progress=progress)
