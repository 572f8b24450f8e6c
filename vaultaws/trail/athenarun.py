"""A match in Athena as a person runs it: what is said in each round, printed or as files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from vaultaws.errors import LocalStateError, UsageError
from vaultaws.trail import apart, athena, carried
from vaultaws.trail.athena import Place, Statement
from vaultaws.trail.check import Sources
from vaultaws.trail.evidence import Window

_DATABASE: Final = re.compile(r"[a-z0-9_]{1,128}")
_PLAIN: Final = pa.timestamp("ms")
_RUN: Final = """#!/bin/sh
# Runs the rounds that are named (1, 2) in Athena, with the AWS CLI: uploads the small tables, then
# asks one statement after the other. The rows of those that have any lie here as CSV then.
# ATHENA_WORKGROUP names the workgroup, primary when it is not set.
set -eu
cd "$(dirname "$0")"
place={place}
ask() {{
  id=$(aws athena start-query-execution --work-group "${{ATHENA_WORKGROUP:-primary}}" \\
    --result-configuration "OutputLocation=$place/results/" \\
    --query QueryExecutionId --output text "$@")
  while :; do
    state=$(aws athena get-query-execution --query-execution-id "$id" \\
      --query QueryExecution.Status.State --output text)
    case $state in
      SUCCEEDED) return ;;
      FAILED|CANCELLED)
        aws athena get-query-execution --query-execution-id "$id" \\
          --query QueryExecution.Status.StateChangeReason --output text >&2
        return 1 ;;
    esac
    sleep 1
  done
}}
aws s3 cp --recursive --only-show-errors tables "$place"
ask --query-string 'CREATE DATABASE IF NOT EXISTS `{database}`'
for round in "$@"; do
  for file in "$round"/*.sql; do
    echo "$file" >&2
    ask --query-execution-context Database={database} --query-string "file://$file"
    case $file in
      *.rows.sql)
        name=${{file##*/}} name=${{name%.rows.sql}}
        from=$(aws athena get-query-execution --query-execution-id "$id" \\
          --query QueryExecution.ResultConfiguration.OutputLocation --output text)
        aws s3 cp --only-show-errors "$from" "${{name#*-}}.csv" ;;
    esac
  done
done
"""


@dataclass(frozen=True)
class Run:
    """What is known. `first` are the tables of the first round, `second` all of them, None where
    the first must be run before. `is_settled` as in `carried.Carried`."""

    window: Window
    refusals: int
    first: Mapping[str, Any] | None = None
    second: Mapping[str, Any] | None = None
    is_settled: bool = True

    @property
    def tables(self) -> Mapping[str, Any]:
        return self.second or self.first or {}

    def rounds(
        self, place: Place, small: Mapping[str, list[Statement]]
    ) -> dict[int, list[Statement]]:
        """The statements of the rounds that can be run now. `small` defines the small tables."""
        found = {}
        if self.first is not None:
            found[1] = athena.first(place, self.window, small, self.refusals)
        if self.second is not None:
            found[2] = athena.second(small, self.refusals)
        return found


def run(sources: Sources, window: Window, seen: Iterable[str] | None = None) -> Run:
    """Gather what can be told. Raises VaultError, and UsageError for what is not of `seen`."""
    refusals, first = sources.expected.refusals, carried.first(sources, window)
    if seen is not None:
        known = carried.read(seen)
        told = carried.second(sources, known)
        if told.is_settled:
            return Run(known.window, refusals, second=told.tables)
        return Run(known.window, refusals, told.tables, is_settled=False)
    if carried.must_ask(sources):
        return Run(window, refusals, first)
    return Run(window, refusals, first, carried.second(sources, carried.Seen(window)).tables)


def printed(made: Run, place: Place) -> str:
    """The statements that can be run now, with the small tables in them."""
    small = {name: athena.inline(name, rows) for name, rows in made.tables.items()}
    rounds = made.rounds(place, small).values()
    return "\n\n".join(f"-- {one.name}\n{one.text};" for some in rounds for one in some)


def write(made: Run, place: Place, directory: Path, database: str) -> tuple[int, ...]:
    """Write the small tables, the statements that can be run now and what runs them, in the place
    of earlier ones. Returns the rounds. Raises UsageError and LocalStateError."""
    if not _DATABASE.fullmatch(database):
        raise UsageError(
            f"{database} is no name of a database",
            why="it may have lower-case letters, digits and _",
            do="say --database vaultaws_trail",
        )
    rounds = made.rounds(place, {name: athena.external(name, place) for name in apart.SMALL})
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, rows in made.tables.items():
            _table(directory / "tables" / name, rows)
        for number, statements in rounds.items():
            _statements(directory / str(number), statements)
        where = shlex.quote(place.tables_at.rstrip("/"))
        (directory / "run.sh").write_text(_RUN.format(place=where, database=database), "utf-8")
    except OSError as error:
        raise LocalStateError(
            f"{directory} cannot be written",
            why=str(error),
            do="name another directory: --out DIRECTORY",
        ) from error
    return tuple(rounds)


def _table(folder: Path, rows: pa.Table) -> None:
    """Write a table with its times in UTC, without a zone."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = [
        pa.field(field.name, _PLAIN) if pa.types.is_timestamp(field.type) else field
        for field in rows.schema
    ]
    pq.write_table(rows.cast(pa.schema(fields), safe=False), folder / f"{folder.name}.parquet")


def _statements(folder: Path, statements: Sequence[Statement]) -> None:
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.sql"):
        old.unlink()
    for number, one in enumerate(statements, 1):
        ending = ".rows.sql" if one.is_asked else ".sql"
        (folder / f"{number:02}-{one.name}{ending}").write_text(f"{one.text}\n", "utf-8")
