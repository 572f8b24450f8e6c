"""How times, keys and tables are said in listings and reports. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from vaultaws.config.durations import words

DAY_SECONDS = 86_400


def short_key(access_key_id: str) -> str:
    """Return ASIA…9QX: enough to recognise a key, accepted back by `--key`."""
    if len(access_key_id) <= 10:
        return access_key_id or "—"
    return f"{access_key_id[:4]}…{access_key_id[-3:]}"


def is_key(access_key_id: str, wanted: str) -> bool:
    """True when `wanted` is the key's id, whole or in its short form."""
    return bool(access_key_id) and wanted in {access_key_id, short_key(access_key_id)}


def ago(moment: datetime | None, now: datetime) -> str:
    """Return 4 min ago, or a dash."""
    return "—" if moment is None else f"{words(max(0.0, (now - moment).total_seconds()))} ago"


def until(moment: datetime, now: datetime) -> str:
    """Return in 11 min, or ended."""
    left = (moment - now).total_seconds()
    return "ended" if left <= 0 else f"in {words(left)}"


def at(moment: datetime, now: datetime) -> str:
    """The time of day here; with the date where it is more than a day away."""
    here = moment.astimezone()
    near = abs((moment - now).total_seconds()) < DAY_SECONDS
    return f"{here:%H:%M}" if near else f"{here:%Y-%m-%d %H:%M}"


def iso(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC with Z, for machines."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def count(number: int, one: str, many: str) -> str:
    """Return 1 lease or 3 leases."""
    return f"{number:,} {one if number == 1 else many}"


def going(doing: str, done: int, total: int, seconds: float) -> str:
    """Return how far work has come: 400 of 1,000, 200 a second, about 3 s left."""
    if not done or seconds <= 0:
        return f"{doing}: {done:,} of {total:,}"
    rate = done / seconds
    pace = f"{rate:,.0f} a second" if rate >= 1 else "less than 1 a second"
    told = f"{doing}: {done:,} of {total:,}, {pace}"
    if done >= total:
        return told
    return f"{told}, about {words(max(1.0, (total - done) / rate))} left"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns, two spaces apart, without trailing spaces."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(lines)


def printable(text: str) -> str:
    """Return text from a log made safe for a terminal: control characters become a mark."""
    return "".join(character if character.isprintable() else "�" for character in text)
