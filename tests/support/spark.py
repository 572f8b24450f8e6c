"""The match's queries on a local Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from vaultaws.trail import queries, tables


def local_spark(directory: Path) -> SparkSession:
    """One thread on loopback, without a page of its own; what it keeps goes to `directory`."""
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.local.dir": str(directory),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.warehouse.dir": str(directory / "warehouse"),
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local[1]").appName("vaultaws")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


class Spark:
    """An engine (`trail.engines.Engine`) whose tables are Parquet files."""

    def __init__(self, session: SparkSession, directory: Path) -> None:
        self._session = session
        self._directory = directory
        self._number = 0

    def table(self, name: str, rows: pa.Table) -> None:
        self._number += 1
        file = self._directory / f"{name}-{self._number}.parquet"
        pq.write_table(rows, file)
        self._session.read.parquet(str(file)).createOrReplaceTempView(name)

    def keep(self, name: str) -> None:
        self.table(name, self._ask(queries.sql(name, "pyspark")))

    def rows(self, name: str) -> list[dict[str, Any]]:
        return self._values(queries.sql(name, "pyspark"))

    def kept(self, name: str) -> list[dict[str, Any]]:
        return self._values(f"SELECT * FROM {name}")

    def _values(self, query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._ask(query).to_pylist()
        return rows

    def _ask(self, query: str) -> pa.Table:
        return tables.in_utc(self._session.sql(query).toArrow())
