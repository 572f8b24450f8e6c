"""Proof, not belief: look at both planes with our own eyes, try the canaries, and judge.

Each part may fail alone: what Vault or AWS does not tell is unknown, and the rest is judged all
the same. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from vaultaws.aws.actions import Attempt
from vaultaws.aws.cutoff import Cut, Holder
from vaultaws.clock import Clock
from vaultaws.errors import VaultawsError
from vaultaws.incident import holding, sweep, usage, verdict
from vaultaws.incident.canary import Canary
from vaultaws.incident.facts import DenySeen, Facts, TrailSeen, Trial
from vaultaws.incident.model import Case, Evidence, Step, StepKind, StepState
from vaultaws.incident.sweep import Iam, Looks
from vaultaws.incident.trials import Trials, holder_of, proof_json
from vaultaws.incident.usage import Lookup
from vaultaws.incident.verdict import Judged, Standing, Verification
from vaultaws.leases.words import iso
from vaultaws.trail.evidence import DELIVERY

MARK: Final = "verified"
PATIENCE_SECONDS: Final = 60.0
_BEFORE: Final = timedelta(minutes=1)


class Denies(Protocol):
    """Reads denies back (`aws.cutoff.Cutter`). Every method raises AwsError."""

    def find(self, holder: Holder, policy_name: str) -> Cut | None: ...
    def find_session(self, holder: Holder, userid: str, policy_name: str) -> object | None: ...


@dataclass(frozen=True)
class Doors:
    """What a verify looks through. `aws_now` is AWS's own time, and raises AwsError."""

    vault: holding.Holding
    iam: Iam
    denies: Denies
    lookup: Lookup
    load: Callable[[Step], Canary | None]
    attempt: Callable[[Canary], Attempt]
    aws_now: Callable[[], datetime]
    clock: Clock
    looks: Looks
    regions: tuple[str, ...] = ()
    why_lost: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class How:
    """How long to try a canary, how late CloudTrail may be, whether to wait for that."""

    patience_seconds: float = PATIENCE_SECONDS
    delivery: timedelta = DELIVERY
    wait: bool = False
    watch: Callable[[str], None] = lambda _: None


@dataclass
class _Looking:
    case: Case
    doors: Doors
    how: How
    offset: timedelta = timedelta()
    notes: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """AWS's time."""
        return self.doors.clock.now() + self.offset


def verify(case: Case, doors: Doors, how: How | None = None) -> Verification:
    """Look, try and judge. Raises AwsSetupError where AWS cannot be asked for want of a setting."""
    look = _Looking(case, doors, how or How(), notes=list(doors.notes))
    look.offset = _offset(look)
    look.how.watch("reading the denies back")
    denies, sessions = _denies(look), _sessions(look)
    look.how.watch("trying the canaries")
    absent = {holder for holder, seen in denies.items() if seen.moment is None and not seen.why}
    trials = Trials(
        doors.load,
        doors.attempt,
        doors.clock,
        look.offset,
        look.how.patience_seconds,
        doors.why_lost,
    )
    proofs = trials.run(case, lambda step: holder_of(step.settings) in absent)
    look.how.watch("sweeping IAM")
    swept = sweep.sweep(case, doors.iam, doors.looks, look.now())
    if not swept.whole:
        look.notes.append(f"IAM could not be swept: {swept.why}")
    if swept.unclear:
        look.notes.append(
            f"{swept.unclear} IAM users look like those of the engine, and nothing tells whether a"
            " live lease stands behind them (--audit-log would)"
        )
    look.how.watch("asking Vault")
    checks = holding.look(case, doors.vault)
    proved = [proof.since for proof in proofs if proof.trial is Trial.REFUSED and proof.since]
    trail = _trail(look, max(proved, default=None))
    denies = _with_removals(look, denies, {h for h, seen in denies.items() if seen.is_gone})
    facts = Facts(
        at=look.now(),
        proofs=proofs,
        denies=denies,
        sessions=sessions,
        keys=swept.keys,
        trail=trail,
        checks=checks,
        strays=swept.strays,
        users_swept=swept.whole,
        notes=tuple(look.notes),
    )
    return verdict.judge(case, facts)


def evidence_of(found: Verification) -> Evidence:
    """What the journal keeps of a verify: counts, proofs, and the standing of every credential."""
    return {
        "passed": found.passed,
        **{standing.value: len(found.of(standing)) for standing in Standing},
        "proofs": [proof_json(proof) for proof in found.proofs],
        "credentials": [_kept(judged) for judged in found.judged],
        "open": [
            f"{check.what}: {check.why}" for check in found.checks if check.held.value != "holds"
        ],
        "strays": [stray.name for stray in found.strays if stray.active],
    }


def reopened(case: Case, found: Verification) -> tuple[tuple[Step, str], ...]:
    """Steps that were done and do not hold any more, with the reason: contain takes them again."""
    why = {step: check.why for check in found.checks for step in check.steps}
    for holder, removal in found.removals:
        by = f": {removal.call} by {removal.by} at {iso(removal.at)}" if removal else ""
        why[f"{StepKind.DENY_TOKENS}:{holder}"] = f"the deny was taken away{by}"
    return tuple(
        (step, why[step.id])
        for step in case.steps
        if step.id in why and case.state_of(step) is StepState.DONE
    )


def _kept(judged: Judged) -> Evidence:
    return {
        "name": judged.suspect.name,
        "standing": judged.standing.value,
        "why": judged.why,
        "since": iso(judged.since),
        "until": iso(judged.until),
    }


def _offset(look: _Looking) -> timedelta:
    """How far AWS's clock is ahead of this machine's."""
    try:
        theirs = look.doors.aws_now()
    except VaultawsError as fault:
        look.notes.append(f"AWS does not say its time ({fault.why}): this machine's stands in")
        return timedelta()
    off = theirs - look.doors.clock.now()
    return off if abs(off) > timedelta(seconds=2) else timedelta()


def _denies(look: _Looking) -> dict[Holder, DenySeen]:
    """Every deny that contain put or tried to; one that was lifted is looked for no more."""
    found: dict[Holder, DenySeen] = {}
    for step in look.case.steps:
        holder = holder_of(step.settings)
        state = look.case.state_of(step)
        if step.kind is not StepKind.DENY_TOKENS or holder is None or state is StepState.UNDONE:
            continue
        found[holder] = replace(_deny(look, holder), was_put=_was_put(look.case, step))
    return found


def _was_put(case: Case, step: Step) -> bool:
    progress = case.progress.get(step.id)
    if progress is None:
        return False
    return progress.state is StepState.DONE or bool(progress.evidence)


def _deny(look: _Looking, holder: Holder) -> DenySeen:
    try:
        found = look.doors.denies.find(holder, look.case.policy_name)
    except VaultawsError as fault:
        return DenySeen(why=f"{fault.what}: {fault.why}")
    if found is None:
        return DenySeen()
    return DenySeen(found.moment, str(getattr(found, "where", "") or ""))


def _sessions(look: _Looking) -> dict[str, DenySeen]:
    seen = {}
    for step in look.case.steps:
        holder = holder_of(step.settings)
        if step.kind is not StepKind.DENY_SESSION or holder is None:
            continue
        try:
            found = look.doors.denies.find_session(holder, step.target, look.case.policy_name)
        except VaultawsError as fault:
            seen[step.target] = DenySeen(why=f"{fault.what}: {fault.why}")
            continue
        seen[step.target] = DenySeen(look.case.cut_at or look.now()) if found else DenySeen()
    return seen


def _trail(look: _Looking, proved: datetime | None) -> TrailSeen:
    """Search the trail, after a wait for it where that is wanted."""
    case, how = look.case, look.how
    if case.cut_at is None:
        return TrailSeen(why="nothing was cut yet")
    if how.wait:
        due = (proved or case.cut_at) + how.delivery
        _sleep_until(look, due)
    now = look.now()
    seen = usage.search(
        look.doors.lookup,
        {suspect.access_key_id for suspect in case.suspects},
        start=min(case.cut_at, now),
        end=now,
        until=now - how.delivery,
        regions=look.doors.regions,
        watch=how.watch,
    )
    return _without_our_tries(case, seen)


def _without_our_tries(case: Case, seen: TrailSeen) -> TrailSeen:
    """A canary is refused because we try it: that is nobody's probing."""
    ours = {
        case.progress[step.id].evidence.get("access_key_id")
        for step in case.steps
        if step.kind is StepKind.CANARY and step.id in case.progress
    }
    uses = {
        key: replace(each, refused=0) if key in ours else each for key, each in seen.uses.items()
    }
    return replace(seen, uses=uses)


def _sleep_until(look: _Looking, due: datetime) -> None:
    while (left := (due - look.now()).total_seconds()) > 0:
        look.how.watch(f"waiting for CloudTrail, {left / 60:.0f} min")
        look.doors.clock.sleep(min(left, 5.0))


def _with_removals(
    look: _Looking, denies: Mapping[Holder, DenySeen], gone: Collection[Holder]
) -> dict[Holder, DenySeen]:
    """Who took a deny away, where one is gone and CloudTrail has it by now."""
    if not gone:
        return dict(denies)
    now = look.now()
    start = min((look.case.cut_at or look.case.opened_at) - _BEFORE, now)
    look.how.watch("looking for who took the deny away")
    try:
        found = usage.removals(look.doors.lookup, gone, look.case.policy_name, start=start, end=now)
    except VaultawsError as fault:
        look.notes.append(f"who took the deny away is not known: {fault.what}: {fault.why}")
        return dict(denies)
    return {holder: replace(seen, removal=found.get(holder)) for holder, seen in denies.items()}
