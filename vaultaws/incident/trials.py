"""The canaries of a case, each tried until AWS has refused it several times in a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.aws.actions import Attempt
from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.aws.errors import EXPIRED
from vaultaws.aws.proof import TIMES, classify, gather_proof
from vaultaws.aws.streak import Verdict
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, VaultawsError, WaitTimeoutError
from vaultaws.incident.canary import Canary
from vaultaws.incident.crew import Crew
from vaultaws.incident.facts import Proof, Trial
from vaultaws.incident.model import Case, Evidence, Step, StepKind, StepState
from vaultaws.leases.words import iso
from vaultaws.model import CredentialType

AT_ONCE: Final = 4
_WHOLE_SECOND: Final = timedelta(seconds=1)
"""The moment of a cut is the next whole second: a token may be refused before it comes."""
HOPELESS_SECONDS: Final = 2.0
"""How long a canary is tried whose deny is gone: long enough to see that it lives."""


@dataclass(frozen=True)
class Trials:
    """How canaries are tried. `offset` is what AWS's clock is ahead of this machine's."""

    load: Callable[[Step], Canary | None]
    attempt: Callable[[Canary], Attempt]
    clock: Clock
    offset: timedelta = timedelta()
    seconds: float = 60.0
    why_lost: str = ""

    def run(self, case: Case, hopeless: Callable[[Step], bool]) -> tuple[Proof, ...]:
        """Try every canary of the case side by side; nothing is raised but setup errors."""
        steps = [step for step in case.steps if step.kind is StepKind.CANARY]
        earlier = earlier_proofs(case)
        with Crew(AT_ONCE, "canary") as pool:
            found = pool.map(lambda step: self._one(case, step, hopeless(step)), steps)
            return tuple(_with_earlier(proof, earlier) for proof in found)

    def _one(self, case: Case, step: Step, hopeless: bool) -> Proof:
        canary = self.load(step)
        if canary is None:
            return _proof(step, Trial.MISSING, why=why_missing(case, step, self._now(), self))
        tried = _Tried(self.attempt(canary))
        try:
            proof = gather_proof(
                tried,
                access_key_id=canary.credentials.access_key_id,
                action=str(canary.action),
                clock=self.clock,
                times=TIMES,
                deadline_seconds=HOPELESS_SECONDS if hopeless else self.seconds,
            )
        except WaitTimeoutError as late:
            trial = Trial.ALLOWED if tried.allowed else Trial.MISSING
            why = "" if tried.allowed else late.why
            return _proof(step, trial, action=str(canary.action), why=why)
        except VaultawsError as fault:
            return _proof(step, Trial.MISSING, why=fault.why)
        if set(proof.codes) & EXPIRED:
            return _proof(step, Trial.MISSING, why=f"it ended by itself at {iso(canary.ends_at)}")
        return replace(
            _proof(step, Trial.REFUSED, action=proof.action),
            since=proof.refusals[0].at + self.offset,
            times=len(proof.refusals),
            codes=proof.codes,
        )

    def _now(self) -> datetime:
        return self.clock.now() + self.offset


class _Tried:
    """An attempt that remembers whether AWS ever allowed it."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.allowed = False

    def __call__(self) -> AwsError | None:
        refusal = self._attempt()
        self.allowed = self.allowed or classify(refusal) is Verdict.MISS
        return refusal


def why_missing(case: Case, step: Step, now: datetime, trials: Trials) -> str:
    """Why there is nothing to try: never issued, ended, or lost with the machine's memory."""
    progress = case.progress.get(step.id)
    if progress is None or progress.state is not StepState.DONE:
        reason = progress.why if progress else ""
        return f"it was not issued: {reason}" if reason else "it was not issued"
    ends = progress.evidence.get("ends_at")
    if isinstance(ends, str) and datetime.fromisoformat(ends) <= now:
        return f"it ended by itself at {ends}"
    if trials.why_lost:
        return f"it is kept nowhere ({trials.why_lost})"
    return "this machine does not have it any more (it was started again, or it is another one)"


def proof_json(proof: Proof) -> Evidence:
    """A proof for the journal and for machines."""
    return {
        "step": proof.step,
        "kind": proof.kind.value,
        "holder_kind": proof.holder.kind.value if proof.holder else "",
        "holder_name": proof.holder.name if proof.holder else "",
        "trial": proof.trial.value,
        "since": iso(proof.since),
        "times": proof.times,
        "action": proof.action,
        "codes": list(proof.codes),
        "earlier": proof.earlier,
        "why": proof.why,
    }


def earlier_proofs(case: Case) -> dict[str, Proof]:
    """What the last verify proved by canaries. One from before the cut proves nothing."""
    found = {}
    for body in case.verified.get("proofs", ()):
        proof = _proof_of(body)
        if proof is None or proof.trial is not Trial.REFUSED or proof.since is None:
            continue
        if case.cut_at is None or proof.since >= case.cut_at - _WHOLE_SECOND:
            found[proof.step] = proof
    return found


def _proof_of(body: Any) -> Proof | None:
    try:
        return Proof(
            step=body["step"],
            kind=CredentialType(body["kind"]),
            holder=holder_of(body),
            trial=Trial(body["trial"]),
            since=datetime.fromisoformat(body["since"]) if body["since"] else None,
            times=int(body["times"]),
            action=body["action"],
            codes=tuple(body["codes"]),
            earlier=True,
        )
    except (KeyError, ValueError, TypeError):
        return None


def _with_earlier(proof: Proof, earlier: dict[str, Proof]) -> Proof:
    """One that cannot be tried any more rests on the earlier trial; one that is refused again is
    dead since the first time."""
    known = earlier.get(proof.step)
    if known is None or proof.trial is Trial.ALLOWED:
        return proof
    if proof.trial is Trial.MISSING:
        return known
    first = min(filter(None, (known.since, proof.since)), default=None)
    return replace(proof, since=first)


def _proof(step: Step, trial: Trial, *, action: str = "", why: str = "") -> Proof:
    kind = CredentialType(str(step.settings["kind"]))
    return Proof(step.id, kind, holder_of(step.settings), trial, action=action, why=why)


def holder_of(said: Evidence) -> Holder | None:
    """The principal that settings or evidence name; None without one."""
    kind, name = said.get("holder_kind"), said.get("holder_name")
    return Holder(HolderKind(kind), str(name)) if kind and name else None


def canaries_of(proofs: Sequence[Proof], trial: Trial) -> tuple[Proof, ...]:
    """Those whose trial went so."""
    return tuple(proof for proof in proofs if proof.trial is trial)
