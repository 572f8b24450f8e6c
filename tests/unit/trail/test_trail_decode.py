"""One log file of CloudTrail: what is read of it, and what is said of the rest."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.log_files import ACCOUNT, a_log, a_record, packed
from vaultaws.trail.records import to_event
from vaultaws.trail.sources.decode import _LOG, FileRead, decode
from vaultaws.trail.sources.faults import FaultKind, Faults, gathered
from vaultaws.trail.sources.layout import Place
from vaultaws.trail.sources.record import LONGEST_DOCUMENT, LONGEST_TEXT, Request
from vaultaws.trail.tables import events

NAME = "a.json.gz"
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["", "p", "q"]))
PARAMETERS = st.dictionaries(
    st.sampled_from([field.encode_name for field in msgspec.structs.fields(Request)]),
    VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.just("a"), VALUES),
)
"""What services may ask with parameters that bear the names of IAM's."""


def ids(read: FileRead) -> list[str]:
    found: list[str] = read.events["event_id"].to_pylist()
    return found


def counts(read: FileRead) -> dict[FaultKind, int]:
    return Faults(read.faults).counts()


def test_a_file_as_cloudtrail_delivers_it() -> None:
    records = [a_record(number) for number in range(200)]
    read = decode(packed(*records), NAME)
    assert read.faults == ()
    assert read.events.equals(events(filter(None, map(to_event, records))))


@pytest.mark.parametrize(
    "data",
    [
        a_log(a_record(1), a_record(2)),
        json.dumps([a_record(1), a_record(2)], indent=1).encode(),
        b"\n".join(json.dumps(a_record(number)).encode() for number in (1, 2)) + b"\n",
        b"\n\n".join(
            json.dumps({"version": "0", "detail-type": "AWS API Call via CloudTrail",
                        "detail": a_record(number)}).encode()
            for number in (1, 2)
        ),
        gzip.compress(a_log(a_record(1))[:-2] + b",") + gzip.compress(a_log(a_record(2))[13:]),
        json.dumps({"Records": [a_record(1), a_record(2)]}, indent=2).encode("utf-8"),
    ],
    ids=["plain", "list", "lines", "envelopes", "members", "pretty"],
)  # fmt: skip
def test_every_form_is_read(data: bytes) -> None:
    read = decode(data, NAME)
    assert (ids(read), read.faults) == (["id-1", "id-2"], ())


def test_one_record_over_many_lines() -> None:
    assert ids(decode(json.dumps(a_record(1), indent=2).encode(), NAME)) == ["id-1"]


@pytest.mark.parametrize("data", [b"", b" \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_counted(data: bytes) -> None:
    read = decode(data, NAME)
    assert (counts(read), gathered(read.faults).is_partial) == ({FaultKind.EMPTY: 1}, True)


def test_a_log_without_events_is_no_fault() -> None:
    assert decode(a_log(), NAME).faults == ()


def test_what_a_torn_gzip_still_holds_is_read() -> None:
    records = [a_record(n, requestID=f"{n * 7919 % 10007:x}" * 5) for n in range(500)]
    data = packed(*records)
    read = decode(data[: len(data) // 2], NAME)
    assert 100 < len(ids(read)) < 400
    assert counts(read) == {FaultKind.TRUNCATED: 1, FaultKind.BROKEN: 1}
    assert gathered(read.faults).is_partial


def test_damage_in_a_gzip_keeps_what_was_before_it() -> None:
    chance = random.Random(1)
    records = [a_record(n, requestID=chance.randbytes(100).hex()) for n in range(2_000)]
    data = bytearray(packed(*records))
    assert len(data) > 150_000
    data[-8] ^= 1  # its checksum
    read = decode(bytes(data), NAME)
    assert len(ids(read)) > 500
    assert counts(read)[FaultKind.DAMAGED] == 1
    assert counts(decode(b"\x1f\x8b" + b"no gzip" * 9, NAME)) == {FaultKind.DAMAGED: 1}


def test_half_a_record_at_the_end() -> None:
    read = decode(a_log(a_record(1), a_record(2), a_record(3))[:-200], NAME)
    assert (ids(read), counts(read)) == (["id-1", "id-2"], {FaultKind.BROKEN: 1})


def test_a_list_without_an_end() -> None:
    read = decode(a_log(a_record(1), a_record(2))[:-2], NAME)
    assert (ids(read), counts(read)) == (["id-1", "id-2"], {FaultKind.TRUNCATED: 1})


@pytest.mark.parametrize("end", ["", "]}"])
def test_one_broken_record_among_good_ones(end: str) -> None:
    one, two, three = (json.dumps(a_record(number)) for number in (1, 2, 3))
    broken = two.replace('"awsRegion": ', '"awsRegion" ')
    text = f'{{"Records": [{one}, {broken}, {three}{end}'.encode()
    read = decode(text, NAME)
    assert ids(read) == ["id-1", "id-3"]
    assert counts(read)[FaultKind.BROKEN] == 1


def test_a_broken_line_among_good_ones() -> None:
    text = json.dumps(a_record(1)) + '\n{"eventVersion": "1.1\n' + json.dumps(a_record(2))
    read = decode(text.encode(), NAME)
    assert (ids(read), counts(read)) == (["id-1", "id-2"], {FaultKind.BROKEN: 1})


def test_records_of_no_use_are_counted_by_reason() -> None:
    odd: list[Any] = [
        a_record(1),
        a_record(2, eventVersion="2.0"),
        a_record(3, eventTime="soon"),
        a_record(4, eventName=None),
        None,
        7,
        a_record(5, eventTime="2026-11-21T09:00:00.5+01:00"),
    ]
    read = decode(packed(*odd), NAME)
    assert ids(read) == ["id-1", "id-5"]
    assert counts(read) == {FaultKind.VERSION: 3, FaultKind.INCOMPLETE: 2}


def test_wrong_types_do_not_kill_a_record() -> None:
    odd = a_record(1, userIdentity=[], requestParameters="x", responseElements=3, errorCode={})
    expected = to_event(odd)
    assert expected is not None
    read = decode(packed(a_record(2), odd), NAME)
    assert read.events.slice(1).to_pylist() == events([expected]).to_pylist()
    assert read.faults == ()


@given(st.lists(PARAMETERS, min_size=1, max_size=5))
def test_parameters_of_any_type_are_read_in_one_go(asked: list[dict[str, Any]]) -> None:
    records = [a_record(at, requestParameters=each) for at, each in enumerate(asked)]
    assert len(_LOG.decode(a_log(*records)).records) == len(records)
    read = decode(a_log(*records), NAME)
    assert read.faults == ()
    assert read.events.equals(events(filter(None, map(to_event, records))))


def test_huge_texts_are_cut_and_counted() -> None:
    document = "ü" * (LONGEST_DOCUMENT + 1)
    huge = a_record(1, userAgent="x" * 3_000_000, requestParameters={"policyDocument": document})
    read = decode(packed(huge, a_record(2)), NAME)
    row = read.events.to_pylist()[0]
    assert row["user_agent"] == "x" * LONGEST_TEXT
    assert row["policy_document"] == "ü" * LONGEST_DOCUMENT
    assert counts(read) == {FaultKind.ALTERED: 2}


def test_half_a_character_is_replaced_and_counted() -> None:
    read = decode(packed(a_record(1, userAgent="a\ud800b")), NAME)
    assert read.events["user_agent"].to_pylist() == ["a?b"]
    assert counts(read) == {FaultKind.ALTERED: 1}


def test_bytes_that_are_no_text_do_not_stop_the_rest() -> None:
    text = a_log(a_record(1, userAgent="@"), a_record(2)).replace(b"@", b"\xff")
    read = decode(text, NAME)
    assert ids(read) == ["id-1", "id-2"]


def test_a_digest_is_no_log() -> None:
    read = decode(b'{"awsAccountId": "1", "digestStartTime": "2026-11-21T08:00:00Z"}', NAME)
    assert (ids(read), counts(read)) == ([], {FaultKind.NOT_A_LOG: 1})
    assert counts(decode(b"%PDF-1.7", NAME)) == {FaultKind.NOT_A_LOG: 1}


def test_deep_nesting_is_borne() -> None:
    deep = '{"a":' * 100_000
    one = json.dumps(a_record(1))
    read = decode(f'{{"Records": [{one}, {deep}'.encode(), NAME)
    assert (ids(read), counts(read)) == (["id-1"], {FaultKind.BROKEN: 1})


def test_records_of_strangers_are_kept_and_counted() -> None:
    records = [
        a_record(1),
        a_record(2, recipientAccountId="9" * 12),
        a_record(3, awsRegion="eu-west-2"),
        a_record(4, awsRegion="ap-south-1"),
    ]
    read = decode(packed(*records), NAME, Place(ACCOUNT, "eu-west-2"))
    assert len(ids(read)) == 4
    assert counts(read) == {FaultKind.ACCOUNT: 1, FaultKind.REGION: 1}


def test_an_event_met_twice_counts_once() -> None:
    assert ids(decode(packed(a_record(1), a_record(2), a_record(1)), NAME)) == ["id-1", "id-2"]


def test_faults_are_told_by_kind_with_their_files() -> None:
    found = [fault for name in "edcba" for fault in decode(b"", f"x/{name}.json").faults]
    found += decode(packed(a_record(1, eventVersion="9")), "y.json").faults
    assert gathered(found).lines() == (
        "5 files: empty (a.json, b.json, c.json and 2 more)",
        "1 time: record of an unknown version (y.json)",
    )
