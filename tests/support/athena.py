"""An Athena of our own: its statements, each translated from the text that was printed, run in
DuckDB. What Hive alone reads (CloudTrail's files, folders of Parquet) is read here."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import ErrorLevel, exp

from vaultaws.trail.athena import Place

PLACE = Place("s3://a-trail", "s3://work/match", "123456789012", ("eu-west-2", "us-east-1"))
_TEXTS = (
    "eventversion", "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress",
    "useragent", "errorcode", "requestparameters", "responseelements", "eventid",
    "recipientaccountid", "region", "day",
)  # fmt: skip
_IDENTITY = (
    "STRUCT(type VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, accesskeyid VARCHAR,"
    " username VARCHAR, sessioncontext STRUCT(sessionissuer STRUCT(username VARCHAR)))"
)

_ESCAPE = re.compile(r"\\\+([0-9A-F]{6})")


class Athena:
    """One database. `folder` is where the small tables were written."""

    def __init__(
        self,
        records: Iterable[dict[str, Any]],
        folder: Path | None = None,
        place: str = PLACE.tables_at,
    ) -> None:
        self._rows = [_row(record) for record in records]
        self._folder = folder
        self._place = place
        self._duckdb = duckdb.connect(config={"threads": 1})
        self._duckdb.execute("SET TimeZone = 'Asia/Tokyo'")

    def run(self, text: str) -> list[dict[str, Any]]:
        """Run a statement; return its rows."""
        (tree,) = sqlglot.parse(text, dialect="athena", error_level=ErrorLevel.RAISE)
        assert isinstance(tree, exp.Query | exp.Create | exp.Drop), text
        if isinstance(tree, exp.Create) and "EXTERNAL" in text:
            self._external(tree)
            return []
        for stored in list(tree.find_all(exp.FileFormatProperty)):
            stored.pop()
        for text_node in list(tree.find_all(exp.UnicodeString)):
            text_node.replace(exp.Literal.string(_ESCAPE.sub(_sign, text_node.name)))
        said = tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
        found = self._duckdb.execute(said)
        if not isinstance(tree, exp.Query):
            return []
        rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
        return rows

    def run_round(self, script: str, *rounds: str) -> None:
        """Do what run.sh does."""
        assert self._folder is not None
        assert script == f"{self._folder.name}/run.sh"
        for path in (path for number in rounds for path in self.files(number)):
            rows = self.run(path.read_text("utf-8"))
            if path.name.endswith(".rows.sql"):
                name = path.name.partition("-")[2].removesuffix(".rows.sql")
                (self._folder / f"{name}.csv").write_text(as_csv(rows), "utf-8")

    def files(self, number: str) -> list[Path]:
        """The statements of a round, in their order."""
        assert self._folder is not None
        return sorted((self._folder / number).glob("*.sql"))

    def kinds(self) -> set[str]:
        """The types of all columns of all tables and views."""
        rows = self._duckdb.execute(
            "SELECT DISTINCT data_type FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        return {row[0] for row in rows}

    def _external(self, tree: exp.Create) -> None:
        name, columns = tree.this.this.name, {one.name: one.kind for one in tree.this.expressions}
        if name == "cloudtrail":
            parts = tree.find(exp.PartitionedByProperty)
            assert parts is not None
            partitions = {one.name for one in parts.find_all(exp.ColumnDef)}
            assert {"useridentity", *_TEXTS} == {*columns, *partitions}
            self._cloudtrail()
            return
        assert self._folder is not None
        assert f"LOCATION '{self._place}/{name}/'" in tree.sql("athena")
        casts = ", ".join(
            f'CAST("{key}" AS {kind.sql("duckdb")}) AS "{key}"' for key, kind in columns.items()
        )
        files = self._folder / "tables" / name / "*.parquet"
        self._duckdb.execute(f"CREATE TABLE {name} AS SELECT {casts} FROM '{files}'")

    def _cloudtrail(self) -> None:
        columns = ", ".join(f"{name} VARCHAR" for name in _TEXTS)
        self._duckdb.execute(f"CREATE TABLE cloudtrail (useridentity {_IDENTITY}, {columns})")
        marks = ", ".join("?" * (len(_TEXTS) + 1))
        if self._rows:
            self._duckdb.executemany(f"INSERT INTO cloudtrail VALUES ({marks})", self._rows)


def statements(text: str) -> list[str]:
    """The single statements of what is printed."""
    return [one for one in re.split(r";\n+(?=-- )|;\s*\Z", text) if one]


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as Athena writes them: what is null is nothing, all else in quotes."""
    text = io.StringIO()
    if rows:
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerow(rows[0])
        for row in rows:
            writer.writerow("" if value is None else value for value in row.values())
    return text.getvalue()


def records_in(folder: Path) -> list[dict[str, Any]]:
    """The records of CloudTrail's files, as often as they are there."""
    return [
        record
        for path in sorted(folder.glob("*.json.gz"))
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]
    ]


def _sign(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _row(record: dict[str, Any]) -> list[Any]:
    lower = {name.lower(): value for name, value in record.items()}
    identity = {name.lower(): value for name, value in (lower.get("useridentity") or {}).items()}
    issuer = (identity.get("sessioncontext") or {}).get("sessionIssuer") or {}
    names = ("type", "principalid", "arn", "accountid", "accesskeyid", "username")
    session = {"sessionissuer": {"username": issuer.get("userName")}}
    struct = {name: identity.get(name) for name in names} | {"sessioncontext": session}
    day = str(record["eventTime"])[:10].replace("-", "/")
    lower |= {"region": record["awsRegion"], "day": day}
    return [struct, *(_text(lower.get(name)) for name in _TEXTS)]


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
