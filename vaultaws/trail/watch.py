"""The check, again and again: each finding is told once, and none is lost.

What a round found is kept before it is told, and counts as told when every output has taken it. A
run that is killed between the two tells it again: at least once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from vaultaws.aws.errors import THROTTLED, AwsSetupError
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, DeliveryError, VaultawsError, visible
from vaultaws.leases.watching import PASSING
from vaultaws.trail import telling
from vaultaws.trail.evidence import Window
from vaultaws.trail.metrics import Figures
from vaultaws.trail.report import Report
from vaultaws.trail.telling import State
from vaultaws.trail.watchstate import Store

LONGEST_PAUSE_SECONDS: Final = 600.0


class Output(Protocol):
    """Where findings are told."""

    @property
    def name(self) -> str:
        """What the state calls it."""
        ...

    def take(self, line: Mapping[str, Any]) -> None:
        """Take one finding. Raises DeliveryError when it did not, and OSError when it never will
        again."""
        ...


@dataclass(frozen=True)
class Round:
    """What came of a round: no report when the look failed. `told` counts findings that every
    output now has; `faults` are what went wrong."""

    report: Report | None
    told: int
    faults: tuple[VaultawsError, ...]


class Watcher:
    """The rounds of one watch. `look` checks a window; `reach` is how far back it goes at most for
    credentials that live on."""

    def __init__(
        self,
        look: Callable[[Window], Report],
        outputs: Sequence[Output],
        store: Store,
        state: State,
        clock: Clock,
        *,
        reach: timedelta,
    ) -> None:
        self._look = look
        self._outputs = outputs
        self._store = store
        self._clock = clock
        self._reach = reach
        self.state = state
        self.figures = Figures(watermark=state.watermark, waiting=len(state.waiting))

    def round(self) -> Round:
        """Look once, and tell what is new and what waits."""
        faults: list[VaultawsError] = []
        report = None
        begun = self._clock.now()
        try:
            report = self._look(Window(self.state.start, begun))
        except VaultawsError as fault:
            faults.append(fault)
        else:
            self.state = telling.after(self.state, report, self._reach)
            self._save(faults)
        try:
            self._deliver(faults)
        finally:
            done = self._settle(faults)
        self._count(report, done, begun, failed=bool(faults))
        return Round(report, len(done), tuple(faults))

    def _save(self, faults: list[VaultawsError]) -> None:
        """Keep the state. One that cannot be kept must not keep findings from being told."""
        try:
            self._store.save(self.state)
        except VaultawsError as fault:
            if not any(known.what == fault.what for known in faults):
                faults.append(fault)

    def _deliver(self, faults: list[VaultawsError]) -> None:
        """Tell each output what it has not taken, in order, as far as it takes it."""
        for output in self._outputs:
            try:
                for found in self.state.waiting:
                    if output.name not in found.taken:
                        output.take(found.line)
                        self.state = telling.taken(self.state, found.uid, output.name)
            except DeliveryError as fault:
                faults.append(fault)

    def _settle(self, faults: list[VaultawsError]) -> tuple[telling.Waiting, ...]:
        if not self.state.waiting:
            return ()
        self.state, done = telling.told(self.state, {output.name for output in self._outputs})
        self._save(faults)
        return done

    def _count(
        self,
        report: Report | None,
        done: Iterable[telling.Waiting],
        begun: datetime,
        *,
        failed: bool,
    ) -> None:
        waiting = self.state.waiting
        told = Counter((str(found.line["kind"]), str(found.line["severity"])) for found in done)
        before = self.figures
        figures = replace(
            before,
            told=Counter(before.told) + told,
            rounds=before.rounds + 1,
            failed=before.failed + failed,
            watermark=self.state.watermark,
            succeeded=before.succeeded if failed else begun,
            waiting=len(waiting),
            waiting_since=datetime.fromisoformat(waiting[0].line["at"]) if waiting else None,
        )
        self.figures = figures if report is None else figures.of(report)


def run(
    watcher: Watcher,
    clock: Clock,
    *,
    every_seconds: float,
    for_seconds: float | None,
    say: Callable[[str], None],
) -> None:
    """Go round to the end of `for_seconds`, or without one until stopped.

    A failure is said once and waited for, longer after each in a row; one of the first round that
    does not pass by itself (a wrong option, a denial) is raised.
    """
    voice = Voice(say)
    until = None if for_seconds is None else clock.monotonic() + for_seconds
    failures = 0
    while True:
        seen = watcher.round()
        if watcher.figures.rounds == 1:
            _raise_lasting(seen.faults)
        failures = failures + 1 if seen.faults else 0
        voice.tell(seen)
        pause = pause_seconds(every_seconds, failures)
        if until is not None:
            pause = min(pause, until - clock.monotonic())
        if pause <= 0:
            return
        clock.sleep(pause)


def pause_seconds(every_seconds: float, failures: int) -> float:
    """How long to wait after so many failures in a row."""
    longest = max(every_seconds, LONGEST_PAUSE_SECONDS)
    return min(every_seconds * 2.0 ** min(max(failures - 1, 0), 16), longest)


def _raise_lasting(faults: Iterable[VaultawsError]) -> None:
    for fault in faults:
        if not passes(fault):
            raise fault


def passes(fault: VaultawsError) -> bool:
    """True for a failure that can end by itself."""
    if isinstance(fault, AwsError):
        failed = fault.code in THROTTLED | {""} or fault.what.startswith("AWS failed")
        return failed and not isinstance(fault, AwsSetupError)
    return isinstance(fault, (*PASSING, DeliveryError))


class Voice:
    """Says once what is wrong, and when it is well again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._faults: frozenset[str] = frozenset()
        self._known: frozenset[str] = frozenset()

    def tell(self, seen: Round) -> None:
        for fault in seen.faults:
            if fault.what not in self._faults:
                self._say(f"· {visible(fault.what)}: {visible(fault.why)}; tried again")
        if self._faults and not seen.faults:
            self._say("· all is well again")
        self._faults = frozenset(fault.what for fault in seen.faults)
        if seen.report is not None:
            self._doubts(seen.report)

    def _doubts(self, report: Report) -> None:
        """What was not read, and notes; a count that grows is not said again."""
        doubts = {
            "".join(char for char in text if not char.isdigit()): text
            for text in (*(f"not read: {what}" for what in report.unread), *report.notes)
        }
        for kind, text in doubts.items():
            if kind not in self._known:
                self._say(f"· {visible(text)}")
        self._known = frozenset(doubts)
