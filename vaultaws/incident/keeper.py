"""Where the sets of canaries wait between contain and verify: the kernel's or the system's keyring.

A canary is a live secret. It is kept as cached sets are, but never in a file, whatever
VAULTAWS_CACHE says; where there is no keyring it lives as long as this process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vaultaws.cache import life
from vaultaws.cache.entry import Entry, decode, encode
from vaultaws.cache.key import cache_key
from vaultaws.cache.life import Moment, this_moment
from vaultaws.cache.record import unpack
from vaultaws.cache.store import LABELS, OFF, SETTING, choose
from vaultaws.incident.model import Place

if TYPE_CHECKING:
    from vaultaws.cache.store import Store

_KIND: Final = "canary"


@dataclass
class Keeper:
    """Keeps the canaries of one case by their steps. `why` tells why nothing outlives us.

    A keyring that refuses is no error: the set then lives in this process alone.
    """

    case: str
    place: Place
    store: Store | None = None
    why: str = ""
    moment: Callable[[], Moment] = this_moment
    _here: dict[str, bytes] = field(default_factory=dict, repr=False)

    def keep(self, step_id: str, entry: Entry) -> str:
        """Keep a set; return where, in words, empty when only this process has it."""
        key, now = self._key(step_id), self.moment()
        data = encode(entry, Moment(entry.issued_at, now.uptime, now.boot))
        self._here[key] = data
        left = life.seconds_left(unpack(data) or {}, now)
        if self.store is None or left <= 0:
            return ""
        try:
            self.store.write(key, data, left)
        except OSError as error:
            self.why = error.strerror or type(error).__name__
            return ""
        return LABELS[self.store.name]

    def load(self, step_id: str) -> Entry | None:
        """Return the set of a step while it lives; None without one."""
        key = self._key(step_id)
        data = self._here.get(key) or self._read(key)
        fields = unpack(data) if data else None
        if not fields or life.seconds_left(fields, self.moment()) <= 0:
            return None
        return decode(fields)

    def forget(self, step_id: str) -> None:
        """Drop the set of a step. A keyring that refuses lets it end by itself."""
        key = self._key(step_id)
        self._here.pop(key, None)
        if self.store is None:
            return
        try:
            self.store.delete(key)
        except OSError as error:
            self.why = error.strerror or type(error).__name__

    def _read(self, key: str) -> bytes | None:
        try:
            return self.store.read(key) if self.store else None
        except OSError as error:
            self.why = error.strerror or type(error).__name__
            return None

    def _key(self, step_id: str) -> str:
        place = self.place
        return cache_key(
            _KIND,
            case=self.case,
            server=place.server,
            namespace=place.namespace,
            mount=place.mount,
            step=step_id,
        )


def open_keeper(case: str, place: Place, environ: Mapping[str, str]) -> Keeper:
    """Open the best keyring of this machine; VAULTAWS_CACHE=off means none."""
    wanted = environ.get(SETTING, "")
    encrypted = {} if wanted == "file" else {SETTING: wanted}
    choice = choose({**environ, SETTING: encrypted.get(SETTING, "")}, list)
    if choice is None:
        return Keeper(case, place, why=f"{SETTING} names no kind of cache")
    reasons = (
        reason if name == OFF else f"not in {LABELS[name]}: {reason}"
        for name, reason in choice.missing
    )
    return Keeper(case, place, choice.store, "" if choice.store else "; ".join(reasons))
