"""Cached sets made up for tests, places that play up, and clocks that jump."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaultaws.cache.cache import Cache
from vaultaws.cache.entry import Entry
from vaultaws.cache.flight import Flight
from vaultaws.cache.life import Moment
from vaultaws.model import Secret

KEY = "0123456789abcdef" * 2
NOON = 1_795_000_000.0
PLANTED = "planted-secret-of-a-test"
PLANTED_TOKEN = "planted-token-of-a-test"


def entry(**other: Any) -> Entry:
    """A set of 15 minutes, issued at noon."""
    values: dict[str, Any] = {
        "access_key_id": "ASIA" + "0" * 16,
        "secret_access_key": Secret(PLANTED),
        "session_token": Secret(PLANTED_TOKEN),
        "issued_at": NOON,
        "expires_at": NOON + 900,
        "lease_id": "aws/sts/reader/abc",
        "role": "reader",
        "person": "ada",
        "extra": {"lease_ends": "2026-11-18T12:15:00Z", "token_ends": "2026-11-18T12:15:01Z"},
    }
    return Entry(**{**values, **other})


@dataclass
class JumpingClocks:
    """Both clocks of a machine; `pass_` lets time go on, `jump` sets the wall's clock."""

    wall: float = NOON
    uptime: float = 5_000.0
    boot: str = "boot-1"

    def __call__(self) -> Moment:
        return Moment(self.wall, self.uptime, self.boot)

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.uptime += seconds

    def jump(self, seconds: float) -> None:
        self.wall += seconds


@dataclass
class MemoryPlace:
    """A place for sets in memory; `refusal` is the error number of every call."""

    kept: dict[str, bytes] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    refusal: int = 0
    name: str = "kernel"

    def read(self, key: str) -> bytes | None:
        self._refuse()
        return self.kept.get(key)

    def write(self, key: str, data: bytes, seconds: float) -> None:
        self._refuse()
        self.kept[key], self.seconds[key] = data, seconds

    def delete(self, key: str) -> None:
        self._refuse()
        self.kept.pop(key, None)

    def keys(self) -> list[str]:
        self._refuse()
        return list(self.kept)

    def _refuse(self) -> None:
        if self.refusal:
            raise OSError(self.refusal, errno.errorcode[self.refusal])


def cache_at(
    directory: Path, place: Any = None, clocks: Callable[[], Moment] | None = None
) -> Cache:
    """A cache with its locks in a directory of the test."""
    store = MemoryPlace() if place is None else place
    return Cache(store, Flight(str(directory / "locks")), clocks or JumpingClocks())
