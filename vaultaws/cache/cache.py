"""The cache as everybody but the light way uses it: look, obtain, forget, describe.

No trouble of the cache stops the work: what cannot be read is not there, what cannot be kept is
asked for again, and where there can be no lock every process asks for itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vaultaws.cache import life
from vaultaws.cache.entry import Entry, decode, encode
from vaultaws.cache.flight import Flight, found_or_turn
from vaultaws.cache.life import Moment, this_moment
from vaultaws.cache.looking import look_up, open_places
from vaultaws.cache.record import unpack
from vaultaws.cache.store import CHOICES, LABELS, OFF, SETTING
from vaultaws.errors import UsageError

if TYPE_CHECKING:
    from vaultaws.cache.store import Store

PATIENCE_SECONDS: Final = 180.0
"""How long one process waits for another's set before it asks for its own."""


@dataclass(frozen=True)
class Standing:
    """Where sets are kept (empty: nowhere), in words, and why each better place is not used."""

    name: str
    label: str
    missing: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        why = "; ".join(
            reason if name == OFF else f"not in {LABELS[name]}: {reason}"
            for name, reason in self.missing
        )
        return f"{self.label} ({why})" if why else self.label


class Cache:
    """Sets that are kept between runs and shared by the processes of one user."""

    def __init__(
        self,
        store: Store | None,
        flight: Flight,
        moment: Callable[[], Moment] = this_moment,
        missing: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._store = store
        self._flight = flight
        self._moment = moment
        self._missing = missing

    def look(self, key: str) -> Entry | None:
        """Return the set under this name if enough of its life is left; no network is used."""
        if self._store is None:
            return None
        fields = look_up(self._store, key, self._moment())
        return decode(fields) if fields else None

    def obtain(
        self,
        key: str,
        make: Callable[[], Entry],
        waiting: contextlib.AbstractContextManager[object] | None = None,
    ) -> tuple[Entry, bool]:
        """Return the set under this name and True, or make it, keep it, and return False.

        One process makes, the others wait for what it gets, inside `waiting`. An error of `make`
        goes on to its caller; nothing is kept, and the next process that waits makes in its turn.
        """
        if self._store is None:
            return make(), False
        with waiting or contextlib.nullcontext():
            found = self._found_or_turn(key)
        if found is not None:
            return found, True
        try:
            before = self._moment()
            entry = make()
            self._keep(key, entry, before)
        finally:
            self._flight.leave(key)
        return entry, False

    def forget(self, lease_ids: Collection[str]) -> int:
        """Drop the sets of these leases; return how many there were."""
        dropped = 0
        with contextlib.suppress(OSError):
            for key in self._store.keys() if self._store and lease_ids else ():
                dropped += self._forget(key, lease_ids)
        return dropped

    def describe(self) -> Standing:
        """Say where sets are kept, and why not in a better place."""
        if self._store is None:
            return Standing("", LABELS[OFF], self._missing)
        return Standing(self._store.name, LABELS[self._store.name], self._missing)

    def _found_or_turn(self, key: str) -> Entry | None:
        try:
            return found_or_turn(lambda: self.look(key), self._flight, key, PATIENCE_SECONDS)[0]
        except OSError:
            return None

    def _keep(self, key: str, entry: Entry, before: Moment) -> None:
        if self._store is None or entry.expires_at is None:
            return
        data = encode(entry, before)
        now = self._moment()
        left = life.seconds_left(unpack(data) or {}, now)
        with contextlib.suppress(OSError):
            if left > 0:
                self._store.write(key, data, left)
            self._flight.sweep(now.wall)

    def _forget(self, key: str, lease_ids: Collection[str]) -> int:
        if self._store is None:
            return 0
        try:
            fields = unpack(self._store.read(key) or b"")
            if fields is None or fields.get("lease_id") not in lease_ids:
                return 0
            self._store.delete(key)
        except OSError:
            return 0
        return 1


def open_cache(environ: Mapping[str, str], moment: Callable[[], Moment] = this_moment) -> Cache:
    """Open the best place that this machine has. Raises UsageError for a setting that is none."""
    choice, flight = open_places(environ)
    if choice is None:
        raise UsageError(
            f"{SETTING} names no kind of cache",
            why=f"it is {environ.get(SETTING, '')!r}; it may be {', '.join(CHOICES)}, or unset",
            do=f"unset {SETTING}, or set it to one of them",
        )
    return Cache(choice.store, flight, moment, choice.missing)
