"""The tables that a match reads, as Arrow schemas, and our values as rows of them.

Text that a record does not have is the empty string, a time that it does not have is null. All
times are UTC, in microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa

from vaultaws.leases import person
from vaultaws.model import AuditIssuance, Event
from vaultaws.trail import cuts
from vaultaws.trail.acts import NOTED
from vaultaws.trail.audit import AuditRevocation

TIME: Final = pa.timestamp("us", tz="UTC")
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2262, 1, 1, tzinfo=UTC)
"""The times that every engine can hold, DuckDB, Spark and Athena."""

TELLING: Final = NOTED | cuts.NAMES
"""The names of calls that may open access, deny it, or take a deny away."""


def _schema(texts: str, **others: pa.DataType) -> pa.Schema:
    columns = [pa.field(name, pa.string()) for name in texts.split()]
    return pa.schema([*columns, *(pa.field(name, kind) for name, kind in others.items())])


EVENTS: Final = _schema(
    "event_id service name region account access_key_id identity_type principal_arn principal_id "
    "user_name issued_key error_code source_ip user_agent target part policy_document",
    time=TIME,
    issued_until=TIME,
    tells=pa.bool_(),
)
"""One CloudTrail record a row; an event that several trails delivered may stand there twice.

`issued_key` is the key id that the answer carried and `issued_until` when it ends (STS),
`target` the user, role, group or policy that the call was about, `part` what of it (a policy's name
or ARN, or a key's id), `policy_document` what it wrote there (PutUserPolicy and its like; of
UpdateAccessKey the key's status), `account` the recipient's. `tells` is what `tells`
says of the row: few rows are such, and an engine finds them without reading the others.
"""

ISSUANCES: Final = _schema(
    "request_id path role lease_id access_key person entity_id display_name token_accessor "
    "remote_address namespace",
    time=TIME,
    token_ttl_seconds=pa.int64(),
    is_sts=pa.bool_(),
)
"""One issuance of the audit log a row; `access_key` as the log writes it: a digest, or clear."""

REVOCATIONS: Final = _schema("lease namespace", time=TIME, is_prefix=pa.bool_())
"""One revocation of the audit log a row; `lease` is an id, its digest, or a prefix's path, each
within its namespace."""

DIGESTS: Final = _schema("value digest")
"""What the audit log writes for a key id or a lease id."""

STATICS: Final = _schema("user_name")
"""The IAM users of static roles."""

SPANS: Final = _schema("kind", starts=TIME, ends=TIME)
"""Spans of time in which something is so; both ends belong to it."""

HELD: Final = _schema("key_id", ends=TIME, cut=TIME)
"""The keys that are judged; `ends` is the moment after which a call with one is too late, `cut` the
one after which AWS denies it."""

KEYS: Final = _schema("key_id")

STRANGE: Final = _schema("kind value")
"""Values that nobody expects, by `expect.Sort`."""

ROOTS: Final = _schema("kind value")
"""Vault's own identity, by `RootKind`."""

_BOUNDS: Final = (
    "events_begin", "watermark", "complete", "log_begins", "log_ends", "salted", "rollback",
    "trail_gaps",
)  # fmt: skip
BOUNDS: Final = pa.schema(
    [
        *(pa.field(name, TIME) for name in _BOUNDS),
        pa.field("no_log", pa.bool_()),
        pa.field("undigested", pa.bool_()),
    ]
)
"""One row: until where each source can be believed, the clocks' difference taken in.

An audit record before `events_begin` may have its event before the window; CloudTrail is complete
to `watermark`, and so by Vault's clock to `complete`; what failed since `rollback`, or before the
end of `trail_gaps`, may have been taken back unseen; the audit log is silent before `log_begins`
and after `log_ends`; digests from before `salted` cannot be compared, and none can when the server
does not tell them (`undigested`).
"""

OWN: Final = pa.schema(
    [*EVENTS, pa.field("lease_id", pa.string()), pa.field("issuance_time", TIME)]
)
JUDGED: Final = pa.schema([*OWN, *(pa.field(name, pa.string()) for name in ("why", "standing"))])
DENYING: Final = _schema("target part")
"""What denies are about: whom they are on, and which policy or key."""

CALLS: Final = _schema(
    "event_id service name region access_key_id error_code source_ip user_agent",
    time=TIME,
    ends=TIME,
    cut=TIME,
)
"""What counts of a call with a key of HELD. An event that was delivered twice is two equal rows."""


class RootKind(StrEnum):
    """How a row of ROOTS names Vault's identity."""

    KEY = "key"
    USER = "user"
    ROLE = "role"
    ROTATED = "rotated"  # a key that a rotation of the root answered with
    ACCOUNT = "account"  # the account of its user or role, where it is known


class SpanKind(StrEnum):
    """What is so in a span."""

    ROTATION = "rotation"  # Vault answered a rotation of its root key
    FAILED = "failed"  # Vault failed to issue
    WRAPPED = "wrapped"  # Vault wrapped an answer that nobody has taken out
    AUDIT_GAP = "audit gap"  # lines of the audit log could not be read
    TRAIL_GAP = "trail gap"  # files of CloudTrail could not be read


def table(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows as a table of `schema`; what a row does not name is null."""
    columns = [[row.get(name) for row in rows] for name in schema.names]
    return pa.table(
        [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def events(found: Iterable[Event]) -> pa.Table:
    """Return events as rows."""
    return table(EVENTS, [_event(event) for event in found])


def _event(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "time": event.time,
        "service": event.service,
        "name": event.name,
        "region": event.region,
        "account": event.account,
        "access_key_id": event.access_key_id,
        "identity_type": event.identity_type,
        "principal_arn": event.principal_arn,
        "principal_id": event.principal_id,
        "user_name": event.user_name,
        "issued_key": event.issued_access_key_id,
        "issued_until": event.issued_until,
        "error_code": event.error_code,
        "source_ip": event.source_ip,
        "user_agent": event.user_agent,
        "target": event.target,
        "part": event.part,
        "policy_document": event.policy_document,
        "tells": tells(event.issued_access_key_id, event.name),
    }


def tells(issued_key: str, name: str) -> bool:
    """True for a call that counts whatever its key: it made a key, or its name is of `TELLING`."""
    return bool(issued_key) or name in TELLING


def issuances(found: Iterable[AuditIssuance]) -> pa.Table:
    """Return issuances as rows."""
    return table(ISSUANCES, [_issuance(issuance) for issuance in found])


def _issuance(issuance: AuditIssuance) -> dict[str, Any]:
    return {
        "time": issuance.time,
        "request_id": issuance.request_id,
        "path": issuance.path,
        "role": issuance.path.rsplit("/", 1)[-1],
        "lease_id": issuance.lease_id,
        "access_key": issuance.access_key,
        "person": person.readable(
            issuance.display_name, username=issuance.username, entity_id=issuance.entity_id
        ),
        "entity_id": issuance.entity_id,
        "display_name": issuance.display_name,
        "token_accessor": issuance.token_accessor,
        "remote_address": issuance.remote_address,
        "token_ttl_seconds": issuance.token_ttl_seconds,
        "is_sts": issuance.is_sts,
        "namespace": issuance.namespace,
    }


def revocations(found: Iterable[AuditRevocation]) -> pa.Table:
    """Return revocations as rows."""
    rows = [
        {
            "time": one.time,
            "lease": one.lease.rstrip("/"),
            "is_prefix": one.is_prefix,
            "namespace": one.namespace,
        }
        for one in found
    ]
    return table(REVOCATIONS, rows)


def digests(known: Mapping[str, str]) -> pa.Table:
    """Return digests as rows."""
    return table(DIGESTS, [{"value": value, "digest": digest} for value, digest in known.items()])


def in_utc(found: pa.Table) -> pa.Table:
    """Return a table with the same moments, each named in UTC and not in an engine's own zone."""
    fields = [
        pa.field(field.name, TIME) if pa.types.is_timestamp(field.type) else field
        for field in found.schema
    ]
    return found.cast(pa.schema(fields))
