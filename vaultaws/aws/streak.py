"""Counting results in a row, which is how an eventually consistent AWS is believed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 5.0
BETWEEN_HITS_SECONDS: Final = 0.15


class Verdict(Enum):
    """What one try says about the question asked."""

    HIT = auto()  # counts
    MISS = auto()  # counts again from nothing
    NOISE = auto()  # says nothing: a throttle, a failure, no answer


@dataclass(frozen=True)
class Streak:
    """Hits in a row so far, out of `needed`."""

    needed: int
    hits: int = 0
    tries: int = 0
    misses: int = 0
    quiet: int = 0  # tries since the last hit

    @property
    def complete(self) -> bool:
        return self.hits >= self.needed

    def after(self, verdict: Verdict) -> Streak:
        """The streak after one more try."""
        tried = replace(self, tries=self.tries + 1)
        if verdict is Verdict.HIT:
            return replace(tried, hits=self.hits + 1, quiet=0)
        quieter = replace(tried, quiet=self.quiet + 1)
        if verdict is Verdict.NOISE:
            return quieter
        return replace(quieter, hits=0, misses=self.misses + 1)

    def pause_seconds(self, chance: float) -> float:
        """Seconds before the next try; `chance` is in [0, 1) and shortens by up to a half."""
        if self.quiet == 0:
            return BETWEEN_HITS_SECONDS
        ceiling = FIRST_PAUSE_SECONDS * 2.0 ** min(self.quiet - 1, 10)
        return min(ceiling, LONGEST_PAUSE_SECONDS) * (1 - chance / 2)
