"""The bytes of a cached set: what is not whole, ours and of this version is no set."""

from __future__ import annotations

import pytest

from tests.support.kept import NOON, entry
from vaultaws.cache import key, record
from vaultaws.cache.entry import decode, encode
from vaultaws.cache.life import Moment

BEFORE = Moment(NOON, 5_000.0, "boot-1")


def test_an_entry_comes_back_as_it_was() -> None:
    whole = entry(notes=("one", "two"), arn="arn:aws:sts::123456789012:federated-user/é")
    fields = record.unpack(encode(whole, BEFORE))
    assert fields is not None
    assert decode(fields) == whole
    plain = entry(session_token=None, notes=(), extra={})
    assert decode(record.unpack(encode(plain, BEFORE)) or {}) == plain


def test_a_set_without_an_end_is_no_record() -> None:
    with pytest.raises(ValueError, match="end"):
        encode(entry(expires_at=None), BEFORE)


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_a_record_that_was_altered_anywhere_is_none(at: int) -> None:
    data = bytearray(encode(entry(), BEFORE))
    data[at % len(data)] ^= 0x20
    assert record.unpack(bytes(data)) is None


def test_a_torn_record_is_none() -> None:
    data = encode(entry(), BEFORE)
    assert all(record.unpack(data[:length]) is None for length in range(0, len(data), 5))


def test_a_record_of_another_version_is_none() -> None:
    data = encode(entry(), BEFORE)
    assert record.unpack(data.replace(b"vaultaws cache 1", b"vaultaws cache 2", 1)) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"1:a,", b"1:a,1:b", b"9:a,1:b,", b"x:a,1:b,", b"1:\xff,1:b,", b"-1:a,", b"1:a;1:b,"],
)
def test_a_body_that_is_not_ours_is_no_record(body: bytes) -> None:
    text = body.decode("utf-8", "surrogatepass") if b"\xff" not in body else ""
    data = record.HEAD + key.digest(text).encode() + b"\n" + body
    assert not record.unpack(data)


def test_what_is_far_too_long_is_not_even_read() -> None:
    assert record.unpack(record.pack({"a": "x" * record.LONGEST_BYTES})) is None


@pytest.mark.parametrize("missing", ["access_key_id", "notes", "expires_at"])
def test_fields_that_are_not_those_of_a_set_are_none(missing: str) -> None:
    fields = record.unpack(encode(entry(), BEFORE)) or {}
    assert decode({name: value for name, value in fields.items() if name != missing}) is None


def test_a_name_is_made_of_every_part_and_none_runs_into_the_next() -> None:
    names = {
        key.cache_key("creds", a="b", c="d"),
        key.cache_key("creds", a="bc", d=""),
        key.cache_key("creds", a="b", c=""),
        key.cache_key("creds", a="b"),
        key.cache_key("other", a="b"),
        key.cache_key("creds"),
        key.cache_key("creds", ab=""),
    }
    assert len(names) == 7
    assert key.cache_key("creds", a="b", c="d") == key.cache_key("creds", c="d", a="b")
    assert "hidden-token" not in key.cache_key("creds", token="hidden-token")
