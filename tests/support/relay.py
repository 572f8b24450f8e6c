"""A relay in front of a real server: counts what is asked, and can act at any one request."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

WRITES = frozenset({"POST", "PUT", "DELETE"})
METHODS = ("GET", "LIST", *sorted(WRITES))
LOOKUPS = ("identity/lookup/", "sys/capabilities-self")
"""What is asked with a body and changes nothing."""


@dataclass(frozen=True)
class Asked:
    """One request that may change something. `number` counts these from 1."""

    number: int
    method: str
    path: str


class CutError(Exception):
    """Raised by a hook: the connection is closed without an answer."""


Hook = Callable[[Asked], None]


def nothing(_: Asked) -> None:
    """A hook that lets pass."""


class Relay:
    """Forwards to `target`. `before` is called before a write is forwarded, `after` when the
    server has answered and the asker not yet. With a context it speaks TLS, with `trust` the target
    does; each connection ends without a word after `keeps` answers."""

    def __init__(
        self,
        target: str,
        before: Hook = nothing,
        after: Hook = nothing,
        *,
        context: ssl.SSLContext | None = None,
        trust: ssl.SSLContext | None = None,
        keeps: int = 1_000_000,
    ) -> None:
        self._target, self._trust = urlsplit(target).netloc, trust
        self.before = before
        self.after = after
        self._lock = threading.Lock()
        self.writes: list[Asked] = []
        self.reads = 0
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            answered = 0

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (CutError, OSError):
                    self.close_connection = True
                self.answered += 1
                self.close_connection |= self.answered == keeps

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def forward(self) -> None:
                relay.forward(self)

        for method in METHODS:
            setattr(Handler, f"do_{method}", Handler.forward)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._scheme = "http"
        if context is not None:
            self._scheme = "https"
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forward(self, asking: BaseHTTPRequestHandler) -> None:
        body = asking.rfile.read(int(asking.headers.get("Content-Length", "0")))
        asked = self._count(asking)
        if asked is not None:
            self.before(asked)
        status, headers, answer = self._ask(asking, body)
        if asked is not None:
            self.after(asked)
        asking.send_response(status)
        for name, value in headers:
            asking.send_header(name, value)
        asking.send_header("Content-Length", str(len(answer)))
        asking.end_headers()
        asking.wfile.write(answer)

    def _count(self, asking: BaseHTTPRequestHandler) -> Asked | None:
        path = urlsplit(asking.path).path.removeprefix("/v1/")
        with self._lock:
            if asking.command not in WRITES or path.startswith(LOOKUPS):
                self.reads += 1
                return None
            asked = Asked(len(self.writes) + 1, asking.command, path)
            self.writes.append(asked)
            return asked

    def _upstream(self) -> http.client.HTTPConnection:
        if self._trust is None:
            return http.client.HTTPConnection(self._target, timeout=60)
        return http.client.HTTPSConnection(self._target, timeout=60, context=self._trust)

    def _ask(
        self, asking: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = self._upstream()
        try:
            kept = {
                name: value
                for name, value in asking.headers.items()
                if name.lower() not in {"host", "connection", "content-length"}
            }
            upstream.request(asking.command, asking.path, body or None, kept)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        dropped = {"content-length", "transfer-encoding", "connection", "date"}
        headers = [
            (name, value) for name, value in answer.getheaders() if name.lower() not in dropped
        ]
        return answer.status, headers, content
