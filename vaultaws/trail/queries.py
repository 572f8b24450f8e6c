"""The relations as SQL: for DuckDB here, for Spark and Athena elsewhere.

For DuckDB they stand compiled beside this module, since ibis takes half a second to compile them:
`scripts/queries.py` writes them from the relations, and a test fails when the two differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

import pyarrow as pa

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
    "denying": tables.DENYING,
    "calls": tables.CALLS,
}
"""The queries whose rows others read."""

NAMES: Final = (
    "owners", "root_keys", "mine", "own", "judged", "unseen", "ended", "children", "denying",
    "cuts", "principals", "calls", "uses", "actions", "sorts", "marks", "opened", "story",
)  # fmt: skip
"""The queries, in the order in which `match` asks them."""

ZONELESS: Final = frozenset({"athena", "trino"})
"""Dialects whose times are UTC without saying so: Athena keeps no time with a zone in its tables,
and turns none into one without (Athena user guide, "Athena engine version 3")."""
_KINDS: Final = {"string": "string", "bool": "boolean", "int64": "int64"}
_ZONED, _PLAIN = "timestamp('UTC')", "timestamp(3)"


@cache
def ready(name: str) -> str:
    """Return one relation as DuckDB's query."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8")


@cache
def sql(name: str, dialect: str = "duckdb") -> str:
    """Compile one relation to a query in a dialect that ibis knows."""
    import ibis

    from vaultaws.trail import relations

    sides = relations.Sides(**named(GIVEN | KEPT, dialect))
    return str(ibis.to_sql(getattr(relations, name)(sides), dialect=dialect))


def named(schemas: Mapping[str, pa.Schema], dialect: str = "duckdb") -> dict[str, Any]:
    """Tables of these schemas without rows, as a dialect has them."""
    import ibis

    kinds = _KINDS | {str(tables.TIME): _PLAIN if dialect in ZONELESS else _ZONED}
    return {
        name: ibis.table({column.name: kinds[str(column.type)] for column in schema}, name=name)
        for name, schema in schemas.items()
    }
