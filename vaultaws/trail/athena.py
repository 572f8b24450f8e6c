"""The match where a trail is terabytes: tables and queries for Athena. Pure.

The table of CloudTrail's files is that of the Athena user guide ("Query AWS CloudTrail logs",
partition projection); `events` is a view on it with the columns of `tables.EVENTS`. Athena runs one
statement at a time, and its tables keep no time with a zone: every time is UTC, to milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final

import pyarrow as pa

from vaultaws.errors import UsageError
from vaultaws.trail import apart, tables
from vaultaws.trail.evidence import Window
from vaultaws.trail.records import PARTS, TARGETS, WRITTEN

_HIVE: Final = {
    "string": "string",
    "bool": "boolean",
    "int64": "bigint",
    str(tables.TIME): "timestamp",
}
_TRINO: Final = {
    "string": "varchar",
    "bool": "boolean",
    "int64": "bigint",
    str(tables.TIME): "timestamp(3)",
}
MOST_BYTES: Final = 262_144
"""How long a statement may be (Athena user guide, "Service quotas")."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*()/\-]*)?")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_LATE: Final = timedelta(days=1)
"""A file lies under the day on which it was delivered."""


@dataclass(frozen=True)
class Statement:
    """One statement. `is_asked` says that its rows are wanted."""

    name: str
    text: str
    is_asked: bool = False


@dataclass(frozen=True)
class Place:
    """`trail` is s3://BUCKET/PREFIX of the trail (the part before AWSLogs), `tables_at` where the
    small tables lie as Parquet, one folder a table. Raises UsageError for what is no such name."""

    trail: str
    tables_at: str
    account: str
    regions: tuple[str, ...]

    def __post_init__(self) -> None:
        for text in (self.trail, self.tables_at):
            if not text.startswith("s3://") or not _NAME.fullmatch(text.removeprefix("s3://")):
                raise UsageError(
                    f"{text} is no place in S3",
                    why="it is not s3://BUCKET/PREFIX",
                    do="write it so",
                )
        named = bool(self.regions) and all(map(_REGION.fullmatch, self.regions))
        if not _ACCOUNT.fullmatch(self.account) or not named:
            raise UsageError(
                "the trail's account or regions cannot be used",
                why="an account has 12 digits, a region a name such as eu-west-2",
                do="say --account 123456789012 --region eu-west-2",
            )


def first(
    place: Place, window: Window, small: Mapping[str, list[Statement]], refusals: int
) -> list[Statement]:
    """The statements up to the query `seen`. `small` defines the small tables."""
    return [
        Statement("cloudtrail-drop", "DROP TABLE IF EXISTS `cloudtrail`"),
        Statement("cloudtrail", _trail_table(place, window)),
        Statement("events", _events_view(window)),
        *(one for name in apart.SMALL_FIRST for one in small[name]),
        *_queries(apart.FIRST, refusals),
    ]


def second(small: Mapping[str, list[Statement]], refusals: int) -> list[Statement]:
    """The statements from there to the verdicts."""
    return [*chain.from_iterable(small.values()), *_queries(apart.SECOND, refusals)]


def external(name: str, place: Place) -> list[Statement]:
    """A small table whose Parquet files lie in S3."""
    columns = ",\n  ".join(
        f"`{column.name}` {_HIVE[str(column.type)]}" for column in apart.SMALL[name]
    )
    where = f"{place.tables_at.rstrip('/')}/{name}/"
    return [
        Statement(f"{name}-drop", f"DROP TABLE IF EXISTS `{name}`"),
        Statement(
            name,
            f"CREATE EXTERNAL TABLE `{name}` (\n  {columns}\n)\nSTORED AS PARQUET\n"
            f"LOCATION '{where}'",
        ),
    ]


def inline(name: str, rows: pa.Table) -> list[Statement]:
    """A small table as a view that says its rows. Raises UsageError where there are too many."""
    schema = apart.SMALL[name]
    casts = ", ".join(
        f'CAST("{column.name}" AS {_TRINO[str(column.type)]}) AS "{column.name}"'
        for column in schema
    )
    names = ", ".join(f'"{column.name}"' for column in schema)
    said = [
        f"({', '.join(_literal(row[key]) for key in schema.names)})" for row in rows.to_pylist()
    ]
    none = f"({', '.join(['NULL'] * len(schema))})"
    values = ",\n  ".join(said or [none])
    where = "" if said else "\nWHERE FALSE"
    text = (
        f"CREATE OR REPLACE VIEW {name} AS\nSELECT {casts}\n"
        f"FROM (VALUES\n  {values}\n) AS t ({names}){where}"
    )
    if len(text.encode()) > MOST_BYTES:
        raise UsageError(
            f"{len(said)} rows of {name} are too many for a statement of Athena's",
            why=f"one may have {MOST_BYTES:,} bytes",
            do="write the tables as files: --out DIRECTORY",
        )
    return [Statement(name, text)]


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case datetime():
            return f"TIMESTAMP '{_moment(value)}'"
        case int():
            return str(value)
        case _:
            return _text(str(value))


def _text(value: str) -> str:
    """A literal that does nothing to a terminal that shows it."""
    quoted = value.replace("'", "''")
    if quoted.isprintable():
        return f"'{quoted}'"
    said = (
        sign if sign.isprintable() and sign != "\\" else f"\\+{ord(sign):06X}" for sign in quoted
    )
    return f"U&'{''.join(said)}'"


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _queries(names: tuple[str, ...], refusals: int) -> Iterator[Statement]:
    for name in names:
        query = apart.sql(name, "athena", refusals)
        if name not in apart.KEPT:
            yield Statement(name, query, is_asked=True)
            continue
        columns = ",\n  ".join(
            f'CAST("{column.name}" AS {_TRINO[str(column.type)]}) AS "{column.name}"'
            for column in apart.KEPT[name]
        )
        yield Statement(f"{name}-drop", f"DROP TABLE IF EXISTS `{name}`")
        yield Statement(
            name,
            f"CREATE TABLE {name} WITH (format = 'PARQUET') AS\nSELECT\n  {columns}\n"
            f"FROM (\n{query}\n)",
        )


def _trail_table(place: Place, window: Window) -> str:
    location = f"{place.trail.rstrip('/')}/AWSLogs/{place.account}/CloudTrail/"
    begins, ends = _days(window)
    return f"""CREATE EXTERNAL TABLE cloudtrail (
  eventversion string,
  useridentity struct<type:string, principalid:string, arn:string, accountid:string,
    accesskeyid:string, username:string,
    sessioncontext:struct<sessionissuer:struct<username:string>>>,
  eventtime string,
  eventsource string,
  eventname string,
  awsregion string,
  sourceipaddress string,
  useragent string,
  errorcode string,
  requestparameters string,
  responseelements string,
  eventid string,
  recipientaccountid string
)
PARTITIONED BY (region string, day string)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION '{location}'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.region.type' = 'enum',
  'projection.region.values' = '{",".join(place.regions)}',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy/MM/dd',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'projection.day.range' = '{begins},{ends}',
  'storage.location.template' = '{location}${{region}}/${{day}}'
)"""


def _days(window: Window) -> tuple[str, str]:
    ends = window.end + _LATE
    return f"{window.start.astimezone(UTC):%Y/%m/%d}", f"{ends.astimezone(UTC):%Y/%m/%d}"


def _events_view(window: Window) -> str:
    places = {
        "noted": ", ".join(f"'{name}'" for name in sorted(tables.TELLING)),
        "columns": ", ".join(f'"{name}"' for name in tables.EVENTS.names),
        "begins": _moment(window.start),
        "ends": _moment(window.end),
    }
    places["day"], places["last_day"] = _days(window)
    for place, names in {"targets": TARGETS, "parts": PARTS, "written": WRITTEN}.items():
        places[place] = ", ".join(
            f"json_extract_scalar(requestparameters, '$.{name}')" for name in names
        )
    view = _VIEW
    for place, text in places.items():
        view = view.replace(f"{{{place}}}", text)
    return view


_VIEW: Final = """CREATE OR REPLACE VIEW events AS
SELECT {columns}
FROM (SELECT
  *,
  issued_key <> '' OR name IN ({noted}) AS tells,
  coalesce(
    try(date_parse(plain_end, '%b %e %Y %h:%i:%s %p')),
    try(date_parse(plain_end, '%Y %m %dT%H:%i:%sZ'))
  ) AS issued_until
FROM (SELECT
  eventid AS event_id,
  regexp_replace(eventsource, '\\.amazonaws\\.com$', '') AS service,
  eventname AS name,
  awsregion AS region,
  coalesce(recipientaccountid, '') AS account,
  coalesce(useridentity.accesskeyid, '') AS access_key_id,
  coalesce(useridentity.type, '') AS identity_type,
  coalesce(useridentity.arn, '') AS principal_arn,
  coalesce(useridentity.principalid, '') AS principal_id,
  coalesce(useridentity.username, useridentity.sessioncontext.sessionissuer.username, '')
    AS user_name,
  coalesce(json_extract_scalar(responseelements, '$.credentials.accessKeyId'),
    json_extract_scalar(responseelements, '$.accessKey.accessKeyId'), '') AS issued_key,
  coalesce(errorcode, '') AS error_code,
  coalesce(sourceipaddress, '') AS source_ip,
  coalesce(useragent, '') AS user_agent,
  coalesce({targets}, '') AS target,
  coalesce({parts}, '') AS part,
  coalesce({written}, '') AS policy_document,
  try(date_parse(eventtime, '%Y-%m-%dT%H:%i:%sZ')) AS time,
  regexp_replace(json_extract_scalar(responseelements, '$.credentials.expiration'),
    '[^A-Za-z0-9:]+', ' ') AS plain_end
FROM cloudtrail
WHERE eventversion LIKE '1.%' AND day BETWEEN '{day}' AND '{last_day}'))
WHERE time BETWEEN TIMESTAMP '{begins}' AND TIMESTAMP '{ends}'"""
