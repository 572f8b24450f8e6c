"""The relations as SQL, each compiled once: for DuckDB here, for Spark and Athena elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from vaultaws.trail import tables

GIVEN: Final = {
    "events": tables.EVENTS,
    "issuances": tables.ISSUANCES,
    "digests": tables.DIGESTS,
    "statics": tables.STATICS,
    "spans": tables.SPANS,
    "revocations": tables.REVOCATIONS,
    "roots": tables.ROOTS,
    "bounds": tables.BOUNDS,
    "strange": tables.STRANGE,
    "parents": tables.KEYS,
    "held": tables.HELD,
}
"""The tables that a query reads by name, besides those that earlier queries left."""
KEPT: Final = {
    "mine": tables.EVENTS,
    "own": tables.OWN,
    "judged": tables.JUDGED,
    "calls": tables.CALLS,
}
"""The queries whose rows others read."""

_KINDS: Final = {
    "string": "string",
    "bool": "boolean",
    "int64": "int64",
    str(tables.TIME): "timestamp('UTC')",
}


@cache
def sql(name: str, dialect: str = "duckdb") -> str:
    """Return one relation as a query in a dialect that ibis knows."""
    import ibis

    relation, sides = _unbound()
    return str(ibis.to_sql(relation(name)(sides), dialect=dialect))


@cache
def _unbound() -> tuple[Callable[[str], Callable[[Any], Any]], Any]:
    import ibis

    from vaultaws.trail import relations

    named = {
        name: ibis.table({column.name: _KINDS[str(column.type)] for column in schema}, name=name)
        for name, schema in (GIVEN | KEPT).items()
    }
    return lambda name: getattr(relations, name), relations.Sides(**named)
