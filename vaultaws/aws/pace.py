"""One pace for many threads: as many calls a second as AWS will take, and no more.

IAM says nowhere how many requests it takes ("IAM and AWS STS quotas"); it answers Throttling. So
the rate is found much as TCP finds its own: doubled every second until the first throttle, then
lowered by a share in a second with throttles and raised by a little in one without. What AWS
throttled, failed at or did not answer is tried again, so every call made through here must be one
that may be made twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeVar

from vaultaws.aws.errors import THROTTLED, AwsUnreachableError
from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import AwsError

DEADLINE_SECONDS: Final = 120.0
FIRST_RATE: Final = 20.0
LEAST_RATE: Final = 2.0
MOST_RATE: Final = 500.0
_LESS: Final = 0.7
_MORE_PER_SECOND: Final = 20.0
_ONCE_IN_SECONDS: Final = 1.0
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 5.0
_FAILED: Final = frozenset(
    {
        "ConcurrentModification",
        "EntityTemporarilyUnmodifiable",
        "InternalError",
        "InternalFailure",
        "ServiceFailure",
        "ServiceUnavailable",
        "Unavailable",
        *(str(status) for status in (500, 502, 503, 504)),
    }
)
"""Codes of failures that pass ("Common errors" and the errors of the IAM API reference)."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Rate:
    """Calls a second. Before the first throttle it doubles every second, afterwards it creeps."""

    per_second: float = FIRST_RATE
    throttled: bool = False

    def after_answer(self) -> Rate:
        """A call went through; those of a second add the rate itself, or twenty."""
        step = _MORE_PER_SECOND / self.per_second if self.throttled else 1.0
        return Rate(min(self.per_second + step, MOST_RATE), self.throttled)

    def after_throttle(self) -> Rate:
        return Rate(max(self.per_second * _LESS, LEAST_RATE), throttled=True)


class Pace:
    """Shared by all threads that ask one AWS account. `chance` gives numbers in [0, 1)."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        chance: Callable[[], float] = random.random,
        deadline_seconds: float = DEADLINE_SECONDS,
        rate: Rate | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._chance = chance
        self._deadline_seconds = deadline_seconds
        self._lock = Lock()
        self._rate = rate or Rate()
        self._next = 0.0
        self._slowed_at = float("-inf")

    @property
    def rate(self) -> Rate:
        """The rate now."""
        with self._lock:
            return self._rate

    def run(self, call: Callable[[], Answer]) -> Answer:
        """Make a call in its turn, again and again while what stops it may pass.

        Raises AwsError: at once what does not pass, after the deadline the last one that may.
        """
        started, tries = self._clock.monotonic(), 0
        while True:
            begun = self._wait_turn()
            tries += 1
            try:
                answer = call()
            except AwsError as fault:
                if not passes(fault):
                    raise
                self._slow_down(begun, fault)
                pause = pause_seconds(tries, self._chance())
                if self._clock.monotonic() + pause - started > self._deadline_seconds:
                    raise
                self._clock.sleep(pause)
            else:
                with self._lock:
                    self._rate = self._rate.after_answer()
                return answer

    def _wait_turn(self) -> float:
        """Sleep until this call's turn, and return when that is (monotonic seconds)."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + 1 / self._rate.per_second
        if turn > now:
            self._clock.sleep(turn - now)
        return turn

    def _slow_down(self, begun: float, fault: AwsError) -> None:
        """Lower the rate once for all the calls of a second, and for those that were begun before
        it fell: they say nothing of the new one."""
        if fault.code not in THROTTLED:
            return
        with self._lock:
            if begun >= self._slowed_at + _ONCE_IN_SECONDS:
                self._rate = self._rate.after_throttle()
                self._slowed_at = self._clock.monotonic()


def passes(fault: AwsError) -> bool:
    """True for what another try may cure: a throttle, a failure inside AWS, a lost answer."""
    known = fault.code in THROTTLED or fault.code in _FAILED
    return known or isinstance(fault, AwsUnreachableError)


def pause_seconds(tries: int, chance: float) -> float:
    """How long to wait after so many tries: doubled each time, a half of it by chance."""
    longest = _FIRST_PAUSE_SECONDS * 2.0 ** min(tries - 1, 10)
    return min(longest, _LONGEST_PAUSE_SECONDS) * (1 - chance / 2)
