"""Small real servers on loopback: the failures of the wire, without touching our own code."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StoppedClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Reply:
    """What the server answers. `drop` closes the connection, `hang` waits until the test ends."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False
    trickle: bool = False


@dataclass(frozen=True)
class Seen:
    """One request. `port` is the client's own: another one is another connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    port: int = 0


Script = Callable[[Seen], Reply]


class Stage:
    """A server that answers by a script and remembers what it was asked."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.over = threading.Event()
        self._server = _Listener(("127.0.0.1", 0), _handler(self, script))
        scheme = "http"
        if context is not None:
            scheme = "https"
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.address = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Listener(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off, or fails the handshake, is what many tests are about."""


def _handler(stage: Stage, script: Script) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"stage": stage, "script": staticmethod(script)})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    stage: Stage
    script: Script

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        headers = {key.lower(): value for key, value in self.headers.items()}
        asked = Seen(
            self.command, self.path, headers, self.rfile.read(length), self.client_address[1]
        )
        self.stage.seen.append(asked)
        self._answer(self.script(asked))

    def _answer(self, reply: Reply) -> None:
        if reply.hang:
            self.stage.over.wait(20)
        if reply.hang or reply.drop:
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for key, value in reply.headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if reply.trickle:
            self._trickle(body)
        else:
            self.wfile.write(body)

    def _trickle(self, body: bytes) -> None:
        for byte in body:
            if self.stage.over.wait(0.05):
                return
            self.wfile.write(bytes([byte]))

    def log_message(self, *args: Any) -> None:
        """Quiet."""


def as_script(script: Script | Reply | list[Reply]) -> Script:
    if isinstance(script, Reply):
        return lambda _: script
    if isinstance(script, list):
        waiting = list(script)
        return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]
    return script
