"""The cache: decoded log files as Parquet files, each made from some tens of files of one day.

Everything that is known of such a batch stands in its own metadata: the files it was made from,
with size and time of change, and what was wrong with them. So a batch is there as a whole or not
at all, whoever is killed meanwhile, and any of them may be deleted at any time. A batch is used
when every one of its files is wanted and unchanged, and none is in another batch that is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vaultaws.cache.places import Directory
from vaultaws.trail.sources.faults import Fault, FaultKind
from vaultaws.trail.sources.layout import Days
from vaultaws.trail.sources.record import once
from vaultaws.trail.tables import EVENTS, TELLING

FORM: Final = "2-" + hashlib.sha256(f"{EVENTS} {sorted(TELLING)}".encode()).hexdigest()[:8]
"""Raise the number when the same bytes are read otherwise than before."""
ENDING: Final = ".parquet"
UNFINISHED: Final = ".new"
_MARK: Final = b"vaultaws"
_ANY_DAY: Final = "any"
_ROWS_A_GROUP: Final = 122_880  # as many as DuckDB takes at once
_CODED: Final = [name for name in EVENTS.names if name not in ("event_id", "time", "tells")]
_DAY_SECONDS: Final = 86_400.0
_KEPT_DAYS: Final = 30

Key = tuple[str, int, str]


@dataclass(frozen=True)
class Batch:
    """A Parquet file of the cache. `first` and `last` are its events' times, microseconds."""

    path: str
    keys: frozenset[Key]
    faults: tuple[Fault, ...]
    rows: int
    first: int
    last: int

    @property
    def name(self) -> str:
        return os.path.basename(self.path)  # noqa: PTH119  (there are very many of them)

    def overlaps(self, other: Batch) -> bool:
        """Whether both may hold the same event: one event has one time."""
        return bool(self.rows and other.rows) and (
            self.first <= other.last and other.first <= self.last
        )


def cache_directory(environ: Mapping[str, str]) -> Path | None:
    """Return XDG_CACHE_HOME/vaultaws/trail, None where there is no home."""
    said, home = environ.get("XDG_CACHE_HOME", ""), environ.get("HOME", "")
    if os.path.isabs(said):  # noqa: PTH117  (a text, maybe empty)
        return Path(said) / "vaultaws" / "trail"
    return Path(home) / ".cache" / "vaultaws" / "trail" if home.startswith("/") else None


def source_directory(cache: Path, source: str) -> Path:
    """Make the directory of a source below the cache, both for this person alone.

    Raises OSError where that is not possible.
    """
    place = cache / hashlib.sha256(source.encode()).hexdigest()[:16]
    for path in (cache, place):
        Directory(str(path)).close()
    return place


def save(
    directory: Path,
    day: date | None,
    keys: Iterable[Key],
    faults: Sequence[Fault],
    events: pa.Table,
) -> Batch:
    """Write a batch beside, then put it in its place. Raises OSError, leaving nothing."""
    span = pc.min_max(events["time"].cast(pa.int64())).as_py()
    first, last = span["min"] or 0, span["max"] or 0
    told = {
        "form": FORM,
        "files": sorted(keys),
        "faults": [[fault.kind, fault.file, fault.count, fault.detail] for fault in faults],
        "span": [first, last],
    }
    when = f"{day:%Y%m%d}" if day else _ANY_DAY
    name = f"{when}-{time.time_ns():016x}-{secrets.token_hex(4)}{ENDING}"
    path = directory / name
    write(events.replace_schema_metadata({_MARK: json.dumps(told)}), path)
    return Batch(str(path), frozenset(keys), tuple(faults), events.num_rows, first, last)


def write(events: pa.Table, path: Path) -> None:
    """Write a Parquet file beside, then put it in its place. Raises OSError, leaving nothing.

    The rows that tell something stand together in front, in row groups of their own: a query that
    asks for them alone passes over the others by what the file says of its groups.
    """
    unfinished = path.with_name(f"{path.name}.{os.getpid()}{UNFINISHED}")
    tell = events["tells"]
    try:
        with pq.ParquetWriter(
            unfinished,
            events.schema,
            compression="lz4",
            use_dictionary=_CODED,
        ) as writer:
            for some in (events.filter(tell), events.filter(pc.invert(tell))):
                writer.write_table(some, row_group_size=_ROWS_A_GROUP)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def known(directory: Path, days: Days) -> list[Batch]:
    """Return the batches that may serve these days. What cannot be read is passed over."""
    found = []
    for name in sorted(os.listdir(directory)):  # noqa: PTH208  (there are very many of them)
        if not name.endswith(ENDING) or "+" in name:
            continue
        when = name.partition("-")[0]
        day = None if when == _ANY_DAY else _day(when)
        if days.need(day) and (batch := _opened(directory / name)):
            found.append(batch)
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _opened(path: Path) -> Batch | None:
    try:
        footer = pq.read_metadata(path)
        told: dict[str, Any] = json.loads((footer.metadata or {})[_MARK])
        if told["form"] != FORM:
            return None
        return Batch(
            str(path),
            frozenset((name, size, stamp) for name, size, stamp in told["files"]),
            tuple(Fault(FaultKind(kind), *rest) for kind, *rest in told["faults"]),
            footer.num_rows,
            *told["span"],
        )
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None


def chosen(batches: Iterable[Batch], wanted: frozenset[Key]) -> list[Batch]:
    """Return batches that hold wanted files only, each file once; those of many files first."""
    taken: set[Key] = set()
    use = []
    for batch in sorted(batches, key=lambda batch: (-len(batch.keys), batch.name)):
        if batch.keys and batch.keys <= wanted and taken.isdisjoint(batch.keys):
            taken |= batch.keys
            use.append(batch)
    return use


def keep(use: Iterable[str]) -> None:
    """Mark files as used today."""
    today = time.time()
    for path in use:
        with suppress(OSError):
            if os.stat(path).st_mtime < today - _DAY_SECONDS / 2:  # noqa: PTH116  (a string)
                os.utime(path)


def sweep(directory: Path, batches: Iterable[Batch], use: Sequence[Batch]) -> None:
    """Remove what was not used for 30 days, and after one day what was superseded or left behind.

    Within a day nothing is removed: another process may be about to open it.
    """
    held = frozenset(key for batch in use for key in batch.keys)
    used = {batch.name for batch in use}
    superseded = {batch.name for batch in batches if batch.name not in used and batch.keys <= held}
    with suppress(OSError):
        for name in os.listdir(directory):  # noqa: PTH208  (there are very many of them)
            path = directory / name
            short = name in superseded or name.endswith(UNFINISHED)
            age = _DAY_SECONDS * (1 if short else _KEPT_DAYS)
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - age:
                    path.unlink(missing_ok=True)


def small_ones(use: Iterable[Batch], most: int, rows: int) -> Iterator[list[Batch]]:
    """Yield the small batches of each day that has more than `most` of them."""
    days: dict[str, list[Batch]] = {}
    for batch in use:
        if batch.rows < rows:
            days.setdefault(batch.name.partition("-")[0], []).append(batch)
    yield from (few for few in days.values() if len(few) > most)


def merge(directory: Path, few: Sequence[Batch]) -> Batch:
    """Make one batch of several of one day. Raises OSError."""
    events = once(pa.concat_tables([pq.read_table(batch.path, schema=EVENTS) for batch in few]))
    keys = frozenset(key for batch in few for key in batch.keys)
    faults = [fault for batch in few for fault in batch.faults]
    when = few[0].name.partition("-")[0]
    day = None if when == _ANY_DAY else _day(when)
    return save(directory, day, keys, faults, events)
