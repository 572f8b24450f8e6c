"""Waiting until a new credential is good everywhere, since IAM is eventually consistent.

A key counts as good in a region after several GetCallerIdentity in a row succeeded there, each
on a new connection: AWS's front ends learn of it one by one (hashicorp/vault#3115, #8413).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from vaultaws.aws.actions import Action, Attempt, attempt_with
from vaultaws.aws.errors import DENIED, EXPIRED, UNKNOWN_KEY
from vaultaws.aws.sessions import default_region
from vaultaws.aws.streak import Streak, Verdict
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, WaitTimeoutError
from vaultaws.model import Credentials

DEADLINE_SECONDS: Final = 60.0
IN_A_ROW: Final = 5
IDENTITY: Final = Action("sts", "GetCallerIdentity")
FALLBACK_REGION: Final = "us-east-1"
_ORGANISATION: Final = ("service control policy", "resource control policy")
"""How AWS's message ends (IAM user guide, "Troubleshoot access denied error messages")."""


@dataclass(frozen=True)
class WaitReport:
    """How a wait went. `refusals` are tries that AWS turned down for want of the key or of its
    rights; `read` is the allowed action that was tried at the end, empty when none was."""

    seconds: float
    attempts: int
    refusals: int
    read: str = ""


@dataclass(frozen=True)
class WaitProgress:
    """Where a wait stands, for whoever shows it. `name` is the region or action of the try."""

    name: str
    seconds: float
    attempts: int
    refusals: int
    in_a_row: int
    needed: int


Watcher = Callable[[WaitProgress], None]


@dataclass
class Probe:
    """One question to AWS, its streak, and when it is due next (monotonic seconds)."""

    name: str
    attempt: Attempt
    classify: Callable[[AwsError | None], Verdict]
    streak: Streak
    due: float = 0.0
    last: AwsError | None = field(default=None)


def classify_identity(refusal: AwsError | None) -> Verdict:
    """A GetCallerIdentity: only an unknown key is a miss. An expired token never gets better."""
    if refusal is None:
        return Verdict.HIT
    if refusal.code in EXPIRED:
        raise refusal
    return Verdict.MISS if refusal.code in UNKNOWN_KEY else Verdict.NOISE


def classify_read(refusal: AwsError | None) -> Verdict:
    """An allowed action: denials are a miss too, since policies arrive late as well.

    A denial by a policy of the organisation is none of the user's, whose own have been weighed
    by then: no wait helps, and the key is as good as it gets.
    """
    if refusal is not None and refusal.code in DENIED:
        ours = not any(words in refusal.why for words in _ORGANISATION)
        return Verdict.MISS if ours else Verdict.HIT
    return classify_identity(refusal)


def wait_until_good(
    credentials: Credentials,
    *,
    clock: Clock,
    regions: Iterable[str | None] = (None,),
    allowed: Action | None = None,
    watch: Watcher | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> WaitReport:
    """Wait until AWS honours `credentials` in every region, then until `allowed` succeeds once.

    `regions` None is the person's own, or the first of AWS's where none is set. Raises
    WaitTimeoutError when the deadline passes first
    (whoever issued should then revoke), AwsError when the credentials can never become good.
    """
    wanted = [region or default_region() or FALLBACK_REGION for region in regions]
    stages = [
        [
            Probe(
                region,
                attempt_with(credentials, IDENTITY, region),
                classify_identity,
                Streak(IN_A_ROW),
            )
            for region in wanted
        ]
    ]
    if allowed is not None:
        read = attempt_with(credentials, allowed, wanted[0])
        stages.append([Probe(str(allowed), read, classify_read, Streak(1))])
    report = run_stages(stages, clock=clock, deadline_seconds=deadline_seconds, watch=watch)
    return replace(report, read=str(allowed) if allowed is not None else "")


def run_stages(
    stages: list[list[Probe]],
    *,
    clock: Clock,
    deadline_seconds: float,
    watch: Watcher | None = None,
    chance: Callable[[], float] = random.random,
) -> WaitReport:
    """Run each stage's probes until all its streaks are complete, one stage after another."""
    started = clock.monotonic()
    everything = [probe for stage in stages for probe in stage]
    for stage in stages:
        while any(not probe.streak.complete for probe in stage):
            probe = min((p for p in stage if not p.streak.complete), key=lambda p: p.due)
            pause = max(probe.due - clock.monotonic(), 0.0)
            if clock.monotonic() + pause - started > deadline_seconds:
                raise _too_late(probe, everything, deadline_seconds)
            if pause:
                clock.sleep(pause)
            probe.last = probe.attempt()
            probe.streak = probe.streak.after(probe.classify(probe.last))
            probe.due = clock.monotonic() + probe.streak.pause_seconds(chance())
            if watch is not None:
                watch(_progress(probe, everything, clock.monotonic() - started))
    return WaitReport(
        seconds=clock.monotonic() - started,
        attempts=sum(probe.streak.tries for probe in everything),
        refusals=sum(probe.streak.misses for probe in everything),
    )


def _progress(probe: Probe, everything: list[Probe], seconds: float) -> WaitProgress:
    return WaitProgress(
        name=probe.name,
        seconds=seconds,
        attempts=sum(each.streak.tries for each in everything),
        refusals=sum(each.streak.misses for each in everything),
        in_a_row=probe.streak.hits,
        needed=probe.streak.needed,
    )


def _too_late(probe: Probe, everything: list[Probe], deadline: float) -> WaitTimeoutError:
    tries = sum(each.streak.tries for each in everything)
    misses = sum(each.streak.misses for each in everything)
    last = probe.last.why if probe.last else f"{probe.streak.hits} successes in a row so far"
    return WaitTimeoutError(
        f"the credentials were not good within {deadline:.0f} s ({probe.name})",
        why=f"{misses} of {tries} tries were refused; the last: {last}",
        do="ask again in a minute, wait longer (--wait 2m), or take a key untried (--no-wait)",
    )
