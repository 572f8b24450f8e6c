"""The parts of a local AWS behind its gate, put together for tests."""

from __future__ import annotations

from pathlib import Path

from tests.support.calls import HandClock
from vaultaws.local.aws.clock import MovableClock
from vaultaws.local.aws.control import Control, Parts
from vaultaws.local.aws.faults import ChanceFaults
from vaultaws.local.aws.propagation import DelayedPropagation
from vaultaws.local.aws.trail.delivery import Delivery
from vaultaws.local.aws.trail.recorder import TrailRecorder
from vaultaws.local.aws.trail.store import EventStore
from vaultaws.local.aws.trail.targets import TrailTargets


def some_parts(directory: Path | None = None) -> Parts:
    clock = MovableClock(HandClock())
    store = EventStore()
    delivery = Delivery(clock, TrailTargets(directory))
    return Parts(
        clock=clock,
        propagation=DelayedPropagation(seed=1),
        faults=ChanceFaults(seed=1),
        recorder=TrailRecorder(store.add, delivery.offer, seed=1),
        store=store,
        delivery=delivery,
    )


def some_control(directory: Path | None = None) -> tuple[Control, Parts]:
    parts = some_parts(directory)
    return Control(parts), parts
