"""Where the queries run: DuckDB, inside this process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Protocol, Self

from vaultaws.errors import LocalStateError, visible
from vaultaws.trail import queries, tables
from vaultaws.trail.evidence import Window

MEMORY: Final = "768MB"
"""What DuckDB may take before it goes on in a temporary directory."""


class Engine(Protocol):
    """Runs the queries of `queries` over tables that it knows by name."""

    def table(self, name: str, rows: Any) -> None:
        """Name an Arrow table, in the place of one that had the name."""
        ...

    def keep(self, name: str) -> None:
        """Work a query out and keep its rows as the table of that name."""
        ...

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a query as values."""
        ...

    def kept(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table."""
        ...


class DuckDb:
    """One connection, without files of its own but what does not fit into memory."""

    def __init__(self, memory: str = MEMORY, threads: int | None = None) -> None:
        """Raises LocalStateError here and in every method when memory or disk do not suffice."""
        import duckdb

        self._spill = tempfile.TemporaryDirectory(prefix="vaultaws-trail-")
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": self._spill.name,
            "autoinstall_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if threads:
            settings["threads"] = threads
        self._connection = duckdb.connect(config=settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()
        self._spill.cleanup()

    def table(self, name: str, rows: Any) -> None:
        with said():
            self._connection.register(name, rows)

    def files(
        self, name: str, paths: Sequence[str], table: Any, during: Window, *, within: Sequence[str]
    ) -> None:
        """Name the rows of Parquet files and of a table, those of a window, and all rows of the
        files that are known to lie within it: their times need not be looked at."""
        in_window = f"time BETWEEN '{during.start.isoformat()}' AND '{during.end.isoformat()}'"
        with said():
            self._connection.register(f"{name}_rows", table)
            rows = self._connection.table(f"{name}_rows")
            if paths:
                rows = rows.union(self._connection.read_parquet(list(paths)))
            rows = rows.filter(in_window)
            if within:
                rows = rows.union(self._connection.read_parquet(list(within)))
            rows.create_view(name)

    def keep(self, name: str) -> None:
        made = f'CREATE OR REPLACE TEMP TABLE "{name}" AS {queries.ready(name)}'
        with said():
            self._connection.execute(made)

    def rows(self, name: str) -> list[dict[str, Any]]:
        query = queries.ready(name)
        with said():
            return _values(self._connection.execute(query).to_arrow_table())

    def kept(self, name: str) -> list[dict[str, Any]]:
        with said():
            return _values(self._connection.table(name).to_arrow_table())


@contextmanager
def said() -> Iterator[None]:
    """Turn what DuckDB cannot do, for want of memory or of disk, into LocalStateError. A signal
    that ends us is an error of its own to DuckDB: it is raised as what it is."""
    import duckdb

    try:
        yield
    except RuntimeError as error:
        if isinstance(error.__cause__, (KeyboardInterrupt, SystemExit)):
            raise error.__cause__ from None
        raise
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        first = str(error).partition("\n")[0]
        raise LocalStateError(
            "the match did not fit into memory and the temporary directory",
            why=visible(first),
            do=f"free space in {tempfile.gettempdir()}, or set TMPDIR to a larger disk",
        ) from error
    except duckdb.Error as error:
        raise LocalStateError(
            "the match could not be worked out",
            why=f"the engine says: {visible(str(error).partition(chr(10))[0])}",
            do="remove the cache of decoded events (XDG_CACHE_HOME/vaultaws/trail) and try again",
        ) from error


def _values(found: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tables.in_utc(found).to_pylist()
    return rows
