"""Each event once, though two trails deliver it, or one trail twice.

A batch that holds events of an earlier one gets a second Parquet file without them. What was found
out about a batch beside those it overlaps in time is kept, so that it is looked for once.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from vaultaws.trail.sources.batches import ENDING, Batch, write
from vaultaws.trail.tables import EVENTS

ALONE: Final = ".alone"
_MEMORY: Final = "600MB"
_TWICE: Final = """
CREATE TEMP TABLE twice AS
SELECT id FROM (SELECT hash(event_id) AS id FROM read_parquet($paths)) GROUP BY id
HAVING count(*) > 1
"""
_WITH_THEM: Final = """
SELECT DISTINCT filename FROM read_parquet($paths, filename = true)
WHERE hash(event_id) IN (SELECT id FROM twice)
"""
_FRESH: Final = """
SELECT * FROM read_parquet($own) WHERE event_id NOT IN (
  SELECT event_id FROM read_parquet($others) WHERE hash(event_id) IN (SELECT id FROM twice)
)
"""


@dataclass(frozen=True)
class Piece:
    """A Parquet file, of whose events none is in another piece. All are between `first` and
    `last`, microseconds."""

    path: str
    rows: int
    first: int
    last: int


def without_duplicates(directory: Path, use: Sequence[Batch]) -> list[Piece]:
    """Return the Parquet files that together hold every event once.

    A batch whose earlier ones are the same as before is not looked at again. Raises OSError when
    a file cannot be written, or was deleted meanwhile.
    """
    ordered = sorted(use, key=lambda batch: batch.name.split("-", 1)[1])
    found: dict[str, tuple[str, int]] = {}
    open_ones: list[tuple[Batch, list[Batch]]] = []
    for at, batch in enumerate(ordered):
        earlier = [other for other in ordered[:at] if other.overlaps(batch)]
        known = _known(directory, batch, earlier)
        if known:
            found[batch.name] = known
        else:
            open_ones.append((batch, earlier))
    if open_ones:
        found |= _looked_for(directory, open_ones)
    return [Piece(*found[batch.name], batch.first, batch.last) for batch in ordered]


def fresh(events: pa.Table, paths: Sequence[str]) -> pa.Table:
    """Return the rows of a table whose events are in none of the Parquet files, each once."""
    query = "SELECT DISTINCT ON (event_id) * FROM events"
    if paths:
        query += " WHERE event_id NOT IN (SELECT event_id FROM read_parquet($paths))"
    with _connected(tempfile.gettempdir()) as connection:
        connection.register("events", events)
        found = connection.sql(query, params={"paths": list(paths)} if paths else None)
        return _table(found)


def _connected(spill: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": spill})


def _table(found: duckdb.DuckDBPyRelation) -> pa.Table:
    table: pa.Table = found.to_arrow_table()
    return table.select(EVENTS.names).cast(EVENTS)


def _second(directory: Path, batch: Batch, earlier: Sequence[Batch], ending: str) -> Path:
    names = "\n".join(other.name for other in earlier)
    mark = hashlib.sha256(names.encode()).hexdigest()[:16]
    return directory / f"{batch.name.removesuffix(ENDING)}+{mark}{ending}"


def _known(directory: Path, batch: Batch, earlier: Sequence[Batch]) -> tuple[str, int] | None:
    if not earlier or _second(directory, batch, earlier, ALONE).exists():
        return batch.path, batch.rows
    second = _second(directory, batch, earlier, ENDING)
    try:
        return str(second), pq.read_metadata(second).num_rows
    except (OSError, pa.ArrowException):
        return None


def _looked_for(
    directory: Path, open_ones: Sequence[tuple[Batch, list[Batch]]]
) -> dict[str, tuple[str, int]]:
    paths = {path for batch, earlier in open_ones for path in _paths([batch, *earlier])}
    found = {}
    with _connected(str(directory)) as connection:
        connection.execute(_TWICE, {"paths": sorted(paths)})
        with_them = {name for (name,) in connection.execute(
            _WITH_THEM, {"paths": sorted(paths)}
        ).fetchall()}  # fmt: skip
        for batch, earlier in open_ones:
            others = [path for path in _paths(earlier) if path in with_them]
            kept, table = batch.rows, None
            if batch.path in with_them and others:
                given = {"own": batch.path, "others": others}
                table = _table(connection.sql(_FRESH, params=given))
                kept = table.num_rows
            if kept == batch.rows:
                with suppress(OSError):
                    _second(directory, batch, earlier, ALONE).touch(0o600)
                found[batch.name] = batch.path, batch.rows
            else:
                second = _second(directory, batch, earlier, ENDING)
                write(table, second)
                found[batch.name] = str(second), kept
    return found


def _paths(batches: Sequence[Batch]) -> list[str]:
    return [batch.path for batch in batches]
