"""Execute a plan, step by step, in its order. The one place of declared state that writes.

Roles that follow each other are written several at a time; every other step waits for the one
before it. After a refusal or a signal nothing more is begun, and what is on its way is awaited.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from vaultaws.clock import Clock
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import DEFERRED, handled
from vaultaws.leases.issue import is_certain_no
from vaultaws.plan import steps
from vaultaws.plan.changes import Change, Kind, Plan
from vaultaws.plan.journal import Writer
from vaultaws.plan.outcome import Applied, Failure
from vaultaws.plan.records import Ending
from vaultaws.plan.steps import Hands

WIDTH: Final = 8
FINISH_SECONDS: Final = 15.0
SYNC_SECONDS: Final = 0.25
LOOK_SECONDS: Final = 0.5
"""A signal that comes just before a wait begins does not end it: so no wait is longer."""


class Watcher(Protocol):
    """Who is told how it goes, from the thread that called `apply`."""

    def done(self, count: int, step: Change) -> None:
        """So many steps are done, this one the last."""
        ...

    def stopping(self) -> None:
        """A signal came: nothing more is begun, what is on its way is awaited."""
        ...


@dataclass(frozen=True)
class _Ended:
    """A step came to its end, with an error or without."""

    step: int
    error: Exception | None


def apply(plan: Plan, hands: Hands, writer: Writer, clock: Clock, watcher: Watcher) -> Applied:
    """Write every change of the plan and say what came of it.

    Raises nothing of the server's and takes no signal as an exception: `outcome.problem` tells
    both, once the journal has them. `writer` has journalled what begins here.
    """
    run = _Run(plan, hands, writer, clock, watcher)
    with handled(DEFERRED, lambda number, _: run.stop(number)):
        for batch in batches(plan.to_write):
            run.take(batch)
        return run.finish()


def batches(changes: Sequence[Change]) -> Iterator[range]:
    """The steps that may be under way together: neighbouring roles, anything else by itself."""
    start = 0
    for is_role, group in groupby(changes, key=lambda change: change.kind is Kind.ROLE):
        length = len(list(group))
        if is_role:
            yield range(start, start + length)
        else:
            yield from (range(at, at + 1) for at in range(start, start + length))
        start += length


class _Run:
    """One apply under way. Workers talk to the server; the calling thread keeps the journal."""

    def __init__(
        self, plan: Plan, hands: Hands, writer: Writer, clock: Clock, watcher: Watcher
    ) -> None:
        self._plan = plan
        self._steps = plan.to_write
        self._hands = hands
        self._writer = writer
        self._clock = clock
        self._watcher = watcher
        self._tasks: SimpleQueue[int | None] = SimpleQueue()
        self._news: SimpleQueue[_Ended | None] = SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._flying: set[int] = set()
        self._done: set[int] = set()
        self._unwritten: list[int] = []
        self._failures: list[Failure] = []
        self._signal: int | None = None
        self._finish_by = 0.0
        self._trouble: VaultawsError | None = None
        self._give_up = False
        self._synced_at = clock.monotonic()

    def stop(self, number: int) -> None:
        """Take a signal: nothing more is begun. A second one ends the wait for what was asked.

        A signal's handler calls it, in the thread of `take`, at any moment.
        """
        if self._signal is not None:
            self._give_up = True
        else:
            self._finish_by = self._clock.monotonic() + FINISH_SECONDS
            self._signal = number
            self._watcher.stopping()
        self._news.put(None)

    def take(self, batch: range) -> None:
        """Take the steps of a batch, unless something has stopped the run."""
        waiting = iter(batch)
        while not self._give_up:
            self._fill(waiting)
            self._journal()
            if not self._flying:
                break
            self._hear()

    def finish(self) -> Applied:
        """Journal the end and say what came of it."""
        self._journal()
        for _ in self._workers:
            self._tasks.put(None)
        applied = Applied(
            self._plan,
            frozenset(self._done),
            tuple(sorted(self._failures, key=lambda failure: failure.step)),
            frozenset(self._flying),
            self._signal,
            self._trouble,
        )
        with contextlib.suppress(VaultawsError):  # the journal says too little then, never too much
            if applied.unknown:
                self._writer.progress(unknown=sorted(applied.unknown))
            self._writer.end(_ending(applied))
        return applied

    @property
    def _stopping(self) -> bool:
        return bool(self._failures or self._signal is not None or self._trouble is not None)

    def _fill(self, waiting: Iterator[int]) -> None:
        """Begin as many steps as may be under way together."""
        while not self._stopping and len(self._flying) < WIDTH:
            step = next(waiting, None)
            if step is None:
                return
            self._begin(step)

    def _begin(self, step: int) -> None:
        self._flying.add(step)
        if len(self._workers) < len(self._flying):
            worker = threading.Thread(target=self._work, name="apply", daemon=True)
            self._workers.append(worker)
            worker.start()
        self._tasks.put(step)

    def _work(self) -> None:
        while (step := self._tasks.get()) is not None:
            try:
                steps.take(self._steps[step], self._hands)
            except Exception as error:  # noqa: BLE001  (it is said where the journal is kept)
                self._news.put(_Ended(step, error))
            else:
                self._news.put(_Ended(step, None))

    def _hear(self) -> None:
        """Wait for news, and take all there are."""
        done = [ended.step for ended in self._wait() if self._learn(ended)]
        if done:
            self._done.update(done)
            self._unwritten.extend(done)
            self._watcher.done(len(self._done), self._steps[done[-1]])

    def _wait(self) -> list[_Ended]:
        """All the news there are. After a signal they have so many seconds to come, in all."""
        stopping = self._signal is not None
        left = max(self._finish_by - self._clock.monotonic(), 0.0) if stopping else LOOK_SECONDS
        try:
            found = [self._news.get(timeout=min(left, LOOK_SECONDS))]
        except Empty:
            self._give_up = stopping and left <= LOOK_SECONDS
            return []
        while not self._news.empty():
            found.append(self._news.get())
        return [news for news in found if news is not None]

    def _learn(self, ended: _Ended) -> bool:
        """Take one step's end; True when it is done."""
        self._flying.discard(ended.step)
        if ended.error is not None:
            certain = isinstance(ended.error, VaultawsError) and is_certain_no(ended.error)
            self._failures.append(Failure(ended.step, ended.error, uncertain=not certain))
        return ended.error is None

    def _journal(self) -> None:
        """Write down what is done, while the next steps are on their way.

        Synced by time, for a sync costs more than a role does.
        """
        if not self._unwritten:
            return
        now = self._clock.monotonic()
        sync = not self._flying or now - self._synced_at >= SYNC_SECONDS
        try:
            self._writer.progress(done=self._unwritten, sync=sync)
        except VaultawsError as error:
            self._trouble = error
        self._unwritten = []
        if sync:
            self._synced_at = now


def _ending(applied: Applied) -> Ending:
    if applied.is_complete:
        return Ending.COMPLETE
    if applied.unknown:
        return Ending.UNKNOWN
    return Ending.REFUSED if applied.failures else Ending.STOPPED
