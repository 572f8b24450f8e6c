"""IAM's eventual consistency: what was written is seen late, and for a while now and then.

Each change keeps the value it replaced until it has propagated, so a look costs one dictionary
access where nothing is pending, and memory is that of the changes under way.

Source: IAM user guide, "Changes that I make are not always immediately visible".
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast

from vaultaws.local.aws.jitter import Jitter

T = TypeVar("T")

MAX_PENDING: Final = 50_000


@dataclass(frozen=True)
class PropagationSettings:
    """`delay_seconds` is the latest a change is seen by all.

    `jitter` (0 to 1) is the share of the delay by which a change may be seen earlier: at a moment
    of its own, or with `flap` by ever more of the looks, so that successive calls see the old and
    the new in turn until the delay is over.
    """

    delay_seconds: float = 0.0
    jitter: float = 0.0
    flap: bool = False


@dataclass(frozen=True, slots=True)
class _Change:
    subject: str
    before: object
    first_seen: datetime  # no look before it sees the change
    seen_by_all: datetime


class DelayedPropagation:
    """The gate's Propagation. Safe between threads; the oldest change is let through early when
    more than `max_pending` are under way."""

    def __init__(
        self,
        settings: PropagationSettings | None = None,
        *,
        seed: int | None = None,
        max_pending: int = MAX_PENDING,
    ) -> None:
        self._settings = settings or PropagationSettings()
        self._jitter = Jitter(seed)
        self._max_pending = max_pending
        self._lock = threading.Lock()
        self._under_way: deque[_Change] = deque()  # in the order they were made
        self._by_subject: dict[str, deque[_Change]] = {}

    @property
    def settings(self) -> PropagationSettings:
        return self._settings

    def configure(self, settings: PropagationSettings) -> None:
        """Use `settings` for changes from now on; a delay of 0 also ends what is under way."""
        with self._lock:
            self._settings = settings
            if settings.delay_seconds <= 0:
                self._under_way.clear()
                self._by_subject.clear()

    @property
    def pending(self) -> int:
        """Changes kept because not everybody may see them yet."""
        with self._lock:
            return len(self._under_way)

    def changed(self, subject: str, before: object, now: datetime) -> None:
        """`subject` was `before` until `now` (None: it did not exist)."""
        with self._lock:
            settings = self._settings
            if settings.delay_seconds <= 0:
                return
            self._let_through(now)
            change = self._change(subject, before, now, settings)
            self._under_way.append(change)
            self._by_subject.setdefault(subject, deque()).append(change)
            while len(self._under_way) > self._max_pending:
                self._forget_oldest()

    def seen(self, subject: str, current: T, now: datetime) -> T:
        """What a look at `now` sees of `subject`, whose value is `current`."""
        if subject not in self._by_subject:  # one dictionary access: safe without the lock
            return current
        with self._lock:
            for change in self._by_subject.get(subject, ()):
                if not self._is_seen(change, now):
                    return cast("T", change.before)
        return current

    def _change(
        self, subject: str, before: object, now: datetime, settings: PropagationSettings
    ) -> _Change:
        delay, share = settings.delay_seconds, settings.jitter
        if settings.flap:
            first, last = delay * (1 - share), delay
        else:
            first = last = self._jitter.shorten(delay, share)
        return _Change(
            subject, before, now + timedelta(seconds=first), now + timedelta(seconds=last)
        )

    def _is_seen(self, change: _Change, now: datetime) -> bool:
        if now >= change.seen_by_all:
            return True
        if now < change.first_seen:
            return False
        return self._jitter.hits(
            (now - change.first_seen) / (change.seen_by_all - change.first_seen)
        )

    def _let_through(self, now: datetime) -> None:
        while self._under_way and now >= self._under_way[0].seen_by_all:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        """The oldest change of all is also the oldest of its subject."""
        subject = self._under_way.popleft().subject
        changes = self._by_subject[subject]
        changes.popleft()
        if not changes:
            del self._by_subject[subject]
