"""A client that costs next to nothing: requests signed beforehand, sent over bare sockets.

It reads only what it must of an answer (status, length, whether the connection stays), so that a
benchmark measures the server.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Target:
    """A server and the key that signs for it."""

    name: str
    host: str
    port: int
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True)
class Tally:
    """What one client saw. `ended_at` is `time.time()` after its last answer."""

    answered: int
    failed: int
    ended_at: float
    first_failure: str = ""


def signed(target: Target, service: str, parameters: dict[str, str]) -> bytes:
    """A whole POST of the query protocol, signed with SigV4, ready to be sent."""
    body = urlencode(parameters).encode()
    request = AWSRequest(
        method="POST",
        url=f"http://{target.host}:{target.port}/",
        data=body,
        headers={
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "User-Agent": "Boto3/1.44 benchmark",
        },
    )
    key = Credentials(target.access_key_id, target.secret_access_key)
    SigV4Auth(key, service, "us-east-1").add_auth(request)
    fields = {"Host": f"{target.host}:{target.port}", "Content-Length": str(len(body))}
    fields |= dict(request.headers.items())
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


def run_clients(
    host: str, port: int, lists: Sequence[Sequence[bytes]], start_at: float
) -> list[Tally]:
    """One thread a client, each sending its own list in order from `start_at` on."""
    with ThreadPoolExecutor(len(lists)) as pool:
        return list(pool.map(lambda each: _run(host, port, each, start_at), lists))


def _run(host: str, port: int, requests: Sequence[bytes], start_at: float) -> Tally:
    connection = _Connection(host, port)
    answered = failed = 0
    first_failure = ""
    time.sleep(max(0.0, start_at - time.time()))
    for request in requests:
        status, body = connection.send(request)
        answered += 1
        if status != 200:
            failed += 1
            first_failure = first_failure or f"{status} {body[:300]!r}"
    connection.close()
    return Tally(answered, failed, time.time(), first_failure)


class _Connection:
    """Keeps its socket while the server lets it, and opens a new one where it does not."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        head, rest = self._read_head(self._socket)
        fields = head.lower()
        length = int(_field(fields, b"content-length") or 0)
        while len(rest) < length:
            rest += self._more(self._socket)
        keeps = _field(fields, b"connection") != b"close" and fields.startswith(b"http/1.1")
        if not keeps:
            self.close()
        return int(head[9:12]), rest

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read_head(self, connection: socket.socket) -> tuple[bytes, bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more(connection)
        head, _, rest = data.partition(b"\r\n\r\n")
        return head, rest

    @staticmethod
    def _more(connection: socket.socket) -> bytes:
        data = connection.recv(65_536)
        if not data:
            raise ConnectionError("the server closed the connection in an answer")
        return data


def _field(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""
