"""The local AWS's own clock: the machine's, moved forward on demand, never back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from vaultaws.clock import Clock, SystemClock

MAX_OFFSET: Final = timedelta(days=3650)


class ClockError(ValueError):
    """A move that would go back, or further than `MAX_OFFSET` ahead of the machine's clock."""


class MovableClock:
    """A `vaultaws.clock.Clock`, and the gate's, that tests and the control path move forward.

    `now()` never goes back, even where the machine's own clock is set back. A sleeper wakes as
    soon as the clock has been moved past its end. Safe to share between threads.
    """

    def __init__(self, base: Clock | None = None) -> None:
        self._base: Clock = base or SystemClock()
        self._offset = timedelta()
        self._last = datetime.min.replace(tzinfo=UTC)
        self._moved = threading.Condition()

    @property
    def offset(self) -> timedelta:
        """How far ahead of the machine's clock this one is."""
        with self._moved:
            return self._offset

    def now(self) -> datetime:
        with self._moved:
            self._last = max(self._last, self._base.now() + self._offset)
            return self._last

    def wall(self) -> datetime:
        """The machine's own time, never moved; signatures are judged by it."""
        return self._base.now()

    def monotonic(self) -> float:
        with self._moved:
            return self._base.monotonic() + self._offset.total_seconds()

    def advance(self, seconds: float) -> datetime:
        """Move forward by `seconds` and return the new time.

        Raises ClockError for a negative or non-finite number, or one that goes too far.
        """
        if not 0 <= seconds <= MAX_OFFSET.total_seconds():
            limit = int(MAX_OFFSET.total_seconds())
            raise ClockError(f"the clock moves forward by 0 to {limit} seconds, not {seconds}")
        with self._moved:
            offset = self._offset + timedelta(seconds=seconds)
            if offset > MAX_OFFSET:
                raise ClockError(f"the clock is at most {MAX_OFFSET.days} days ahead")
            self._offset = offset
            self._moved.notify_all()
        return self.now()

    def set(self, to: datetime) -> datetime:
        """Move forward to `to` (aware) and return the new time.

        Raises ClockError for a naive or past time, or one that goes too far.
        """
        if to.tzinfo is None:
            raise ClockError("the time needs a time zone")
        ahead = (to - self.now()).total_seconds()
        if ahead < 0:
            raise ClockError(f"the clock does not go back to {to.isoformat()}")
        return self.advance(ahead)

    def sleep(self, seconds: float) -> None:
        """Wait until `seconds` have passed on this clock."""
        end = self.monotonic() + seconds
        with self._moved:
            while True:
                left = end - self._base.monotonic() - self._offset.total_seconds()
                if left <= 0:
                    return
                self._moved.wait(left)
