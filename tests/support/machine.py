"""A made-up machine: processes that live, die and reuse ids as a test says, and its clock."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class PlayedClock:
    """Time passes only when somebody sleeps."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class PlayedProcess:
    started: float
    tag: str = ""
    deaf_to: frozenset[int] = frozenset()


@dataclass
class PlayedTable:
    """A process table. A process ends at once on a signal that it is not deaf to."""

    processes: dict[int, PlayedProcess] = field(default_factory=dict)
    boot: str = "boot-1"
    sent: list[tuple[int, int]] = field(default_factory=list)

    def boot_id(self) -> str:
        return self.boot

    def started(self, pid: int) -> float | None:
        found = self.processes.get(pid)
        return None if found is None else found.started

    def tagged(self, tag: str) -> list[int]:
        return [pid for pid, process in self.processes.items() if process.tag == tag]

    def signal(self, pid: int, number: int) -> None:
        self.sent.append((pid, number))
        found = self.processes.get(pid)
        if found is not None and number not in found.deaf_to:
            del self.processes[pid]


DEAF_TO_TERM = frozenset({int(signal.SIGTERM)})
DEAF_TO_ALL = frozenset({int(signal.SIGTERM), int(signal.SIGKILL)})
