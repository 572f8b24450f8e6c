"""Ways from log files of CloudTrail to Parquet with the columns of a match, each as a command.

`python -m benchmarks.trail_readers vaultaws|typed|untyped ROOT OUTPUT` prints how many events there
are, counted by DuckDB in what was written.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

from vaultaws.trail.evidence import Window
from vaultaws.trail.sources.events import FolderSource, open_events

ALWAYS: Final = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC))
_LARGEST: Final = 1 << 28
_TYPES: Final = """
eventVersion VARCHAR, eventID VARCHAR, eventTime VARCHAR, eventName VARCHAR, eventSource VARCHAR,
awsRegion VARCHAR, sourceIPAddress VARCHAR, userAgent VARCHAR, errorCode VARCHAR,
recipientAccountId VARCHAR,
userIdentity STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accessKeyId VARCHAR,
  userName VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT(userName VARCHAR))),
requestParameters STRUCT(userName VARCHAR, roleName VARCHAR, groupName VARCHAR,
  policyArn VARCHAR, policyDocument VARCHAR),
responseElements STRUCT(credentials STRUCT(accessKeyId VARCHAR, expiration VARCHAR),
  accessKey STRUCT(accessKeyId VARCHAR))
"""
_QUERY: Final = """
COPY (
  SELECT r.eventID, r.eventSource, r.eventName, r.awsRegion, r.recipientAccountId,
    r.userIdentity.accessKeyId, r.userIdentity.type, r.userIdentity.arn,
    r.userIdentity.principalId, r.userIdentity.sessionContext.sessionIssuer.userName,
    coalesce(r.responseElements.credentials.accessKeyId,
      r.responseElements.accessKey.accessKeyId) AS issued,
    r.responseElements.credentials.expiration, r.errorCode, r.sourceIPAddress, r.userAgent,
    r.requestParameters.userName AS target, r.requestParameters.policyDocument, r.eventTime
  FROM (SELECT unnest(Records) AS r FROM read_json($files, {options}))
) TO '{output}' (FORMAT parquet, COMPRESSION zstd)
"""


def with_duckdb(root: Path, output: Path, *, typed: bool) -> int:
    """DuckDB's own reader: told the types of what is needed, or left to find them."""
    options = f"maximum_object_size = {_LARGEST}"
    if typed:
        options += f", columns = {{'Records': 'STRUCT({' '.join(_TYPES.split())})[]'}}"
    query = _QUERY.format(options=options, output=output)
    with duckdb.connect() as connection:
        connection.execute(query, {"files": f"{root}/**/*.json.gz"})
        return _count(connection, [str(output)])


def with_vaultaws(root: Path, cache: Path) -> int:
    """The first check's reading, or with a cache a later one's."""
    events = open_events(FolderSource(root), ALWAYS, cache=cache)
    with duckdb.connect() as connection:
        return _count(connection, list(events.paths))


def _count(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> int:
    found = connection.execute("SELECT count(*) FROM read_parquet($p)", {"p": paths}).fetchone()
    return int(found[0]) if found else 0


def main(arguments: list[str]) -> int:
    way, root, output = arguments
    if way == "vaultaws":
        print(with_vaultaws(Path(root), Path(output)))
    else:
        print(with_duckdb(Path(root), Path(output), typed=way == "typed"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
