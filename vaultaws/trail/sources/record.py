"""One record of CloudTrail as far as a match needs it, and many of them as columns.

The meaning of each column is `trail.records.to_event`'s; what is said there of one record is done
here for a whole file at once.
"""

from __future__ import annotations

import re
from calendar import month_abbr
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from vaultaws.trail.records import MAJOR, end_time, moment_of
from vaultaws.trail.tables import EVENTS, TELLING, TIME

LONGEST_TEXT: Final = 4_096
"""Characters kept of a text. An ARN has at most 2,048, and CloudTrail itself cuts user agents."""
LONGEST_DOCUMENT: Final = 131_072
"""Characters kept of a policy: as many as IAM takes (IAM API reference, PutUserPolicy)."""
_SUFFIX: Final = ".amazonaws.com"
_USUAL_LENGTH: Final = len("2026-11-29T10:15:00Z")
_JAVA_TIME: Final = re.compile(
    r"([A-Z][a-z]{2}) ([0-9]{1,2}), ([0-9]{4}),? (0?[1-9]|1[0-2]):([0-9]{2}):([0-9]{2}) ([AP]M)"
)
_MONTHS: Final = {name: number for number, name in enumerate(month_abbr) if name}
_TELLING: Final = pa.array(sorted(TELLING))
_YEAR_ONE: Final = -62_135_596_800_000_000
"""The earliest time of Python's, in microseconds since 1970."""

Text = str | None
_Kind = TypeVar("_Kind", bound="_Part")


class _Part(msgspec.Struct, gc=False, rename="camel"):
    """A part of a record. Fields that are not named here are skipped without being built."""


class _Named(_Part):
    user_name: Text = ""


class _Session(_Part):
    session_issuer: _Named | None = None


class Identity(_Part):
    type: Text = ""
    principal_id: Text = ""
    arn: Text = ""
    access_key_id: Text = ""
    user_name: Text = ""
    session_context: _Session | None = None


class Request(_Part):
    """Parameters by the names that IAM and STS give them. Another service's parameter of such a
    name may be of any type, which is no reason to read the whole file record by record."""

    user_name: Any = ""
    role_name: Any = ""
    group_name: Any = ""
    policy_arn: Any = ""
    role_arn: Any = ""
    policy_name: Any = ""
    access_key_id: Any = ""
    policy_document: Any = ""
    status: Any = ""


class Key(_Part):
    access_key_id: Text = ""
    expiration: Text = ""


class Response(_Part):
    credentials: Key | None = None
    access_key: Key | None = None


class Record(_Part):
    """A record whose fields have the types that CloudTrail documents, or are null or missing."""

    event_version: Text = ""
    event_id: Text = msgspec.field(default="", name="eventID")
    event_time: Text = ""
    event_name: Text = ""
    event_source: Text = ""
    aws_region: Text = ""
    source_ip: Text = msgspec.field(default="", name="sourceIPAddress")
    user_agent: Text = ""
    error_code: Text = ""
    recipient_account_id: Text = ""
    user_identity: Identity | None = None
    request_parameters: Request | None = None
    response_elements: Response | None = None


_NOBODY, _NO_REQUEST, _NO_RESPONSE, _NO_KEY = Identity(), Request(), Response(), Key()
_NO_SESSION, _NO_ISSUER = _Session(), _Named()


@dataclass(frozen=True)
class Columns:
    """The readable records as a table, and how many were not readable or had text altered."""

    events: pa.Table
    unknown_version: int = 0
    incomplete: int = 0
    altered: int = 0


def lenient(record: object) -> Record:
    """Return a record of any JSON value: what has a wrong type is as if it were missing."""
    whole = _object(record)
    identity, response = _object(whole.get("userIdentity")), _object(whole.get("responseElements"))
    issuer = _object(_object(identity.get("sessionContext")).get("sessionIssuer"))
    request = _object(whole.get("requestParameters"))
    made = _filled(Record, whole)
    made.user_identity = _filled(Identity, identity)
    made.user_identity.session_context = _Session(_filled(_Named, issuer))
    made.request_parameters = _filled(Request, request)
    made.response_elements = Response(
        _filled(Key, _object(response.get("credentials"))),
        _filled(Key, _object(response.get("accessKey"))),
    )
    return made


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _filled(kind: type[_Kind], values: Mapping[str, Any]) -> _Kind:
    texts = {name: value for name, key in _keys(kind) if isinstance(value := values.get(key), str)}
    return kind(**texts)


@cache
def _keys(kind: type[_Part]) -> tuple[tuple[str, str], ...]:
    """The names of a part's fields, here and in JSON."""
    return tuple((one.name, one.encode_name) for one in msgspec.structs.fields(kind))


def columns(records: Sequence[Record]) -> Columns:
    """Return the readable ones of records as rows of `tables.EVENTS`, those with one id once."""
    texts = _Texts()
    made = {name: texts.column(name, values) for name, values in _values(records).items()}
    version, source, time = (made.pop(name) for name in ("version", "source", "time"))
    made["time"] = _times(time)
    made["service"] = _services(source)
    made["issued_until"] = _ends(records)
    made["tells"] = pc.or_(pc.not_equal(made["issued_key"], ""), pc.is_in(made["name"], _TELLING))
    known = pc.starts_with(version, MAJOR)
    complete = pc.is_valid(made["time"])
    for needed in (made["event_id"], made["name"], source):
        complete = pc.and_(complete, pc.greater(pc.binary_length(needed), 0))
    readable = pc.and_(known, complete)
    table = pa.table([made[name] for name in EVENTS.names], schema=EVENTS)
    if pc.all(readable, min_count=0).as_py():
        return Columns(once(table), altered=texts.altered)
    unknown = len(records) - pc.sum(known).as_py()
    return Columns(
        once(table.filter(readable)),
        unknown_version=unknown,
        incomplete=len(records) - unknown - (pc.sum(readable).as_py() or 0),
        altered=texts.altered,
    )


def _values(records: Sequence[Record]) -> dict[str, list[Text]]:
    """The texts of each column. A comprehension a column is the quickest way through records."""
    identities = [record.user_identity or _NOBODY for record in records]
    return {
        "version": [record.event_version for record in records],
        "time": [record.event_time for record in records],
        "source": [record.event_source for record in records],
        "event_id": [record.event_id for record in records],
        "name": [record.event_name for record in records],
        "region": [record.aws_region for record in records],
        "account": [record.recipient_account_id for record in records],
        "access_key_id": [identity.access_key_id for identity in identities],
        "identity_type": [identity.type for identity in identities],
        "principal_arn": [identity.arn for identity in identities],
        "principal_id": [identity.principal_id for identity in identities],
        "user_name": [identity.user_name or _issuer(identity) for identity in identities],
        "issued_key": [_issued(record) for record in records],
        "error_code": [record.error_code for record in records],
        "source_ip": [record.source_ip for record in records],
        "user_agent": [record.user_agent for record in records],
        **_asked([record.request_parameters or _NO_REQUEST for record in records]),
    }


def _asked(requests: list[Request]) -> dict[str, list[Text]]:
    """The columns that come of the parameters. What is no text is as if it were missing."""
    made = {
        "target": [
            asked.user_name
            or asked.role_name
            or asked.group_name
            or asked.policy_arn
            or asked.role_arn
            for asked in requests
        ],
        "part": [
            asked.policy_name or asked.access_key_id or asked.policy_arn for asked in requests
        ],
        "policy_document": [asked.policy_document or asked.status for asked in requests],
    }
    odd = {
        place
        for values in made.values()
        for place, value in enumerate(values)
        if not isinstance(value, str) and value is not None
    }
    for place in odd:
        for name, (value,) in _asked([_texts(requests[place])]).items():
            made[name][place] = value
    return made


def _texts(asked: Request) -> Request:
    values = msgspec.structs.astuple(asked)
    return Request(*(value if isinstance(value, str) else "" for value in values))


def _issuer(identity: Identity) -> Text:
    issuer = (identity.session_context or _NO_SESSION).session_issuer
    return issuer.user_name if issuer else ""


def _issued(record: Record) -> Text:
    response = record.response_elements
    if response is None:
        return ""
    by_sts, by_iam = response.credentials or _NO_KEY, response.access_key or _NO_KEY
    return by_sts.access_key_id or by_iam.access_key_id


@dataclass
class _Texts:
    """Makes columns of texts, and counts those it had to alter."""

    altered: int = 0

    def column(self, name: str, values: list[Text]) -> pa.Array:
        try:
            made = pa.array(values, pa.string())
        except UnicodeEncodeError:
            fit = [_mended(value or "") for value in values]
            self.altered += sum(
                1 for old, new in zip(values, fit, strict=True) if old and old != new
            )
            made = pa.array(fit, pa.string())
        if made.null_count:  # rare: fields that are not there are empty from the start
            made = pa.array([value or "" for value in values], pa.string())
        longest = LONGEST_DOCUMENT if name == "policy_document" else LONGEST_TEXT
        if (pc.max(pc.binary_length(made)).as_py() or 0) > longest:
            self.altered += pc.sum(pc.greater(pc.utf8_length(made), longest)).as_py()
            made = pc.utf8_slice_codeunits(made, 0, longest)
        return made


def _mended(text: str) -> str:
    """The text with a question mark in place of half a character, which no table can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _services(sources: pa.Array) -> pa.Array:
    """Sources without AWS's domain: there are few of them, so each is looked at once."""
    coded = sources.dictionary_encode()
    names = [source.removesuffix(_SUFFIX) for source in coded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(coded.indices)


def _times(texts: pa.Array) -> pa.Array:
    """Times: all at once where they look as CloudTrail writes them, else each by itself."""
    usual = pc.equal(pc.binary_length(texts), _USUAL_LENGTH)
    if pc.all(usual, min_count=0).as_py():
        try:
            times = pc.cast(texts, TIME)
        except pa.ArrowInvalid:
            pass
        else:
            if not len(times) or pc.min(times).cast(pa.int64()).as_py() >= _YEAR_ONE:
                return times
    return pa.array([moment_of(text) for text in texts.to_pylist()], TIME)


def _ends(records: Sequence[Record]) -> pa.Array:
    """When the issued keys end. Few records issue one."""
    ends: dict[int, datetime] = {}
    for at, record in enumerate(records):
        key = record.response_elements and record.response_elements.credentials
        if key and key.expiration and (end := _end(key.expiration)):
            ends[at] = end
    if not ends:
        return pa.nulls(len(records), TIME)
    return pa.array([ends.get(at) for at in range(len(records))], TIME)


def _end(text: str) -> datetime | None:
    """`end_time`, quicker for the form that STS's ends mostly have."""
    usual = _JAVA_TIME.fullmatch(text)
    if usual is None:
        return end_time(text)
    month, day, year, hour, minute, second, half = usual.groups()
    of_day = int(hour) % 12 + (12 if half == "PM" else 0)
    try:
        return datetime(
            int(year), _MONTHS[month], int(day), of_day, int(minute), int(second), tzinfo=UTC
        )
    except (KeyError, ValueError):
        return end_time(text)


def once(events: pa.Table) -> pa.Table:
    """Rows with one id once, as `tables.events` does: the last one, in the first one's place."""
    if pc.count_distinct(events["event_id"]).as_py() == events.num_rows:
        return events
    last = {event_id: at for at, event_id in enumerate(events["event_id"].to_pylist())}
    return events.take(pa.array(last.values()))
