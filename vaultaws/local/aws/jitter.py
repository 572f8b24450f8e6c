"""Seeded chance, shared safely between threads."""

from __future__ import annotations

import random
import threading


class Jitter:
    """A random source that can be repeated: the same seed, the same draws in the same order."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def hits(self, rate: float) -> bool:
        """True with probability `rate` (0 to 1); draws nothing at 0."""
        if rate <= 0:
            return False
        with self._lock:
            return self._random.random() < rate

    def shorten(self, seconds: float, share: float) -> float:
        """A length between `seconds * (1 - share)` and `seconds`; exactly `seconds` at share 0."""
        if seconds <= 0 or share <= 0:
            return seconds
        with self._lock:
            return seconds * (1 - share * self._random.random())

    def pick(self, count: int) -> int:
        """A number from 0 to `count - 1`."""
        with self._lock:
            return self._random.randrange(count)
