"""Hostile input: whatever comes, the gate answers in order or ends the connection, and lives on."""

from __future__ import annotations

import json
import logging
import os
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.aws_clients import FORM, a_user, allow, client, query, refusal, signed
from vaultaws.local.aws.http11 import MAX_BODY_BYTES
from vaultaws.local.aws.serve import LocalAws

OK = b"HTTP/1.1 200"


def exchange(aws: LocalAws, data: bytes) -> bytes:
    """Send bytes, say that no more come, read all that is answered."""
    host, port = urlsplit(aws.endpoint).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has seen enough
        answer = b""
        try:
            while part := connection.recv(65_536):
                answer += part
        except ConnectionError:
            pass
    return answer


def alive(aws: LocalAws) -> None:
    assert query(aws, "sts", "GetCallerIdentity").send(aws).status == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET\r\n\r\n", b"400"),
        (b"\x00\xff\xfe\r\n\r\n", b"400"),
        (b"GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nshort", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
        (
            (
                b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                b"Content-Length: 3\r\n\r\n"
            ),
            b"400",
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", b"400"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n",
            b"413",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
            b"400",
        ),
        (b"GET / HTTP/1.1\r\nHost: unknown.example\r\n\r\n", b"403"),
        (b"GET http://iam.amazonaws.com/?a=b HTTP/1.1\r\nHost: x\r\n\r\n", b"403"),
        (b"TEAPOT / HTTP/1.1\r\nHost: x\r\n\r\n", b"403"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
            b"400",
        ),
    ],
)
def test_broken_http(aws: LocalAws, data: bytes, status: bytes) -> None:
    answer = exchange(aws, data)
    assert answer.split(b" ")[1] == status
    alive(aws)


POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = b"abcGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        POST + b"Content-Length : 3\r\n",
        POST + b"X: a\rContent-Length: 3\r\n",
        POST + b"X: a\x00b\r\nContent-Length: 3\r\n",
        POST + b"X: a\r\n folded\r\nContent-Length: 3\r\n",
        POST + b"no colon\r\nContent-Length: 3\r\n",
        POST + b": no name\r\nContent-Length: 3\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 4\r\n",
        POST + b"Content-Length: 3, 3\r\n",
        POST + b"Content-Length: +3\r\n",
        POST + b"Content-Length: 0x3\r\n",
        POST + b"Transfer-Encoding:\r\nContent-Length: 3\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        POST + b"Transfer-Encoding: chunked, chunked\r\n",
        POST + b"Transfer-Encoding:\x0bchunked\r\n",
        b"POST / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n",
        POST + b"Host: y\r\nContent-Length: 3\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\n",
    ],
)
def test_no_second_request_is_smuggled_in(aws: LocalAws, head: bytes) -> None:
    """Where two readers could disagree on a request's end, it is refused and nothing after it
    is read."""
    answer = exchange(aws, head + b"\r\n" + SMUGGLED)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.split(b" ")[1] in {b"400", b"501"}
    alive(aws)


@pytest.mark.parametrize(
    "chunks",
    [b"3\nabc\n0\n\n", b"3\r\nabc\n0\r\n\r\n", b"3\r\nabc\r\n0\r\n", b"3\r\nabc\r\n0\r\nx\r\n\r\n"],
)
def test_chunks_end_as_they_should(aws: LocalAws, chunks: bytes) -> None:
    answer = exchange(aws, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert answer.split(b" ")[1] == b"400"


def test_headers_are_bounded_together(aws: LocalAws) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(90))
    assert b" 431 " in exchange(aws, POST + lines + b"\r\n")
    alive(aws)


def test_a_head_request_has_no_body(aws: LocalAws) -> None:
    answer = exchange(aws, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"\r\nContent-Length: " in answer


def test_the_body_is_asked_for_once_and_only_of_clients_that_wait(aws: LocalAws) -> None:
    rest = b"Host: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"
    assert exchange(aws, b"POST / HTTP/1.1\r\n" + rest).count(b"HTTP/1.1 100 Continue\r\n\r\n") == 1
    assert b"100 Continue" not in exchange(aws, b"POST / HTTP/1.0\r\n" + rest)
    large = b"Host: x\r\nExpect: 100-continue\r\nContent-Length: 9999999999\r\n\r\n"
    answer = exchange(aws, b"POST / HTTP/1.1\r\n" + large)
    assert b"100 Continue" not in answer
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_huge_body_is_refused_unread(aws: LocalAws) -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
    assert b" 413 " in exchange(aws, head.encode())
    alive(aws)


def test_chunked_transfer_is_read(aws: LocalAws) -> None:
    raw = query(aws, "sts", "GetCallerIdentity")
    del raw.headers["Content-Length"]
    raw.headers["Transfer-Encoding"] = "chunked"
    half = len(raw.body) // 2
    parts = [raw.body[:half], raw.body[half:], b""]
    head = "".join(f"{name}: {value}\r\n" for name, value in raw.headers.items())
    stream = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    answer = exchange(aws, f"POST / HTTP/1.1\r\n{head}\r\n".encode() + stream)
    assert answer.startswith(OK)


def test_two_requests_share_a_connection(aws: LocalAws) -> None:
    raw = query(aws, "sts", "GetCallerIdentity")
    head = "".join(f"{name}: {value}\r\n" for name, value in raw.headers.items())
    one = f"POST / HTTP/1.1\r\n{head}\r\n".encode() + raw.body
    assert exchange(aws, one + one).count(OK) == 2


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(st.binary(max_size=300))
def test_any_bytes_are_survived(aws: LocalAws, data: bytes) -> None:
    answer = exchange(aws, data)
    assert not answer or answer.startswith((b"HTTP/1.", b"<!DOCTYPE"))
    assert b" 500 " not in answer.split(b"\r\n")[0]


@pytest.mark.parametrize("service", ["iam", "sts", "ec2", "s3", "cloudtrail", "lambda", "sqs"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"Action=%ff%fe&Version=%00",
        b"Action=NoSuchThing&Version=2010-05-08",
        b"Action=CreateUser&UserName=%ff",
        b"Action=GetFederationToken&DurationSeconds=soon&Name=ab",
        b"Action=ListUsers&MaxItems=" + b"9" * 5000,
        b"<a>" * 100,
        json.dumps({"MaxResults": "many", "LookupAttributes": 5}).encode(),
    ],
)
@pytest.mark.parametrize("media", [FORM["Content-Type"], "application/x-amz-json-1.1", "text/x"])
def test_signed_nonsense_is_no_server_error(
    aws: LocalAws, service: str, body: bytes, media: str, caplog: pytest.LogCaptureFixture
) -> None:
    target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
    headers = {"Content-Type": media, "X-Amz-Target": target}
    with caplog.at_level(logging.ERROR):
        answer = signed(aws, service, body=body, headers=headers).send(aws)
    assert answer.status < 500, (answer.body, caplog.text)


@pytest.mark.parametrize("service", ["nosuchservice", "", "S3", "iam/../s3", "ümlaut"])
def test_an_unknown_service_is_refused(aws: LocalAws, service: str) -> None:
    raw = query(aws, "sts", "GetCallerIdentity")
    scope = "/eu-west-2/sts/aws4_request"
    raw.headers["Authorization"] = raw.headers["Authorization"].replace(
        scope, f"/eu-west-2/{service}/aws4_request".encode().decode("latin-1")
    )
    assert 400 <= raw.send(aws).status < 500
    signed_there = signed(aws, "nosuchservice", body=b"").send(aws)
    assert 400 <= signed_there.status < 500


def test_a_scope_cannot_lead_to_another_service(aws: LocalAws) -> None:
    ada = a_user(aws, "ada", allow("s3:*"))
    body = b"Action=ListUsers&Version=2010-05-08"
    for scope in ("iamx", "s3", "nosuchservice"):
        raw = signed(aws, scope, body=body, headers=FORM, key=ada)
        for name in ("iam", "s3"):
            raw.headers["Host"] = f"{name}.amazonaws.com"
            answer = raw.send(aws)
            assert answer.status in {400, 403, 405}
            assert b"ListUsersResult" not in answer.body


def test_motos_own_pages_are_out_of_reach(aws: LocalAws) -> None:
    for path in ("/moto-api/reset", "/moto-api/", "/latest/meta-data/", "/latest/api/token"):
        for method in ("GET", "PUT"):
            answer = signed(aws, "s3", method=method, target=path).send(aws)
            assert answer.status in {400, 403, 404, 405}, (method, path, answer)
    client(aws, "iam").get_user(UserName="admin")


def test_an_account_header_changes_nothing(aws: LocalAws) -> None:
    other = "123456789012"
    raw = signed(
        aws,
        "iam",
        body=b"Action=ListGroups&Version=2010-05-08",
        headers={**FORM, "X-Moto-Account-Id": other},
    )
    client(aws, "iam").create_group(GroupName="ours")
    assert b"ours" in raw.send(aws).body


def test_nothing_secret_is_logged(aws: LocalAws, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = client(aws, "sts").get_federation_token(Name="fed")["Credentials"]
        refusal(client(aws, "iam").get_user, UserName="nobody")
    ours = [record for record in caplog.records if record.name.startswith("vaultaws")]
    for secret in (answer["SecretAccessKey"], answer["SessionToken"]):
        assert secret not in "".join(record.getMessage() for record in ours)


def test_a_client_that_leaves_is_survived(aws: LocalAws) -> None:
    host, port = urlsplit(aws.endpoint).netloc.split(":")
    for _ in range(20):
        connection = socket.create_connection((host, int(port)))
        connection.send(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + os.urandom(10))
        connection.close()
    alive(aws)
