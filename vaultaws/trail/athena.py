"""The match where a trail is terabytes: tables and queries for Athena. Pure.

The table of CloudTrail's files is that of the Athena user guide ("Query AWS CloudTrail logs",
partition projection); `events` is a view on it with the columns of `tables.EVENTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from vaultaws.errors import UsageError
from vaultaws.trail import queries, tables
from vaultaws.trail.records import PARTS, TARGETS, WRITTEN

_KINDS: Final = {
    "string": "string",
    "bool": "boolean",
    "int64": "bigint",
    str(tables.TIME): "timestamp",
}
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/\-]*)?")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


def script(*, trail: str, tables_at: str, account: str, regions: tuple[str, ...]) -> str:
    """Return everything, ready to run: definitions, then queries.

    `trail` is s3://BUCKET/PREFIX of the trail (the part before AWSLogs), `tables_at` where the
    small tables lie as Parquet, one folder a table. Raises UsageError for what is no such name.
    """
    for text in (trail, tables_at):
        if not text.startswith("s3://") or not _NAME.fullmatch(text.removeprefix("s3://")):
            raise UsageError(
                f"{text} is no place in S3", why="it is not s3://BUCKET/PREFIX", do="write it so"
            )
    if not _ACCOUNT.fullmatch(account) or not all(map(_REGION.fullmatch, regions)) or not regions:
        raise UsageError(
            "the trail's account or regions cannot be used",
            why="an account has 12 digits, a region a name such as eu-west-2",
            do="say --account 123456789012 --region eu-west-2",
        )
    return (
        "\n\n".join(
            [
                _trail_table(trail.rstrip("/"), account, regions),
                _events_view(),
                *_small_tables(tables_at.rstrip("/")),
                *_queries(),
            ]
        )
        + "\n"
    )


def _trail_table(trail: str, account: str, regions: tuple[str, ...]) -> str:
    location = f"{trail}/AWSLogs/{account}/CloudTrail/"
    return f"""-- CloudTrail's files, by region and day
CREATE EXTERNAL TABLE IF NOT EXISTS cloudtrail (
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
  'projection.region.values' = '{",".join(regions)}',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy/MM/dd',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'projection.day.range' = 'NOW-90DAYS,NOW',
  'storage.location.template' = '{location}${{region}}/${{day}}'
);"""


def _events_view() -> str:
    noted = ", ".join(f"'{name}'" for name in sorted(tables.TELLING))
    view = _VIEW.replace("{noted}", noted)
    for place, names in {"targets": TARGETS, "parts": PARTS, "written": WRITTEN}.items():
        first = ", ".join(f"json_extract_scalar(requestparameters, '$.{name}')" for name in names)
        view = view.replace(f"{{{place}}}", first)
    return view


_VIEW: Final = """-- the columns of the match
CREATE OR REPLACE VIEW events AS
SELECT *, issued_key <> '' OR name IN ({noted}) AS tells
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
  from_iso8601_timestamp(eventtime) AS time,
  CAST(NULL AS timestamp(3) with time zone) AS issued_until
FROM cloudtrail
WHERE eventversion LIKE '1.%');"""


def _small_tables(place: str) -> Iterator[str]:
    for name, schema in queries.GIVEN.items():
        if name != "events":
            yield (
                f"CREATE EXTERNAL TABLE IF NOT EXISTS {name} (\n  {_columns(schema)}\n)\n"
                f"STORED AS PARQUET LOCATION '{place}/{name}/';"
            )


def _columns(schema: pa.Schema) -> str:
    return ",\n  ".join(f"`{column.name}` {_KINDS[str(column.type)]}" for column in schema)


def _queries() -> Iterator[str]:
    for name in queries.NAMES:
        query = queries.sql(name, "athena")
        if name in queries.KEPT:
            yield f"CREATE TABLE {name} WITH (format = 'PARQUET') AS\n{query};"
        else:
            yield f"-- {name}\n{query};"
