"""The container credentials endpoint of the AWS SDKs, for one child on this machine.

The child learns address and token from AWS_CONTAINER_CREDENTIALS_FULL_URI and
AWS_CONTAINER_AUTHORIZATION_TOKEN (SDK reference guide, "container credential provider"). A web
page must not reach it: whatever has an Origin or another Host is refused, before the token is
looked at. Nothing is logged.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from vaultaws.clock import Clock, SystemClock
from vaultaws.errors import VaultawsError
from vaultaws.handoff.formats import iso
from vaultaws.model import Credentials, Secret

HOST: Final = "127.0.0.1"
PATH: Final = "/credentials"
HEAD_BYTES: Final = 16_384
SECONDS: Final = 5.0
"""What a client has to send its request, and what it has to take its answer."""
PAUSE_SECONDS: Final = 0.05
CLIENTS: Final = 64
"""How many are served at once; the system keeps a few more waiting."""

Source = Callable[[], Credentials]
"""Returns a set that is good now, with its end. Raises VaultawsError when there is none."""


@dataclass(frozen=True)
class Answer:
    """What goes back: a status with its phrase, and a JSON body."""

    status: str
    body: Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """The head of a request; header names are in small letters."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]


class Endpoint:
    """A socket of its own on a free port, and the token that opens it."""

    def __init__(self, clock: Clock | None = None, *, seconds: float = SECONDS) -> None:
        """Take the port. `seconds` bounds each talk's two halves. Raises OSError."""
        self._clock = clock or SystemClock()
        self._seconds = seconds
        self._socket = socket.create_server((HOST, 0), backlog=CLIENTS)
        self.port: int = self._socket.getsockname()[1]
        self._token = Secret(secrets.token_urlsafe(32))
        self._places = threading.BoundedSemaphore(CLIENTS)
        self._closing = threading.Event()

    def environ(self) -> dict[str, str]:
        """What the child needs to find it, secrets revealed."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{HOST}:{self.port}{PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token.reveal(),
        }

    @contextlib.contextmanager
    def serving(self, source: Source) -> Iterator[None]:
        """Answer for as long as the block runs; then the port is closed."""
        thread = threading.Thread(target=self._accept, args=(source,), name="serve", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.close()
            thread.join()

    def close(self) -> None:
        """Let the port go."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._socket.close()

    def _accept(self, source: Source) -> None:
        while not self._closing.is_set():
            self._places.acquire()
            try:
                client, _ = self._socket.accept()
            except OSError:
                self._places.release()
                if self._closing.is_set():
                    return
                self._clock.sleep(PAUSE_SECONDS)  # no more open files: the next one may find some
                continue
            threading.Thread(target=self._talk, args=(client, source), daemon=True).start()

    def _talk(self, client: socket.socket, source: Source) -> None:
        try:
            with client, contextlib.suppress(OSError):
                answer = self._answer(read_head(client, self._clock, self._seconds), source)
                client.settimeout(self._seconds)
                client.sendall(encode(answer))
                client.shutdown(socket.SHUT_WR)
                client.recv(HEAD_BYTES)  # a body we did not read would reset our answer
        finally:
            self._places.release()

    def _answer(self, head: bytes | None, source: Source) -> Answer:
        request = parse(head) if head is not None else None
        if request is None:
            return _refusal("400 Bad Request", "this is not a request as the SDKs make it")
        if refused := judge(request, f"{HOST}:{self.port}", self._token):
            return refused
        try:
            return Answer("200 OK", document(source()))
        except VaultawsError as error:
            return _refusal("503 Service Unavailable", f"{error.what}: {error.why}")


def judge(request: Request, host: str, token: Secret) -> Answer | None:
    """Return a refusal, or None for whoever may have the credentials. Pure."""
    if request.all("host") != [host] or request.all("origin"):
        return _refusal("403 Forbidden", "asked by a web page, or under another name")
    given = request.all("authorization")
    if len(given) != 1 or not hmac.compare_digest(
        given[0].encode("latin-1"), token.reveal().encode()
    ):
        return _refusal("403 Forbidden", "the authorization token is missing or wrong")
    if request.method != "GET":
        return _refusal("405 Method Not Allowed", "only GET is answered")
    if request.target != PATH:
        return _refusal("404 Not Found", f"only {PATH} is answered")
    return None


def document(credentials: Credentials) -> dict[str, str]:
    """The endpoint's answer. SDKs want a Token: an IAM user's key has an empty one."""
    token = credentials.session_token
    found = {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "Token": token.reveal() if token is not None else "",
    }
    if credentials.expires_at is not None:
        found["Expiration"] = iso(credentials.expires_at)
    return found


def read_head(client: socket.socket, clock: Clock, seconds: float) -> bytes | None:
    """Return what comes before the empty line; None when it is too long or too slow."""
    deadline, head = clock.monotonic() + seconds, b""
    while b"\r\n\r\n" not in head:
        left = deadline - clock.monotonic()
        if left <= 0 or len(head) > HEAD_BYTES:
            return None
        client.settimeout(left)
        try:
            part = client.recv(4096)
        except TimeoutError:
            return None
        if not part:
            return None
        head += part
    return head.partition(b"\r\n\r\n")[0]


def parse(head: bytes) -> Request | None:
    """Return the request, or None for what could be read in two ways (RFC 9112)."""
    line, *rest = head.decode("latin-1").split("\r\n")
    words = line.split(" ")
    if len(words) != 3 or words[2] not in {"HTTP/1.1", "HTTP/1.0"}:
        return None
    headers = []
    for field in rest:
        name, colon, value = field.partition(":")
        if not colon or not name or name != name.strip() or not field.isprintable():
            return None
        headers.append((name.lower(), value.strip(" \t")))
    return Request(words[0], words[1], tuple(headers))


def encode(answer: Answer) -> bytes:
    """The answer as it goes over the wire; the connection ends with it."""
    body = json.dumps(answer.body).encode()
    head = (
        f"HTTP/1.1 {answer.status}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


def _refusal(status: str, message: str) -> Answer:
    return Answer(status, {"code": status.partition(" ")[2].replace(" ", ""), "message": message})
