"""Proving that credentials are dead: an action they were allowed, refused again and again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vaultaws.aws.actions import Action, Attempt, attempt_with
from vaultaws.aws.errors import DENIED, EXPIRED, UNKNOWN_KEY
from vaultaws.aws.streak import Streak, Verdict
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, UsageError, WaitTimeoutError
from vaultaws.model import Credentials

TIMES: Final = 5
DEADLINE_SECONDS: Final = 60.0
_REFUSALS: Final = DENIED | EXPIRED | UNKNOWN_KEY
_ALWAYS_ALLOWED: Final = frozenset({"sts:GetCallerIdentity"})


@dataclass(frozen=True)
class Refused:
    """One refusal: when, and AWS's code for it."""

    at: datetime
    code: str


@dataclass(frozen=True)
class DeathProof:
    """The refusals in a row that prove it, oldest first, and how often AWS still allowed it."""

    access_key_id: str
    action: str
    refusals: tuple[Refused, ...]
    allowed_before: int
    attempts: int

    @property
    def codes(self) -> tuple[str, ...]:
        """AWS's codes, each once."""
        return tuple(dict.fromkeys(refusal.code for refusal in self.refusals))


def classify(refusal: AwsError | None) -> Verdict:
    """A refusal counts, a success counts again from nothing, the rest says nothing."""
    if refusal is None:
        return Verdict.MISS
    return Verdict.HIT if refusal.code in _REFUSALS else Verdict.NOISE


def prove_dead(
    credentials: Credentials,
    action: Action,
    *,
    clock: Clock,
    region: str | None = None,
    times: int = TIMES,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> DeathProof:
    """Try `action` until AWS has refused it `times` in a row.

    The action must be one the credentials could do before, and must change nothing: only then
    does a refusal prove anything. GetCallerIdentity is no such action: AWS answers it under
    every deny. Raises WaitTimeoutError while they live, UsageError for a useless action.
    """
    if str(action) in _ALWAYS_ALLOWED:
        raise UsageError(
            f"{action} cannot prove credentials dead",
            why="AWS answers it even where every action is denied",
            do="name a read the credentials were allowed, like ec2:DescribeInstances",
        )
    attempt = attempt_with(credentials, action, region)
    return gather_proof(
        attempt,
        access_key_id=credentials.access_key_id,
        action=str(action),
        clock=clock,
        times=times,
        deadline_seconds=deadline_seconds,
    )


def gather_proof(
    attempt: Attempt,
    *,
    access_key_id: str,
    action: str,
    clock: Clock,
    times: int,
    deadline_seconds: float,
    chance: Callable[[], float] = random.random,
) -> DeathProof:
    """The loop of `prove_dead`, over any attempt."""
    started = clock.monotonic()
    streak, refusals = Streak(times), list[Refused]()
    while True:
        refusal = attempt()
        verdict = classify(refusal)
        streak = streak.after(verdict)
        if verdict is Verdict.MISS:
            refusals.clear()
        if verdict is Verdict.HIT and refusal is not None:
            refusals.append(Refused(clock.now(), refusal.code))
        if streak.complete:
            return DeathProof(access_key_id, action, tuple(refusals), streak.misses, streak.tries)
        pause = streak.pause_seconds(chance())
        if clock.monotonic() + pause - started > deadline_seconds:
            raise _still_alive(action, streak, deadline_seconds)
        clock.sleep(pause)


def _still_alive(action: str, streak: Streak, deadline: float) -> WaitTimeoutError:
    return WaitTimeoutError(
        f"the credentials are not proved dead after {deadline:.0f} s",
        why=f"AWS allowed {action} in {streak.misses} of {streak.tries} tries; "
        f"{streak.hits} refusals in a row at the end, {streak.needed} are needed",
        do="look whether the deny is in force, and try again",
    )
