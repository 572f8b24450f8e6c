"""Objects on their way in and out: boto3's streams, framed chunks, presigned URLs."""

from __future__ import annotations

import hashlib
import hmac
import io
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from tests.support.aws_clients import (
    REGION,
    Raw,
    a_user,
    allow,
    client,
    key_of,
    refusal,
    sign_at,
)
from vaultaws.local.aws import sigv4
from vaultaws.local.aws.serve import LocalAws

BUCKET = "transfers"
STREAMED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def s3(aws: LocalAws) -> Any:
    made = client(aws, "s3")
    made.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    return made


def held(s3: Any, key: str) -> bytes:
    data: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return data


def fetch(url: str, method: str = "GET", data: bytes | None = None) -> tuple[int, bytes, Message]:
    request = urllib.request.Request(url, method=method, data=data)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read(), response.headers
    except HTTPError as error:
        return error.code, error.read(), error.headers


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_stream_with_a_checksum_arrives_whole(s3: Any, algorithm: str) -> None:
    data = bytes(range(256)) * 1024
    s3.put_object(Bucket=BUCKET, Key="k", Body=io.BytesIO(data), ChecksumAlgorithm=algorithm)
    assert held(s3, "k") == data


def test_a_large_object_goes_up_in_parts(s3: Any) -> None:
    data = b"0123456789abcdef" * (9 * 65_536)
    s3.upload_fileobj(io.BytesIO(data), BUCKET, "large")
    assert held(s3, "large") == data


class InChunks(S3SigV4Auth):
    """Signs the head of an upload whose chunks are signed one by one."""

    def payload(self, request: AWSRequest) -> str:
        return STREAMED


def framed(aws: LocalAws, chunks: list[bytes]) -> Raw:
    """An upload in signed chunks, as the SDKs for Java and C++ send it."""
    headers = {
        "x-amz-decoded-content-length": str(sum(map(len, chunks))),
        "content-encoding": "aws-chunked",
    }
    secret = aws.admin.secret_access_key.reveal()
    key = BotoCredentials(aws.admin.access_key_id, secret)
    request = AWSRequest("PUT", f"{aws.endpoint}/{BUCKET}/k", headers)
    sign_at(InChunks(key, "s3", REGION), request, datetime.now(UTC))
    sent = {name.lower(): str(value) for name, value in request.headers.items()}
    claimed = sigv4.read(sigv4.Message("PUT", "/", "", sent, b""))
    day_key = sigv4.signing_key(secret, claimed.date, claimed.region, "s3")
    body = in_frames(chunks, day_key, claimed)
    sent |= {"host": urlsplit(aws.endpoint).netloc, "content-length": str(len(body))}
    return Raw("PUT", f"/{BUCKET}/k", sent, body)


def in_frames(chunks: list[bytes], day_key: bytes, claimed: sigv4.Signature) -> bytes:
    previous, body = claimed.value, b""
    for chunk in [*chunks, b""]:
        digest = hashlib.sha256(chunk).hexdigest()
        lines = ("AWS4-HMAC-SHA256-PAYLOAD", claimed.stamp, claimed.scope, previous, EMPTY, digest)
        previous = hmac.new(day_key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
        body += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(chunk), previous.encode(), chunk)
    return body


def test_signed_chunks_are_put_together(aws: LocalAws, s3: Any) -> None:
    chunks = [b"a" * 8192, b"\r\n0;chunk-signature=\r\n", b"c"]
    answer = framed(aws, chunks).send(aws)
    assert answer.status == 200, answer.body
    assert held(s3, "k") == b"".join(chunks)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.replace(b"aaaa", b"aaab", 1),
        lambda body: body.replace(b"chunk-signature=", b"chunk-signature=0", 1),
        lambda body: body[: body.rindex(b"0;chunk")],
        lambda body: body.replace(b";chunk-signature=", b";signature=", 1),
    ],
)
def test_a_spoilt_chunk_stores_nothing(
    aws: LocalAws, s3: Any, spoil: Callable[[bytes], bytes]
) -> None:
    raw = framed(aws, [b"a" * 64])
    raw.body = spoil(raw.body)
    raw.headers["content-length"] = str(len(raw.body))
    answer = raw.send(aws)
    assert answer.status == 403, answer.body
    assert b"<Code>SignatureDoesNotMatch" in answer.body
    assert refusal(s3.head_object, Bucket=BUCKET, Key="k").status == 404


def test_a_presigned_put_stores_what_is_sent(s3: Any) -> None:
    """urllib and curl call the bytes a form; they are none."""
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "up"})
    assert fetch(url, "PUT", b"key=value&held")[0] == 200
    assert held(s3, "up") == b"key=value&held"
    status, body, _ = fetch(url, "GET")
    assert (status, b"SignatureDoesNotMatch" in body) == (403, True)


def test_a_presigned_url_has_the_rights_of_who_signed_it(aws: LocalAws, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"held")
    reader = client(aws, "s3", a_user(aws, "ada", allow("s3:GetObject")))
    params = {"Bucket": BUCKET, "Key": "k"}
    assert fetch(reader.generate_presigned_url("get_object", Params=params))[:2] == (200, b"held")
    refused = fetch(reader.generate_presigned_url("put_object", Params=params), "PUT", b"new")
    assert (refused[0], b"<Code>AccessDenied" in refused[1]) == (403, True)
    assert held(s3, "k") == b"held"


def test_a_presigned_url_ends_with_its_session(aws: LocalAws, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"held")
    session = key_of(client(aws, "sts").get_session_token(DurationSeconds=900))
    url = client(aws, "s3", session).generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "k"}, ExpiresIn=3600
    )
    assert fetch(url)[:2] == (200, b"held")
    aws.clock.advance(timedelta(minutes=15).total_seconds())
    status, body, _ = fetch(url)
    assert (status, b"<Code>ExpiredToken" in body) == (400, True)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "price in €", "a\x00b"])
def test_an_answers_headers_cannot_be_written_by_the_request(s3: Any, value: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"held")
    params = {"Bucket": BUCKET, "Key": "k", "ResponseContentDisposition": value}
    status, body, headers = fetch(s3.generate_presigned_url("get_object", Params=params))
    assert (status, b"<Code>InvalidArgument" in body) == (400, True)
    assert "Set-Cookie" not in headers
