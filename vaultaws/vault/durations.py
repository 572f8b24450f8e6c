"""Go's durations, as Vault reads and prints them ("30m", "1h0m0s", "900", 900)."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_NUMBER = r"[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18}"
_PART: Final = re.compile(rf"({_NUMBER})(ns|us|µs|μs|ms|s|m|h|d)", re.ASCII)
_WHOLE: Final = re.compile(rf"-?(?:(?:{_NUMBER})(?:ns|us|µs|μs|ms|s|m|h|d))+", re.ASCII)
_PLAIN: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def parse_duration(text: str) -> float:
    """Read a Go duration or plain seconds, in seconds.

    Vault's own parser takes both (go-secure-stdlib parseutil.ParseDurationSecond), and days
    besides. Raises ValueError when it is neither.
    """
    word = text.strip()
    if _PLAIN.fullmatch(word):
        return float(word)
    if not _WHOLE.fullmatch(word):
        msg = "not a duration; write it like 30s, 15m or 1h30m"
        raise ValueError(msg)
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(word))
    return -total if word.startswith("-") else total
