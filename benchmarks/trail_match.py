"""The match alone, from one to ten million events.

`python -m benchmarks.trail_match --scratch DIRECTORY`

The events are Parquet files as `trail/sources` keeps them, written by DuckDB from a formula: of a
hundred, one is a credential that Vault's identity mints and sixty are calls with such credentials.
The audit log explains all but one in a thousand. Each size is matched in a process of its own, so
that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

from vaultaws.model import AuditIssuance
from vaultaws.trail import tables
from vaultaws.trail.engines import DuckDb
from vaultaws.trail.evidence import AuditView, VaultIdentity, Window
from vaultaws.trail.match import Question, match, roots
from vaultaws.trail.verdicts import Standing

START: Final = datetime(2026, 11, 20, tzinfo=UTC)
END: Final = START + timedelta(days=7)
ROOT_KEY: Final = "AK" + "IA" + "0" * 16
MINTING: Final = 100
STOLEN: Final = 1_000
SIZES: Final = (1_000_000, 3_000_000, 10_000_000)

_EVENTS: Final = """
COPY (
  SELECT
    'event-' || i AS event_id,
    CASE WHEN i % $minting = 0 THEN 'sts' ELSE 'service-' || hash(i) % 40 END AS service,
    CASE WHEN i % $minting = 0 THEN 'GetFederationToken' ELSE 'Call' || hash(i, 1) % 300 END
      AS name,
    'eu-west-2' AS region, '123456789012' AS account,
    CASE WHEN i % $minting = 0 THEN $root
      WHEN i % $minting <= 60 THEN 'key-' || hash(i, 2) % (i // $minting + 1)
      ELSE 'other-' || hash(i, 3) % 5000 END AS access_key_id,
    CASE WHEN i % $minting = 0 THEN 'IAMUser' ELSE 'FederatedUser' END AS identity_type,
    '' AS principal_arn, '' AS principal_id,
    CASE WHEN i % $minting = 0 THEN 'vault-root' ELSE '' END AS user_name,
    CASE WHEN i % $minting = 0 THEN 'key-' || i // $minting ELSE '' END AS issued_key,
    CASE WHEN hash(i, 4) % 50 = 0 AND i % $minting != 0 THEN 'AccessDenied' ELSE '' END
      AS error_code,
    '10.0.' || hash(i, 5) % 256 || '.' || hash(i, 6) % 256 AS source_ip,
    'Boto3/1.40.' || hash(i, 7) % 30 AS user_agent,
    '' AS target, '' AS part, '' AS policy_document,
    TIMESTAMPTZ '2026-11-20 00:00:00+00' + to_microseconds(i * (604800000000 // $events)) AS time,
    CAST(NULL AS TIMESTAMPTZ) AS issued_until,
    i % $minting = 0 AS tells
  FROM range($events) AS numbers(i)
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""


def written(scratch: Path, events: int) -> Path:
    """Write the events unless they are there."""
    path = scratch / f"match-{events}.parquet"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        with duckdb.connect() as connection:
            connection.execute(
                _EVENTS.format(path=unfinished),
                {"events": events, "minting": MINTING, "root": ROOT_KEY},
            )
        unfinished.rename(path)
    return path


def issuances(events: int) -> list[AuditIssuance]:
    """The audit log: every credential but one in a thousand, keys in clear."""
    step = timedelta(days=7) / events * MINTING
    return [
        AuditIssuance(
            time=START + step * number,
            request_id=f"request-{number}",
            path=f"aws/sts/role-{number % 20}",
            lease_id=f"aws/sts/role-{number % 20}/{number}",
            access_key=f"key-{number}",
            entity_id=f"entity-{number % 300}",
            display_name=f"userpass-person-{number % 300}",
            is_sts=True,
        )
        for number in range(events // MINTING)
        if number % STOLEN
    ]


def matched(path: Path, events: int) -> dict[str, float]:
    """Match once; return seconds, the credentials, and MiB at the peak of this process."""
    view = AuditView(issuances(events), begins=START - timedelta(days=1))
    identity = VaultIdentity(frozenset({ROOT_KEY}), "vault-root")
    with DuckDb() as engine:
        engine.table("roots", roots(identity))
        empty = tables.EVENTS.empty_table()
        engine.files("events", [], empty, Window(START, END), within=[str(path)])
        began = time.perf_counter()
        found = match(engine, Question(view, identity, since=START, watermark=END))
        seconds = time.perf_counter() - began
    stolen = len(found.of(Standing.UNEXPLAINED))
    expected = -(-(events // MINTING) // STOLEN)
    if stolen != expected:
        raise SystemExit(f"{stolen} unexplained, {expected} were stolen")
    return {
        "seconds": seconds,
        "credentials": len(found.verdicts),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scratch", type=Path, required=True, help="a directory with some room")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    given.scratch.mkdir(parents=True, exist_ok=True)
    if given.one:
        print(json.dumps(matched(written(given.scratch, given.one), given.one)))
        return 0
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(f"DuckDB {duckdb.__version__}, load average {os.getloadavg()[0]:.1f}\n")
    print("| events | credentials | s | µs an event | MiB |\n|---:|---:|---:|---:|---:|")
    for events in given.sizes:
        written(given.scratch, events)
        command = [sys.executable, "-m", "benchmarks.trail_match", "--scratch", str(given.scratch)]
        done = subprocess.run(
            [*command, "--one", str(events)], check=True, capture_output=True, text=True
        )
        found = json.loads(done.stdout)
        each = found["seconds"] / events * 1e6
        print(
            f"| {events:,} | {found['credentials']:,} | {found['seconds']:.1f} | {each:.2f} |"
            f" {found['mib']:,.0f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
