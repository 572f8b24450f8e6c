"""A log file's columns are what `to_event` makes of its records, whatever they hold."""

from __future__ import annotations

import gzip
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.trail.records import to_event
from vaultaws.trail.sources.decode import decode
from vaultaws.trail.sources.faults import FaultKind, Faults
from vaultaws.trail.tables import events

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
TIMES = st.datetimes().map(lambda time: f"{time:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + "Z")
ODD_TIMES = st.sampled_from([
    "2026-11-21T08:00:01.123456789Z", "2026-11-21T08:00:01+01:00", "2026-11-21",
    "20261121T080001Z",
    "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-02-30T00:00:00Z",
    "2026-11-21T08:00Z", "2026-11-21 08:00:01Z", "2026-11-21T08:00:60Z", "2026-11-21T08:00:01z",
    "soon",
])  # fmt: skip
ENDS = st.sampled_from([
    "Nov 29, 2026, 10:15:00 AM", "Dec 1, 2026 12:05:09 PM", "Jan 31, 2027, 12:00:00\u202fAM",
    "Foo 29, 2026, 10:15:00 AM", "Feb 30, 2026, 10:15:00 AM", "Nov 29, 2026, 10:15:61 AM",
    "Nov 29, 0000, 1:15:00 AM", "nov 29, 2026, 00:15:00 AM", "2026-11-29T10:15:00Z", "later", "",
])  # fmt: skip


def mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, usual, JSON)


def parts(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: mostly(kind) for name, kind in fields.items()})


KEY = parts(accessKeyId=TEXT, expiration=ENDS)
RECORDS = st.fixed_dictionaries(
    {
        "eventVersion": mostly(st.sampled_from(["1.08", "1.11", "2.0", "1"])),
        "eventTime": mostly(TIMES | ODD_TIMES),
        "eventSource": mostly(st.sampled_from(["sts.amazonaws.com", ".amazonaws.com", "x"])),
        "eventID": mostly(st.sampled_from(["a", "b", "c"]) | TEXT),
        "eventName": mostly(TEXT),
    },
    optional={
        name: mostly(kind)
        for name, kind in {
            "awsRegion": TEXT,
            "sourceIPAddress": TEXT,
            "userAgent": TEXT,
            "errorCode": TEXT,
            "recipientAccountId": TEXT,
            "userIdentity": parts(
                type=TEXT,
                principalId=TEXT,
                arn=TEXT,
                accessKeyId=TEXT,
                userName=TEXT,
                sessionContext=parts(sessionIssuer=parts(userName=TEXT)),
            ),
            "requestParameters": parts(
                userName=TEXT,
                roleName=TEXT,
                groupName=TEXT,
                policyArn=TEXT,
                roleArn=TEXT,
                policyName=TEXT,
                accessKeyId=TEXT,
                policyDocument=TEXT,
                status=TEXT,
            ),
            "responseElements": parts(credentials=KEY, accessKey=KEY),
            "additionalEventData": JSON,
        }.items()
    },
)


@given(st.lists(mostly(RECORDS), max_size=6), st.booleans())
def test_columns_equal_the_events(records: list[Any], ascii_only: bool) -> None:
    text = json.dumps({"Records": records}, ensure_ascii=ascii_only).encode()
    read = decode(gzip.compress(text, 1), "x")
    found = [event for event in map(to_event, records) if event is not None]
    assert read.events.to_pylist() == events(found).to_pylist()
    counts = Faults(read.faults).counts()
    unread = counts.pop(FaultKind.VERSION, 0) + counts.pop(FaultKind.INCOMPLETE, 0)
    assert (unread, counts) == (len(records) - len(found), {})


@given(st.lists(RECORDS, min_size=1, max_size=4), st.data())
def test_no_bytes_are_too_bad(records: list[Any], data: st.DataObject) -> None:
    """Cut anywhere and spoilt anywhere, a file never raises and never passes as whole."""
    whole = gzip.compress(json.dumps({"Records": records}).encode(), 1)
    cut = data.draw(st.integers(1, len(whole) - 1))
    read = decode(whole[:cut], "x")
    assert Faults(read.faults).is_partial
    spoilt = bytearray(whole)
    spoilt[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    decode(bytes(spoilt), "x")
