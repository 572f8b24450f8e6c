"""A watch with parts in memory: outputs and a store that can fail, or be killed, anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.memory_vault import START, FixedClock, made_up_key
from tests.support.reports import event
from vaultaws.errors import DeliveryError, LocalStateError
from vaultaws.trail.evidence import Window
from vaultaws.trail.report import Report
from vaultaws.trail.telling import State
from vaultaws.trail.verdicts import Matching, Standing, Verdict
from vaultaws.trail.watch import Watcher

LAG = timedelta(minutes=15)


class CrashError(BaseException):
    """The process is gone."""


@dataclass
class Fate:
    """Numbers each effect, and crashes or fails at some of them. Odd crashes come after the effect,
    even ones before it, also where the effect failed. Who is dead clears nothing up."""

    crashes: frozenset[int] = frozenset()
    failures: frozenset[int] = frozenset()
    number: int = 0
    dead: bool = False

    def effect(self, done: Callable[[], None], fault: Exception) -> None:
        if self.dead:
            raise CrashError
        self.number += 1
        self.dead = self.number in self.crashes
        if self.dead and self.number % 2 == 0:
            raise CrashError
        failed = self.number in self.failures
        if not failed:
            done()
        if self.dead:
            raise CrashError
        if failed:
            raise fault


@dataclass
class MemoryStore:
    """Keeps a state as a disk does."""

    fate: Fate = field(default_factory=Fate)
    state: State | None = None

    def save(self, state: State) -> None:
        def keep() -> None:
            self.state = state

        self.fate.effect(keep, LocalStateError("disk full", why="no space", do="free some"))


@dataclass
class MemoryOutput:
    """Remembers what it was told."""

    name: str = "stdout"
    fate: Fate = field(default_factory=Fate)
    lines: list[Mapping[str, Any]] = field(default_factory=list)

    def take(self, line: Mapping[str, Any]) -> None:
        fault = DeliveryError(f"{self.name} did not take it", why="503", do="mend it")
        self.fate.effect(lambda: self.lines.append(line), fault)

    @property
    def keys(self) -> list[str]:
        return [line["access_key_id"] for line in self.lines]


@dataclass(frozen=True)
class Theft:
    """A key minted behind Vault: when, how late CloudTrail is with it, and how long it lives."""

    at: datetime
    late: timedelta = timedelta(minutes=5)
    life: timedelta | None = timedelta(hours=1)


def stolen(number: int, theft: Theft) -> Verdict:
    return Verdict(
        Standing.UNEXPLAINED,
        made_up_key(number, "ASIA"),
        event(number, theft.at),
        ends=theft.at + theft.life if theft.life else None,
    )


@dataclass
class Scene:
    """One machine: what lasts is here, what does not is in the watcher that `start` makes."""

    thefts: list[Theft] = field(default_factory=list)
    fate: Fate = field(default_factory=Fate)
    clock: FixedClock = field(default_factory=FixedClock)
    reach: timedelta = timedelta(hours=24)
    faults: list[Exception | None] = field(default_factory=list)
    lost: tuple[str, ...] = ()
    windows: list[Window] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = MemoryStore(self.fate)
        self.outputs = [MemoryOutput("stdout", self.fate), MemoryOutput("webhook", self.fate)]

    def look(self, window: Window) -> Report:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.windows.append(window)
        seen = [
            stolen(number, theft)
            for number, theft in enumerate(self.thefts)
            if window.start <= theft.at and theft.at + theft.late <= window.end
        ]
        matching = Matching(tuple(seen))
        return Report(window.start, window.end, window.end - LAG, matching, lost=self.lost)

    def start(self) -> Watcher:
        self.fate.dead = False
        state = self.store.state or State(START - timedelta(hours=1))
        return Watcher(self.look, self.outputs, self.store, state, self.clock, reach=self.reach)
