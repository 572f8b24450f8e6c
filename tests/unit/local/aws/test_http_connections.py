"""Connections of the local AWS's server: how many at once, and how long they may be silent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from vaultaws.local.aws.http11 import Server

GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the target and, in a header, with the method."""
    start_response("200 OK", [("X-Method", environ["REQUEST_METHOD"]), ("X-Odd", "a\r\nb: €")])
    return [environ["RAW_URI"].encode()]


@contextmanager
def serving(
    *, max_connections: int = 2, idle_seconds: float = 30, port: int = 0
) -> Iterator[Server]:
    server = Server(
        ("127.0.0.1", port), echo, max_connections=max_connections, idle_seconds=idle_seconds
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), timeout=20)


def said(connection: socket.socket, data: bytes = b"") -> bytes:
    """Send `data` and read what comes, until a whole answer or the end."""
    connection.sendall(data)
    answer = b""
    while part := connection.recv(65_536):
        answer += part
        if b"\r\n\r\n" in answer:
            break
    return answer


def test_a_port_can_be_had_again_at_once() -> None:
    """A connection that the server ended first lingers on its port for a minute."""
    with serving() as server, connected(server) as one:
        assert said(one, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while one.recv(65_536):
            pass
        port = server.server_port
    with serving(port=port) as again, connected(again) as other:
        assert said(other, GET % 1).startswith(b"HTTP/1.1 200 ")


def test_a_connection_too_many_is_turned_away_until_one_ends() -> None:
    with serving() as server, connected(server) as first, connected(server) as second:
        assert said(first, GET % 1).startswith(b"HTTP/1.1 200 ")
        assert said(second, GET % 2).startswith(b"HTTP/1.1 200 ")
        with connected(server) as third:
            assert said(third).startswith(b"HTTP/1.1 503 ")
        first.close()
        assert answered_again(server)
        assert said(second, GET % 3).endswith(b"/3")


def answered_again(server: Server) -> bool:
    """The place of an ended connection is free as soon as its thread has ended."""
    for _ in range(1000):
        with connected(server) as connection:
            try:
                if said(connection, GET % 4).startswith(b"HTTP/1.1 200 "):
                    return True
            except ConnectionError:
                continue
    return False


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
def test_a_silent_client_loses_its_place(start: bytes) -> None:
    with serving(idle_seconds=0.05) as server, connected(server) as slow:
        assert said(slow, start) == b""


def test_requests_in_a_row_are_answered_in_their_order() -> None:
    with serving() as server, connected(server) as connection:
        connection.sendall(b"".join(GET % number for number in range(20)))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")]
    assert bodies[1:] == [b"/%d" % number for number in range(20)]


def test_a_header_of_an_answer_stays_one_line() -> None:
    with serving() as server, connected(server) as connection:
        lines = said(connection, GET % 0).split(b"\r\n")
    assert b"X-Odd: a  b: ?" in lines
    assert not any(line.startswith(b"b:") for line in lines)
