"""The neighbours of a local AWS without delays, faults or a trail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from vaultaws.local.aws.call import Call, Caller, Outcome
from vaultaws.local.aws.hooks import ApiError

T = TypeVar("T")


class WallClock:
    """The machine's clock, unmoved."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wall(self) -> datetime:
        return datetime.now(UTC)


class NoTrail:
    """Records nothing."""

    def record(self, call: Call, caller: Caller, outcome: Outcome) -> None:
        del call, caller, outcome


class NoFaults:
    """Nothing fails."""

    def draw(self, call: Call) -> ApiError | None:
        del call
        return None


class AtOnce:
    """Every change is seen at once."""

    def changed(self, subject: str, before: object, now: datetime) -> None:
        del subject, before, now

    def seen(self, subject: str, current: T, now: datetime) -> T:
        del subject, now
        return current
