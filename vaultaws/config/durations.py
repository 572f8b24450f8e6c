"""Spans of time as people write them: 15m, 1h30m, 900, 36h, 7d."""

from __future__ import annotations

import re

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
SHAPE = re.compile(r"[0-9]{1,12}|([0-9]{1,12}[smhd])+")
LONGEST_SECONDS = 100 * 365 * UNITS["d"]  # far above any lease; beyond it times overflow


def parse(text: str) -> int:
    """Return whole seconds. Raises ValueError with a sentence on anything else."""
    stripped = text.strip().lower()
    if not SHAPE.fullmatch(stripped):
        raise ValueError(f'"{text}" is not a span of time such as 15m, 1h30m or 900')
    parts = re.findall(r"([0-9]+)([smhd]?)", stripped)
    seconds = sum(int(number) * UNITS.get(unit, 1) for number, unit in parts)
    if seconds > LONGEST_SECONDS:
        raise ValueError(f'"{text}" is longer than 100 years')
    return seconds


def words(seconds: float) -> str:
    """Return seconds as a person says them: 45 s, 15 min, 2 h 30 min, 3 d."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min" if rest == 0 or minutes >= 10 else f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"
