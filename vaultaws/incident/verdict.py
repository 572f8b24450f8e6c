"""The verdict over what was seen: dead, alive or unknown, for every credential of a case. Pure.

Dead needs evidence that proves it: the token's own end; a canary of the same principal refused
while the deny that refused it stands; for a long-term key, IAM without it, and a canary of its
kind refused or time enough for AWS to have heard of it. A later allowed use outweighs them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from vaultaws.aws.cutoff import Holder
from vaultaws.incident.facts import (
    Check,
    DenySeen,
    Facts,
    Held,
    KeySeen,
    KeySight,
    Proof,
    Removal,
    Stray,
    TrailSeen,
    Trial,
    Uses,
)
from vaultaws.incident.identity import united
from vaultaws.incident.model import Case, StepKind, Suspect
from vaultaws.leases.words import iso
from vaultaws.model import CredentialType

SETTLED: Final = timedelta(minutes=5)
"""After so long a change that IAM shows is taken to act everywhere. AWS names no bound for its
eventual consistency; the engine's own clean-up of young users counts with the same span."""


class Standing(StrEnum):
    DEAD = "dead"
    ALIVE = "alive"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judged:
    """One credential and its verdict. `since`: dead from then on; `until`: ends then by itself.

    `how` is one of: ended, canary, read_back, iam, used, deny, key, none.
    """

    suspect: Suspect
    standing: Standing
    how: str
    why: str
    since: datetime | None = None
    until: datetime | None = None
    uses: Uses = field(default_factory=Uses)


@dataclass(frozen=True)
class Verification:
    """The whole answer of one verify."""

    name: str
    at: datetime
    judged: tuple[Judged, ...]
    proofs: tuple[Proof, ...]
    checks: tuple[Check, ...]
    strays: tuple[Stray, ...]
    removals: tuple[tuple[Holder, Removal | None], ...]
    trail: TrailSeen
    notes: tuple[str, ...] = ()

    def of(self, standing: Standing) -> tuple[Judged, ...]:
        return tuple(found for found in self.judged if found.standing is standing)

    @property
    def passed(self) -> bool:
        """True when every credential is dead, and all that contain did holds."""
        return (
            all(found.standing is Standing.DEAD for found in self.judged)
            and all(found.held is Held.HOLDS for found in self.checks)
            and not any(stray.active for stray in self.strays)
            and not self.removals
        )


def judge(case: Case, facts: Facts) -> Verification:
    """Judge every suspect of the case; none is left out."""
    judged = tuple(_judged(case, facts, suspect) for suspect in united(case.suspects))
    gone = tuple((holder, seen.removal) for holder, seen in facts.denies.items() if seen.is_gone)
    return Verification(
        name=case.name,
        at=facts.at,
        judged=tuple(sorted(judged, key=_order)),
        proofs=facts.proofs,
        checks=facts.checks,
        strays=facts.strays,
        removals=gone,
        trail=facts.trail,
        notes=facts.notes,
    )


def is_token(suspect: Suspect) -> bool | None:
    """True for an STS token, False for a long-term key, None where nothing tells."""
    if suspect.credential_type is not None:
        return suspect.credential_type.is_sts
    if suspect.access_key_id[:4] in {"AKIA", "ASIA"}:
        return suspect.access_key_id.startswith("ASIA")
    if suspect.user:
        return False
    return True if suspect.holder or suspect.other_holders else None


def _judged(case: Case, facts: Facts, suspect: Suspect) -> Judged:
    token = is_token(suspect)
    if token is None:
        found = Judged(suspect, Standing.UNKNOWN, "none", "nothing tells what kind it is of")
    elif token:
        found = _token(case, facts, suspect)
    else:
        found = _long_term(facts, suspect)
    return _with_uses(case, facts, found)


def _with_uses(case: Case, facts: Facts, found: Judged) -> Judged:
    """A use that AWS allowed after the end that was proved, or after the cut, shows it alive."""
    uses = facts.trail.uses.get(found.suspect.access_key_id, Uses())
    known = replace(found, uses=uses)
    bound = found.since if found.standing is Standing.DEAD else case.cut_at
    last = uses.last_allowed
    if last is None or (bound is not None and last <= bound):
        return known
    return _used(known)


def _used(found: Judged) -> Judged:
    uses = found.uses
    when = f" at {iso(uses.last_allowed)}" if uses.last_allowed else ""
    why = f"AWS allowed {uses.last_call or 'a call'}{when}, after the cut"
    return Judged(
        found.suspect, Standing.ALIVE, "used", why, None, found.suspect.ends_at, found.uses
    )


def _token(case: Case, facts: Facts, suspect: Suspect) -> Judged:
    ends = suspect.ends_at
    if ends is not None and ends <= facts.at:
        return Judged(suspect, Standing.DEAD, "ended", "it ended by itself", ends, ends)
    denied = _by_session(case, facts, suspect)
    if denied is not None:
        return denied
    if not suspect.holders:
        why = "no principal is known whose deny would kill it"
        return Judged(suspect, Standing.UNKNOWN, "none", why, None, ends)
    each = [_under(case, facts, suspect, holder) for holder in suspect.holders]
    for standing in (Standing.ALIVE, Standing.UNKNOWN):
        worst = next((found for found in each if found.standing is standing), None)
        if worst is not None:
            return worst
    return max(each, key=lambda found: found.since or facts.at)


def _by_session(case: Case, facts: Facts, suspect: Suspect) -> Judged | None:
    """The verdict on a session that is denied by its aws:userid; None without such a step."""
    step = next(
        (
            each
            for each in case.steps
            if each.kind is StepKind.DENY_SESSION and each.target == suspect.session
        ),
        None,
    )
    if step is None or not suspect.session:
        return None
    seen = facts.sessions.get(suspect.session, DenySeen(why="it was not looked for"))
    progress = case.progress.get(step.id)
    begun = progress.at if progress else None
    return _read_back(facts, suspect, seen, begun, "its session is denied")


def _under(case: Case, facts: Facts, suspect: Suspect, holder: Holder) -> Judged:
    ends, seen = suspect.ends_at, facts.denies.get(holder)
    if seen is None:
        why = f"no deny was put on {holder}"
        return Judged(suspect, Standing.ALIVE, "deny", why, None, ends)
    if seen.why:
        return Judged(suspect, Standing.UNKNOWN, "none", seen.why, None, ends)
    if seen.moment is None:
        why = f"the deny on {holder} is gone" if seen.is_gone else f"no deny stands on {holder}"
        return Judged(suspect, Standing.ALIVE, "deny", why, None, ends)
    issued = suspect.issued_at or case.opened_at
    if issued >= seen.moment:
        why = f"it was issued after the moment of the deny on {holder}"
        return Judged(suspect, Standing.ALIVE, "deny", why, None, ends)
    proofs = [proof for proof in facts.proofs if proof.holder == holder]
    if not proofs:
        return _read_back(facts, suspect, seen, seen.moment, f"denied on {holder}")
    return _by_canary(suspect, holder, proofs)


def _by_canary(suspect: Suspect, holder: Holder, proofs: Iterable[Proof]) -> Judged:
    """A canary that AWS allows shows all of its principal alive; one refused shows them dead."""
    by_trial = {proof.trial: proof for proof in proofs}
    ends = suspect.ends_at
    if Trial.ALLOWED in by_trial:
        why = f"AWS still allows the canary of {holder} {by_trial[Trial.ALLOWED].action}"
        return Judged(suspect, Standing.ALIVE, "canary", why, None, ends)
    refused = by_trial.get(Trial.REFUSED)
    if refused is None or refused.since is None:
        lost = by_trial.get(Trial.MISSING) or refused
        reason = lost.why if lost is not None else ""
        why = f"the canary of {holder} could not be tried: {reason or 'nothing says why'}"
        return Judged(suspect, Standing.UNKNOWN, "none", why, None, ends)
    why = f"denied on {holder}; {_tried(refused)}"
    return Judged(suspect, Standing.DEAD, "canary", why, refused.since, ends)


def _read_back(
    facts: Facts, suspect: Suspect, seen: DenySeen, begun: datetime | None, what: str
) -> Judged:
    """A deny that no canary can try: it counts when it has stood for long enough."""
    ends = suspect.ends_at
    if seen.why:
        return Judged(suspect, Standing.UNKNOWN, "none", seen.why, None, ends)
    if seen.moment is None:
        return Judged(suspect, Standing.ALIVE, "deny", f"not any more: {what}", None, ends)
    if begun is None or begun + SETTLED > facts.at:
        left = iso(begun + SETTLED) if begun else "later"
        why = f"{what}; no canary can try it, so it counts from {left} on"
        return Judged(suspect, Standing.UNKNOWN, "none", why, None, ends)
    why = f"{what} since {iso(begun)}, read back from IAM"
    return Judged(suspect, Standing.DEAD, "read_back", why, begun + SETTLED, ends)


def _long_term(facts: Facts, suspect: Suspect) -> Judged:
    seen = facts.keys.get(suspect.name, KeySeen(KeySight.UNKNOWN, why="it was not looked for"))
    if seen.sight is KeySight.UNKNOWN:
        why = seen.why or "IAM does not tell how its key stands"
        return Judged(suspect, Standing.UNKNOWN, "none", why)
    if seen.sight is KeySight.ON:
        return Judged(suspect, Standing.ALIVE, "key", seen.why or "its key is switched on in IAM")
    state = "IAM has it no more" if seen.sight is KeySight.GONE else "its key is switched off"
    return _heard(facts, suspect, seen, seen.why or state)


def _heard(facts: Facts, suspect: Suspect, seen: KeySeen, state: str) -> Judged:
    """IAM shows it dead: have AWS's front ends heard of it?"""
    trials = {proof.trial: proof for proof in facts.proofs if proof.kind is CredentialType.IAM_USER}
    refused = trials.get(Trial.REFUSED)
    settled = seen.since + SETTLED if seen.since is not None else None
    if Trial.ALLOWED in trials and not (settled and settled <= facts.at):
        why = f"{state}, but AWS still honours the canary of its kind"
        return Judged(suspect, Standing.ALIVE, "canary", why)
    if settled is not None and settled <= facts.at:
        return Judged(suspect, Standing.DEAD, "iam", f"{state} since {iso(seen.since)}", settled)
    if refused is not None and refused.since is not None and Trial.ALLOWED not in trials:
        since = max(refused.since, seen.since or refused.since)
        return Judged(suspect, Standing.DEAD, "canary", f"{state}; {_tried(refused)}", since)
    missing = trials.get(Trial.MISSING)
    reason = f" ({missing.why})" if missing else ""
    when = f"it counts from {iso(settled)} on" if settled else "and nothing tells since when"
    why = f"{state}, but no canary of its kind shows that AWS has heard of it{reason}; {when}"
    return Judged(suspect, Standing.UNKNOWN, "none", why)


def _tried(proof: Proof) -> str:
    when = f" at {iso(proof.since)}" if proof.earlier else ""
    return f"its canary's {proof.action} was refused {proof.times} times in a row{when}"


def _order(found: Judged) -> tuple[int, str, str, str]:
    worst = (Standing.ALIVE, Standing.UNKNOWN, Standing.DEAD).index(found.standing)
    suspect = found.suspect
    return worst, suspect.person, suspect.role, suspect.name
