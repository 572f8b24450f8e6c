"""Request rates: a token bucket a subject."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

MAX_SUBJECTS: Final = 10_000


class RateLimiter:
    """Allows `rate` calls a second a subject, and `burst` at once. Memory is bounded: the subject
    unused for longest is forgotten first, which only ever allows more."""

    def __init__(self, rate: float, burst: int, seconds: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._seconds = seconds
        self._lock = threading.Lock()
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # tokens, at

    def allow(self, subject: Hashable) -> bool:
        """Take one token of `subject`; False when it has none left."""
        with self._lock:
            now = self._seconds()
            tokens, at = self._buckets.pop(subject, (float(self._burst), now))
            tokens = min(float(self._burst), tokens + (now - at) * self._rate)
            allowed = tokens >= 1
            self._buckets[subject] = (tokens - 1 if allowed else tokens, now)
            if len(self._buckets) > MAX_SUBJECTS:
                self._buckets.popitem(last=False)
            return allowed
