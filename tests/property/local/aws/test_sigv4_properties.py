"""Signatures: what botocore signs is accepted, and no byte of it may change."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes, urlencode

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.aws_clients import sign_at
from vaultaws.local.aws import payload, sigv4
from vaultaws.local.aws.refusals import RefusedError

KEY, SECRET = "AKIA" + "0" * 16, "made-up"
NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
HOST = "127.0.0.1:4566"

segments = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
paths = st.lists(segments.filter(lambda s: s not in {".", ".."}), max_size=4).map(
    lambda parts: "/" + "/".join(quote(part, safe="") for part in parts)
)
queries = st.lists(st.tuples(segments, st.text(max_size=8)), max_size=4).map(
    lambda pairs: urlencode(pairs, quote_via=quote)
)
bodies = st.binary(max_size=200)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
services = st.sampled_from(["iam", "s3"])


def message(
    *,
    service: str = "iam",
    method: str = "PUT",
    path: str = "/",
    query: str = "",
    body: bytes = b"",
    extra: str = "note",
) -> sigv4.Message:
    """A request signed by botocore, as the server reads it."""
    url = f"http://{HOST}{path}" + (f"?{query}" if query else "")
    headers = {"Host": HOST, "X-Amz-Meta-Note": extra, "Content-Type": "text/plain"}
    request = AWSRequest(method, url, headers, body)
    make = S3SigV4Auth if service == "s3" else SigV4Auth
    sign_at(make(Credentials(KEY, SECRET), service, "eu-west-2"), request, NOW)
    sent = {name.lower(): str(value) for name, value in request.headers.items()}
    return sigv4.Message(method, path, query, sent, body)


def check(received: sigv4.Message, now: datetime = NOW, secret: str = SECRET) -> None:
    signature = sigv4.read(received)
    claimed = payload.claim(received, signature)
    key = sigv4.verify(received, signature, secret, payload=claimed, now=now)
    payload.check(received, claimed, signature, key)


messages = st.builds(
    message,
    service=services,
    method=st.sampled_from(["GET", "PUT", "POST"]),
    path=paths,
    query=queries,
    body=bodies,
    extra=values,
)


@given(messages)
def test_what_botocore_signs_is_accepted(good: sigv4.Message) -> None:
    check(good)


@given(messages, st.data())
def test_no_byte_may_change(good: sigv4.Message, data: st.DataObject) -> None:
    parts = {
        "path": good.raw_path,
        "query": good.raw_query,
        "body": good.body.decode("latin-1"),
        "note": good.headers["x-amz-meta-note"],
        "type": good.headers["content-type"],
        "host": good.headers["host"],
        "date": good.headers["x-amz-date"],
        "method": good.method,
    }
    name = data.draw(st.sampled_from([name for name, text in parts.items() if text]))
    text = parts[name]
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.characters(min_codepoint=0x21, max_codepoint=0x7E))
    changed = text[:at] + byte + text[at + 1 :]
    assume(_meaning(name, changed) != _meaning(name, text))
    headers = dict(good.headers)
    for header, part in (
        ("x-amz-meta-note", "note"),
        ("content-type", "type"),
        ("host", "host"),
        ("x-amz-date", "date"),
    ):
        if name == part:
            headers[header] = changed
    bad = sigv4.Message(
        method=changed if name == "method" else good.method,
        raw_path=changed if name == "path" else good.raw_path,
        raw_query=changed if name == "query" else good.raw_query,
        headers=headers,
        body=changed.encode("latin-1") if name == "body" else good.body,
    )
    with pytest.raises(RefusedError):
        check(bad)


def _meaning(name: str, text: str) -> object:
    """What a signature covers: a query's decoded pairs, a header without runs of blanks."""
    if name == "query":
        pairs = (part.partition("=") for part in text.split("&") if part)
        return sorted((unquote_to_bytes(key), unquote_to_bytes(value)) for key, _, value in pairs)
    return text.split() if name in {"note", "type", "host"} else text


@given(st.data())
def test_no_byte_of_the_signature_may_change(data: st.DataObject) -> None:
    good = message(body=b"Action=ListUsers")
    text = good.headers["authorization"]
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.characters(min_codepoint=0x21, max_codepoint=0x7E))
    changed = text[:at] + byte + text[at + 1 :]
    assume(changed != text and KEY in changed)
    headers = {**good.headers, "authorization": changed}
    with pytest.raises(RefusedError):
        check(sigv4.Message("PUT", "/", "", headers, good.body))


@given(st.text(max_size=300), st.text(max_size=100))
def test_any_header_and_query_are_read_or_refused(header: str, query: str) -> None:
    latin, query = (text.encode().decode("latin-1") for text in (header, query))
    for authorization in (latin, f"AWS4-HMAC-SHA256 {latin}"):
        raw = sigv4.Message("GET", "/", query, {"authorization": authorization}, b"")
        with pytest.raises(RefusedError):
            sigv4.read(raw)
    prefix = "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
    with pytest.raises(RefusedError):
        sigv4.read(sigv4.Message("GET", "/", prefix + quote(query), {}, b""))


@given(st.integers(-3600, 3600))
def test_time_is_forgiven_a_quarter_of_an_hour(seconds: int) -> None:
    good = message()
    now = NOW + timedelta(seconds=seconds)
    if abs(seconds) <= 900:
        check(good, now)
    else:
        with pytest.raises(RefusedError):
            check(good, now)


@given(paths, st.integers(1, 600), st.integers(-1200, 1200))
def test_presigned_urls_live_as_long_as_they_say(path: str, lives: int, later: int) -> None:
    request = AWSRequest("GET", f"http://{HOST}{path}", {"Host": HOST})
    auth = S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", "eu-west-2", expires=lives)
    sign_at(auth, request, NOW)
    query = str(request.url).partition("?")[2]
    received = sigv4.Message("GET", path, query, {"host": HOST}, b"")
    now = NOW + timedelta(seconds=later)
    if -900 <= later <= lives:
        check(received, now)
    else:
        with pytest.raises(RefusedError):
            check(received, now)


# chunked payloads


def framed(chunks: list[bytes], signature: sigv4.Signature, trailer: bytes | None) -> bytes:
    """The stream as an S3 client signs it, by the letter of the document."""
    key = f"AWS4{SECRET}".encode()
    for part in (*signature.scope.split("/"),):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()

    def sign(*lines: str) -> str:
        return hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()

    stream, last = b"", signature.value
    empty = hashlib.sha256(b"").hexdigest()
    for data in [*chunks, b""]:
        digest = hashlib.sha256(data).hexdigest()
        kind = "AWS4-HMAC-SHA256-PAYLOAD"
        last = sign(kind, signature.stamp, signature.scope, last, empty, digest)
        stream += f"{len(data):x};chunk-signature={last}\r\n".encode() + data
        stream += b"\r\n" if data else b""
    if trailer is None:
        return stream + b"\r\n"
    digest = hashlib.sha256(trailer + b"\n").hexdigest()
    sealed = sign("AWS4-HMAC-SHA256-TRAILER", signature.stamp, signature.scope, last, digest)
    return stream + trailer + f"\r\nx-amz-trailer-signature:{sealed}\r\n\r\n".encode()


class _Streaming(S3SigV4Auth):
    """botocore's signer with the payload's form in place of its hash."""

    def __init__(self, form: str) -> None:
        super().__init__(Credentials(KEY, SECRET), "s3", "eu-west-2")
        self._form = form

    def payload(self, request: AWSRequest) -> str:
        return self._form


def streamed(chunks: list[bytes], *, trailer: bytes | None = None) -> sigv4.Message:
    form = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("" if trailer is None else "-TRAILER")
    request = AWSRequest("PUT", f"http://{HOST}/b/k", {"Host": HOST}, b"")
    sign_at(_Streaming(form), request, NOW)
    sent = {name.lower(): str(value) for name, value in request.headers.items()}
    head = sigv4.Message("PUT", "/b/k", "", sent, b"")
    body = framed(chunks, sigv4.read(head), trailer)
    return sigv4.Message("PUT", "/b/k", "", sent, body)


chunk_lists = st.lists(st.binary(min_size=1, max_size=40), max_size=4)


@given(chunk_lists, st.booleans())
def test_signed_chunks_are_accepted(chunks: list[bytes], trailing: bool) -> None:
    check(streamed(chunks, trailer=b"x-amz-checksum-crc32c:sOO8/Q==" if trailing else None))


@given(chunk_lists, st.booleans(), st.data())
def test_no_byte_of_a_chunk_may_change(
    chunks: list[bytes], trailing: bool, data: st.DataObject
) -> None:
    good = streamed(chunks, trailer=b"x-amz-checksum-crc32c:sOO8/Q==" if trailing else None)
    end = good.body.rindex(b"\r\n\r\n") if trailing else len(good.body) - 2
    at = data.draw(st.integers(0, end - 1))
    byte = data.draw(st.integers(0x21, 0x7E))
    body = good.body[:at] + bytes([byte]) + good.body[at + 1 :]
    assume(body.lower() != good.body.lower())
    assume(not _same_size(good.body, body))
    bad = sigv4.Message("PUT", "/b/k", "", good.headers, body)
    with pytest.raises(RefusedError):
        check(bad)


def _same_size(one: bytes, other: bytes) -> bool:
    """A size may be written in other digits: case and leading zeros mean nothing."""
    sizes = [body.split(b";", 1)[0].lstrip(b"0") for body in (one, other)]
    return one.split(b";", 1)[1:] == other.split(b";", 1)[1:] and sizes[0] == sizes[1]


@given(st.binary(max_size=200))
def test_any_stream_is_read_or_refused(body: bytes) -> None:
    good = streamed([b"data"])
    assume(body != good.body)
    with pytest.raises(RefusedError):
        check(sigv4.Message("PUT", "/b/k", "", good.headers, body))
