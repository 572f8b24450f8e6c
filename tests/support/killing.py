"""Processes that are killed in the middle of their work, at a request of theirs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from tests.support.places import Place
from tests.support.relay import Asked, CutError, Relay


@dataclass
class Killer:
    """Kills a process from within the relay, at one write of it."""

    number: int
    process: subprocess.Popen[str] | None = None
    has_struck: bool = False

    def __call__(self, asked: Asked) -> None:
        if asked.number == self.number and self.process is not None:
            self.has_struck = True
            self.process.kill()
            raise CutError


def killed(place: Place, killer: Killer, when: str) -> bool:
    """Apply through a relay that kills at one write; False when that write never came."""
    relay = Relay(place.wired.server.address)
    setattr(relay, when, killer)
    try:
        killer.process = place.through(relay.address).start("apply", "--yes")
        with killer.process as process:
            _, said = process.communicate(timeout=60)
    finally:
        relay.stop()
    assert process.returncode == (-9 if killer.has_struck else 0), said
    return killer.has_struck
