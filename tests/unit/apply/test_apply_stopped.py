"""A signal while steps are on their way: they have so many seconds to end, all of them together."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.memory_operators import MemoryServer
from tests.support.memory_vault import FixedClock
from tests.support.planned import planned, role_step
from vaultaws.leases.target import Target
from vaultaws.model import Role
from vaultaws.plan.apply import FINISH_SECONDS, WIDTH, apply
from vaultaws.plan.changes import Change
from vaultaws.plan.journal import ApplyJournal
from vaultaws.plan.outcome import step_name
from vaultaws.plan.steps import Hands


@dataclass
class SlowServer(MemoryServer):
    """Writes one role each time somebody lets it."""

    allowed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1))

    def write_role(self, mount: str, role: Role) -> None:
        self.allowed.acquire()


@dataclass
class Onlooker:
    """Stops the run at its first step. By the third answer the time is over."""

    server: SlowServer
    clock: FixedClock
    heard: int = 0

    def done(self, count: int, step: Change) -> None:
        self.heard += 1
        if self.heard == 1:
            signal.raise_signal(signal.SIGTERM)
        self.clock.sleep(FINISH_SECONDS * 2 / 3)
        late = threading.Timer(0 if self.heard == 1 else 3, self.server.allowed.release)
        late.start()

    def stopping(self) -> None:
        pass


def test_each_answer_does_not_begin_the_time_anew(tmp_path: Path) -> None:
    clock, server = FixedClock(), SlowServer()
    plan = planned(*(role_step(f"r{number}") for number in range(WIDTH)))
    journal = ApplyJournal(tmp_path, Target("http://127.0.0.1:8200", "", "aws"), clock)
    names = [step_name(step) for step in plan.to_write]
    file, hands = Path("f.toml"), Hands(server, "aws")
    with journal.held(file), journal.begin(file, "f", names) as writer:
        applied = apply(plan, hands, writer, clock, Onlooker(server, clock))
    server.allowed.release(WIDTH)
    assert applied.signal == signal.SIGTERM
    assert (len(applied.done), len(applied.unknown)) == (2, WIDTH - 2)
