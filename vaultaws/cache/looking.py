"""What the light way and the long way do alike: open the places, look a set up.

Light: a hit imports it.
"""

from __future__ import annotations

from vaultaws.cache.flight import Flight
from vaultaws.cache.life import is_worth_handing_out
from vaultaws.cache.places import cache_directory
from vaultaws.cache.record import unpack
from vaultaws.cache.store import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vaultaws.cache.life import Moment
    from vaultaws.cache.store import Choice, Store

_flights: dict[str, Flight] = {}


def open_places(environ: Mapping[str, str]) -> tuple[Choice | None, Flight]:
    """Return the place that keeps sets (None when the setting is no choice) and the locks."""
    directory = cache_directory(environ)
    flight = _flights.setdefault(directory, Flight(directory))

    def listed() -> list[str]:
        return flight.keys()

    return choose(environ, listed), flight


def look_up(store: Store, key: str, now: Moment) -> dict[str, str] | None:
    """Return the fields of a set that is worth handing out; raises nothing.

    A place that cannot be read has nothing for us.
    """
    try:
        data = store.read(key)
    except OSError:
        return None
    fields = unpack(data) if data else None
    return fields if fields and is_worth_handing_out(fields, now) else None
