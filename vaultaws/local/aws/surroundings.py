"""What stands around the gate, put together: clock, trail, faults, delays and their control."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vaultaws.local.aws.clock import MovableClock
from vaultaws.local.aws.control import Control, Parts
from vaultaws.local.aws.control_http import ControlApp
from vaultaws.local.aws.faults import ChanceFaults
from vaultaws.local.aws.hooks import Handlers
from vaultaws.local.aws.propagation import DelayedPropagation
from vaultaws.local.aws.settings import LocalAwsSettings
from vaultaws.local.aws.trail.delivery import Delivery, DeliveryLoop
from vaultaws.local.aws.trail.lookup import LookupEvents
from vaultaws.local.aws.trail.recorder import TrailRecorder
from vaultaws.local.aws.trail.store import EventStore
from vaultaws.local.aws.trail.targets import TrailTargets
from vaultaws.model import Secret


@dataclass(frozen=True)
class Surroundings:
    """Everything the gate needs beside keys and permissions. `loop` delivers log files: start it
    with the server and stop it with the server."""

    parts: Parts
    control: Control
    control_app: ControlApp
    handlers: Handlers
    loop: DeliveryLoop


def surroundings(
    account_id: str,
    token: Secret,
    *,
    settings: LocalAwsSettings | None = None,
    log_directory: Path | None = None,
    seed: int | None = None,
    clock: MovableClock | None = None,
) -> Surroundings:
    """Build the surroundings of one account.

    `log_directory` receives CloudTrail's log files; trails' buckets do in any case. The same
    `seed` repeats the same jitter, faults and duplicates.
    """
    clock = clock or MovableClock()
    store = EventStore()
    delivery = Delivery(clock, TrailTargets(log_directory), seed=seed)
    parts = Parts(
        clock=clock,
        propagation=DelayedPropagation(seed=seed),
        faults=ChanceFaults(seed=seed),
        recorder=TrailRecorder(store.add, delivery.offer, account_id=account_id, seed=seed),
        store=store,
        delivery=delivery,
    )
    control = Control(parts, settings)
    return Surroundings(
        parts=parts,
        control=control,
        control_app=ControlApp(control, token),
        handlers={("cloudtrail", "LookupEvents"): LookupEvents(store, clock)},
        loop=DeliveryLoop(delivery),
    )
