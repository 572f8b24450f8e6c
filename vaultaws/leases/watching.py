"""The inventory taken again and again, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from vaultaws.clock import Clock
from vaultaws.errors import (
    VaultError,
    VaultSealedError,
    VaultStandbyError,
    VaultUnreachableError,
)
from vaultaws.leases.inventory import Holding, Inventory
from vaultaws.leases.listing import credential_json
from vaultaws.leases.words import iso

JSON_VERSION: Final = 1
PASSING: Final = (VaultSealedError, VaultStandbyError, VaultUnreachableError)
"""Failures that end by themselves: the watch goes on."""

_IDLE_SECONDS: Final = 0.25


class ChangeKind(StrEnum):
    APPEARED = "appeared"
    ENDED = "ended"
    STATE = "state"


@dataclass(frozen=True)
class Change:
    """A credential that came, went, or stands differently."""

    kind: ChangeKind
    held: Holding


def changes(before: Inventory | None, after: Inventory) -> tuple[Change, ...]:
    """What changed; without a `before` everything appeared."""
    old = {held.lease_id: held for held in before.holdings} if before else {}
    new = {held.lease_id: held for held in after.holdings}
    found = [Change(ChangeKind.APPEARED, held) for key, held in new.items() if key not in old]
    found += [
        Change(ChangeKind.STATE, held)
        for key, held in new.items()
        if key in old and _standing(held) != _standing(old[key])
    ]
    found += [Change(ChangeKind.ENDED, held) for key, held in old.items() if key not in new]
    return tuple(found)


def _standing(held: Holding) -> tuple[object, ...]:
    return held.state, held.lease_ends, held.denied, held.stuck


def as_json(change: Change, seen: Inventory) -> dict[str, Any]:
    """One change for machines: a line of JSON."""
    return {
        "version": JSON_VERSION,
        "at": iso(seen.taken_at),
        "change": change.kind.value,
        "credential": credential_json(change.held),
    }


def watch(
    take: Callable[[], Inventory],
    clock: Clock,
    *,
    every_seconds: float,
    for_seconds: float | None,
    show: Callable[[Inventory, tuple[Change, ...]], None],
    lost: Callable[[VaultError], None],
    back: Callable[[], None],
    idle: Callable[[], None] = lambda: None,
) -> None:
    """Take and show every so often, to the end of `for_seconds`, or without one until stopped.

    A server that is sealed, a standby or down is waited for: `lost` hears of it once, `back` when
    it answers again. Other failures are raised (VaultError). `idle` is called several times a
    second between two looks.
    """
    begun, before, is_lost = clock.monotonic(), None, False
    while True:
        try:
            after = take()
        except PASSING as fault:
            if not is_lost:
                lost(fault)
            is_lost = True
        else:
            if is_lost:
                back()
            is_lost = False
            show(after, changes(before, after))
            before = after
        pause = every_seconds
        if for_seconds is not None:
            pause = min(pause, begun + for_seconds - clock.monotonic())
        if pause <= 0:
            return
        _wait(clock, pause, idle)


def _wait(clock: Clock, seconds: float, idle: Callable[[], None]) -> None:
    until = clock.monotonic() + seconds
    while (left := until - clock.monotonic()) > 0:
        clock.sleep(min(left, _IDLE_SECONDS))
        idle()
