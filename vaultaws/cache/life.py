"""How long a cached set is good, by two clocks: the wall's and the time since the machine started.

The wall's clock jumps, either way; the time since the start does not, and counts sleep. A set is
good only while both say so, and only in the run of the machine in which it was issued.

Light: a hit imports it.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SHARE = 0.25
"""A set is handed out while it has at least this share of its life left …"""
ENOUGH_SECONDS = 900.0
"""… or this much. A lease of 15 minutes is so used for 11 of them, one of 12 hours nearly whole."""

_LONGEST_SECONDS = 366 * 86_400.0  # more is no lease, and infinity no number of seconds
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Moment:
    """One instant: seconds since 1970, seconds since the machine started, and which start."""

    __slots__ = ("boot", "uptime", "wall")

    def __init__(self, wall: float, uptime: float, boot: str = "") -> None:
        self.wall = wall
        self.uptime = uptime
        self.boot = boot


def this_moment() -> Moment:
    """Read the machine's clocks. `boot` is empty where the system does not name its starts."""
    since_start = getattr(time, "CLOCK_BOOTTIME", None) or getattr(time, "CLOCK_MONOTONIC", None)
    uptime = time.monotonic() if since_start is None else time.clock_gettime(since_start)
    return Moment(time.time(), uptime, _boot())


def _boot() -> str:
    try:
        file = os.open(_BOOT_ID, os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(file, 64).decode("ascii", "replace").strip()
    finally:
        os.close(file)


def stamp(issued_at: float, expires_at: float, before: Moment) -> dict[str, str]:
    """Return the fields from which `seconds_left` tells; `before` is from before it was issued."""
    return {
        "issued_at": repr(issued_at),
        "expires_at": repr(expires_at),
        "uptime": repr(before.uptime),
        "boot": before.boot,
    }


def seconds_left(fields: Mapping[str, str], now: Moment) -> float:
    """Return for how long the set is good, 0 when it is not to be used at all.

    It is not before its own issue, after its end, or after another start of the machine.
    """
    try:
        issued, expires = float(fields["issued_at"]), float(fields["expires_at"])
        began, boot = float(fields["uptime"]), fields["boot"]
    except (KeyError, ValueError):
        return 0.0
    life, run = expires - issued, now.uptime - began
    if boot != now.boot or not life <= _LONGEST_SECONDS:
        return 0.0
    if not (issued <= now.wall < expires and 0 <= run < life):
        return 0.0
    return min(expires - now.wall, life - run)


def is_worth_handing_out(fields: Mapping[str, str], now: Moment) -> bool:
    """True while enough of the set's life is left for whoever gets it now."""
    left = seconds_left(fields, now)
    if left <= 0:
        return False
    life = float(fields["expires_at"]) - float(fields["issued_at"])
    return left >= min(life * SHARE, ENOUGH_SECONDS)
