"""The events of a source: its log files, decoded once, as Parquet files for the match."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from vaultaws.errors import LocalStateError
from vaultaws.trail.sources import batches
from vaultaws.trail.sources.batches import Batch
from vaultaws.trail.sources.faults import Fault, Faults, gathered
from vaultaws.trail.sources.files import Listing, listed
from vaultaws.trail.sources.layout import Days, SourceFile, Span
from vaultaws.trail.sources.once import Piece, fresh, without_duplicates
from vaultaws.trail.sources.work import PROCESSES, Done, Task, all_done, tasks, unpacked_bytes
from vaultaws.trail.tables import EARLIEST, EVENTS

MUCH_BYTES: Final = 256 << 20
"""JSON from which on the work is worth processes of its own."""
_MOST_SMALL: Final = 24
_SMALL_ROWS: Final = 50_000


class Source(Protocol):
    """Where log files are."""

    @property
    def name(self) -> str:
        """What it is called in messages, and in the cache."""
        ...

    def listed(self, days: Days) -> Listing:
        """List the files that these days need. Raises UsageError or AwsError."""
        ...

    def filled(self, work: Iterable[Task]) -> Iterator[Task]:
        """Yield the tasks with their files' bytes, where a worker cannot read them itself."""
        ...


@dataclass(frozen=True)
class FolderSource:
    """A directory of this machine."""

    root: Path

    @property
    def name(self) -> str:
        return str(self.root.absolute())

    def listed(self, days: Days) -> Listing:
        return listed(self.root, days)

    def filled(self, work: Iterable[Task]) -> Iterator[Task]:
        return iter(work)


@dataclass(frozen=True)
class Events:
    """Every event of the days that a span of time needs, once. Those outside the span, on the same
    days, are among them.

    `paths` are Parquet files with the columns of `tables.EVENTS`, of which `inside` have no event
    outside the span; `table` has what could not be kept in files. `faults` tell what was not read,
    `notes` what else to say.
    """

    paths: tuple[str, ...]
    inside: frozenset[str]
    table: pa.Table
    faults: Faults
    notes: tuple[str, ...] = ()
    files: int = 0
    decoded: int = 0
    rows: int = 0


@dataclass
class _Loading:
    """One run."""

    directory: Path | None
    watch: Callable[[str], None]
    use: list[Batch] = field(default_factory=list)
    tables: list[pa.Table] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def take(self, done: Done) -> None:
        if done.batch:
            self.use.append(done.batch)
        if done.events is not None:
            self.tables.append(done.events)
        if done.problem:
            self.problems.append(done.problem)
        self.faults += done.faults


def open_events(
    source: Source,
    span: Span,
    *,
    cache: Path | None,
    watch: Callable[[str], None] = lambda _: None,
    processes: int = PROCESSES,
    much_bytes: int = MUCH_BYTES,
) -> Events:
    """Decode what is new in a source and return all that the span needs.

    `cache` is a directory that may be lost at any time, None for none; `watch` is told in words
    what is being done. From `much_bytes` of JSON on the work is done in so many `processes`.
    Raises UsageError, AwsError and LocalStateError.
    """
    days = Days.of(span)
    watch("CloudTrail, listing files")
    listing = source.listed(days)
    for place in (cache, cache, None):
        loading = _Loading(None, watch, faults=list(listing.faults))
        held = _held(loading, place, source, days)
        loading.use = batches.chosen(held, frozenset(file.key for file in listing.files))
        cached = frozenset(key for batch in loading.use for key in batch.keys)
        new = [file for file in listing.files if file.key not in cached]
        try:
            much = sum(map(unpacked_bytes, new)) >= much_bytes
            _decode(source, new, loading, processes if much else 0)
            return _settled(loading, held, listing, len(new), span)
        except (FileNotFoundError, duckdb.IOException):
            if loading.directory is None:
                raise
        except duckdb.Error as error:
            raise LocalStateError(
                "the events could not be searched for duplicates",
                why=str(error).partition("\n")[0],
                do="free some memory and room on the disk, or choose a shorter span of time",
            ) from error
    raise AssertionError("without a cache there is nothing that could be deleted")


def _held(loading: _Loading, cache: Path | None, source: Source, days: Days) -> list[Batch]:
    """What the cache has for these days. Where it cannot be used, that is noted."""
    try:
        if cache is not None:
            loading.directory = batches.source_directory(cache, source.name)
            return batches.known(loading.directory, days)
    except OSError as error:
        loading.directory = None
        loading.problems.append(error.strerror or str(error))
    return []


def _decode(source: Source, files: Sequence[SourceFile], loading: _Loading, processes: int) -> None:
    done = 0
    for part in all_done(source.filled(tasks(files)), loading.directory, processes):
        loading.take(part)
        done += part.files
        loading.watch(f"CloudTrail, {done:,} of {len(files):,} new files")


def _settled(
    loading: _Loading, held: list[Batch], listing: Listing, decoded: int, span: Span
) -> Events:
    """The events once, the cache in order."""
    pieces = _once(loading, held, loading.directory) if loading.directory else []
    names = [piece.path for piece in pieces if piece.rows]
    start, end = _microseconds(span.start), _microseconds(span.end)
    inside = [piece.path for piece in pieces if start <= piece.first and piece.last <= end]
    table = pa.concat_tables([EVENTS.empty_table(), *loading.tables])
    if table.num_rows:
        table = fresh(table, names)
    found = [*loading.faults, *(fault for batch in loading.use for fault in batch.faults)]
    return Events(
        tuple(names),
        frozenset(inside),
        table,
        gathered(found),
        _notes(loading, listing),
        files=len(listing.files),
        decoded=decoded,
        rows=sum(piece.rows for piece in pieces) + table.num_rows,
    )


def _microseconds(moment: datetime) -> int:
    return (moment - EARLIEST) // timedelta(microseconds=1)


def _once(loading: _Loading, held: list[Batch], directory: Path) -> list[Piece]:
    """The batches' files without duplicates. With no room for them their events go to a table."""
    loading.watch("CloudTrail, leaving out duplicates")
    try:
        _merge_small(directory, loading.use)
        pieces = without_duplicates(directory, loading.use)
    except FileNotFoundError:
        raise
    except OSError as error:
        loading.problems.append(error.strerror or str(error))
        loading.tables += [pq.read_table(batch.path, schema=EVENTS) for batch in loading.use]
        return []
    batches.keep([piece.path for piece in pieces] + [batch.path for batch in loading.use])
    batches.sweep(directory, held, loading.use)
    return pieces


def _merge_small(directory: Path, use: list[Batch]) -> None:
    for few in list(batches.small_ones(use, _MOST_SMALL, _SMALL_ROWS)):
        merged = batches.merge(directory, few)
        use[:] = [batch for batch in use if batch not in few]
        use.append(merged)


def _notes(loading: _Loading, listing: Listing) -> tuple[str, ...]:
    notes = []
    if loading.problems:
        why = loading.problems[0]
        notes.append(f"the cache of decoded log files is not used in full: {why}")
    if listing.others:
        notes.append(_others(listing.others))
    return tuple(notes)


def _others(number: int) -> str:
    if number == 1:
        return "1 file that is no log file was left out"
    return f"{number:,} files that are no log files were left out"
