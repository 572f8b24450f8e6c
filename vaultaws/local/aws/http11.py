"""A threaded WSGI server with HTTP/1.1 keep-alive, on the standard library's http.server.

Why not a ready one: signatures cover the raw target and every header as it was sent. Of those
tried (2 cores, 600-byte answers, one client) werkzeug's closes each connection (529 requests/s),
cheroot (1,953) and waitress (2,528) are slower than this one (6,801), and both drop headers with
underscores, which S3 metadata may have.

Limits: request line 64 KiB (http.server's), `MAX_HEADERS` of `MAX_HEAD_BYTES` together, body
`MAX_BODY_BYTES`, and `IDLE_SECONDS` of silence end a connection; `MAX_CONNECTIONS` at once.

http.server reads headers leniently (folded lines, a lone CR, a blank before the colon, lines
without one), and two readers of such a request may see two requests. So the head is checked line
by line first (RFC 9112, sections 2.2, 3.2, 5 and 6).
"""

from __future__ import annotations

import contextlib
import io
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY

from vaultaws.local.aws.hooks import WsgiApp

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
IDLE_SECONDS: Final = 120
MAX_CONNECTIONS: Final = 1024
MAX_CHUNK_LINE: Final = 1024
MAX_HEADERS: Final = 100
MAX_HEAD_BYTES: Final = 64 * 1024

_HEADER: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r?\n")
_CONTROLS: Final = dict.fromkeys((*range(9), *range(10, 32), 127), " ")
_END_OF_HEAD: Final = (b"\r\n", b"\n")

_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_UNPREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")


class BadRequestError(Exception):
    """The bytes are no HTTP request we read. `status` is the answer; the connection ends."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Server(ThreadingHTTPServer):
    """One thread a connection. Threads end with the process or their connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        app: WsgiApp,
        *,
        max_connections: int = MAX_CONNECTIONS,
        idle_seconds: float = IDLE_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` is the time of the Date headers, in seconds since the epoch."""
        self.app = app
        self.now = now
        self.idle_seconds = idle_seconds
        self._places = threading.BoundedSemaphore(max_connections)
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, or turn it away while all places are taken."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with contextlib.suppress(OSError):
            request.sendall(_FULL)
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def server_bind(self) -> None:
        """Bind without http.server's reverse name lookup, which may take seconds.

        The port may be one that was ours a moment ago: old connections linger on it.
        """
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        host, port = self.socket.getsockname()[:2]
        self.server_name, self.server_port = str(host), int(port)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that went away; say what else went wrong."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Turns each request of a connection into a WSGI call."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # a line that is no HTTP gets an answer with a status
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        """Silence for longer ends the connection."""
        super().setup()
        self.connection.settimeout(self.server.idle_seconds)

    def __getattr__(self, name: str) -> Any:
        """Answer every method alike: http.server looks for do_GET, do_PUT …"""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def parse_request(self) -> bool:
        """Let http.server see the headers only once every line of them is in order."""
        stream = self.rfile
        try:
            self.rfile = io.BytesIO(_read_head(stream))
            return super().parse_request()
        except BadRequestError as bad:
            self._refuse_head(bad)
            return False
        finally:
            self.rfile = stream

    def _refuse_head(self, bad: BadRequestError) -> None:
        self.command, self.request_version = "", self.default_request_version
        self.requestline = ""
        self.close_connection = True
        self.send_error(bad.status, bad.reason)

    def handle_expect_100(self) -> bool:
        """Ask for the body only when it will be read; `_serve` sends the 100."""
        return True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (http.server's name)
        """Write no access log: CloudTrail is the record."""

    def version_string(self) -> str:
        return "vaultaws"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header says the account's own time, as its tokens and its trail do."""
        return super().date_time_string(self.server.now() if timestamp is None else timestamp)

    def _serve(self) -> None:
        try:
            environ = make_environ(self)
        except BadRequestError as bad:
            self.close_connection = True
            self.send_error(bad.status, bad.reason)
            return
        self._answer(environ)
        with contextlib.suppress(ConnectionError):
            self.wfile.flush()

    def _answer(self, environ: WSGIEnvironment) -> None:
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            head.append((status, headers))

        start: StartResponse = start_response
        chunks = self.server.app(environ, start)
        body = _joined(chunks)
        status, headers = head[-1]
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() not in ("content-length", "date", "server", "connection"):
                self.send_header(name, _header_text(value))
        self._send_body(int(code), headers, body)

    def _send_body(self, code: int, headers: list[tuple[str, str]], body: bytes) -> None:
        if self.command == "HEAD":
            given = [value for name, value in headers if name.lower() == "content-length"]
            self.send_header("Content-Length", given[-1] if given else str(len(body)))
            body = b""
        elif code not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _header_text(value: str) -> str:
    """One line of Latin-1, whatever an application echoes: a header must not end early."""
    text = value.encode("latin-1", "replace").decode("latin-1")
    return text.translate(_CONTROLS)


def _joined(chunks: Iterable[bytes]) -> bytes:
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


def _read_head(stream: io.BufferedIOBase) -> bytes:
    """The header lines and the empty one that ends them. Raises BadRequestError."""
    head = bytearray()
    for _ in range(MAX_HEADERS + 1):
        line = stream.readline(MAX_HEAD_BYTES + 1 - len(head))
        head += line
        if len(head) > MAX_HEAD_BYTES:
            raise BadRequestError(431, "headers too large")
        if line in _END_OF_HEAD:
            return bytes(head)
        if not _HEADER.fullmatch(line):
            raise BadRequestError(400, "bad header line")
    raise BadRequestError(431, "too many headers")


def make_environ(request: Handler) -> WSGIEnvironment:
    """The WSGI environment, with RAW_URI as it came and the body read whole.

    Raises BadRequestError. Repeated headers are joined with a comma, as SigV4 joins them.
    """
    target = _origin_form(request.path)
    path, _, query = target.partition("?")
    environ: WSGIEnvironment = {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "REQUEST_METHOD": request.command,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": target,
        "REQUEST_URI": target,
        "REMOTE_ADDR": request.client_address[0],
        "REMOTE_PORT": str(request.client_address[1]),
        "SERVER_NAME": request.server.server_name,
        "SERVER_PORT": str(request.server.server_port),
        "SERVER_PROTOCOL": request.request_version,
    }
    _check_host(request)
    _put_headers(environ, request)
    body = _read_body(request)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _check_host(request: Handler) -> None:
    hosts = len(request.headers.get_all("Host") or [])
    if hosts > 1 or (hosts == 0 and request.request_version != "HTTP/1.0"):
        raise BadRequestError(400, "not one Host header")


def _origin_form(target: str) -> str:
    """The target from its path on; a proxy's absolute form loses scheme and authority."""
    if target.lower().startswith(("http://", "https://")):
        rest = target.split("//", 1)[1]
        cut = min((i for i in (rest.find("/"), rest.find("?")) if i >= 0), default=len(rest))
        target = rest[cut:] if rest[cut : cut + 1] == "/" else f"/{rest[cut:]}"
    if not target.startswith("/"):
        raise BadRequestError(400, "bad request target")
    return target


def _put_headers(environ: WSGIEnvironment, request: Handler) -> None:
    """CGI names; a name with an underscore is kept only as S3 metadata, under its own spelling."""
    preserved: dict[str, str] = {}
    for name, value in request.headers.items():
        if "_" in name and not name.lower().startswith("x-amz-meta-"):
            continue
        key = name.upper().replace("-", "_")
        key = key if key in _UNPREFIXED else f"HTTP_{key}"
        if "_" in name:
            preserved[key] = name
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved


def _read_body(request: Handler) -> bytes:
    codings = request.headers.get_all("Transfer-Encoding") or []
    lengths = request.headers.get_all("Content-Length") or []
    if codings:
        _check_coding(codings, request.request_version, lengths)
    size = _body_size(lengths)
    if size or codings:
        _invite_body(request)
    return _read_chunked(request) if codings else _read_exactly(request, size)


def _check_coding(codings: list[str], version: str, lengths: list[str]) -> None:
    """Only "chunked", once, alone, from a client that knows it (RFC 9112, section 6.1)."""
    if lengths:
        raise BadRequestError(400, "both Transfer-Encoding and Content-Length")
    if version == "HTTP/1.0":
        raise BadRequestError(400, "Transfer-Encoding in HTTP/1.0")
    if [coding.strip().lower() for coding in codings] != ["chunked"]:
        raise BadRequestError(501, "unknown transfer coding")


def _invite_body(request: Handler) -> None:
    """Send the 100 that the client waits for; HTTP/1.0 has none (RFC 9110, section 10.1.1)."""
    expected = request.headers.get("Expect", "").strip().lower()
    if expected == "100-continue" and request.request_version != "HTTP/1.0":
        request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.wfile.flush()


def _body_size(values: list[str]) -> int:
    if not values:
        return 0
    if len(set(values)) > 1 or not (values[0].isascii() and values[0].isdigit()):
        raise BadRequestError(400, "bad Content-Length")
    size = int(values[0]) if len(values[0]) < 20 else MAX_BODY_BYTES + 1
    if size > MAX_BODY_BYTES:
        raise BadRequestError(413, "body too large")
    return size


def _read_exactly(request: Handler, size: int) -> bytes:
    body = request.rfile.read(size) if size else b""
    if len(body) < size:
        raise BadRequestError(400, "body cut short")
    return body


def _read_chunked(request: Handler) -> bytes:
    """RFC 9112, section 7.1. Trailers are read and dropped."""
    body = bytearray()
    while size := _chunk_size(request):
        if len(body) + size > MAX_BODY_BYTES:
            raise BadRequestError(413, "body too large")
        body += _read_exactly(request, size)
        if request.rfile.read(2) != b"\r\n":
            raise BadRequestError(400, "bad chunk end")
    _read_head(request.rfile)
    return bytes(body)


def _chunk_size(request: Handler) -> int:
    line = request.rfile.readline(MAX_CHUNK_LINE)
    digits = line.split(b";")[0].strip(b" \t\r\n")
    if not line.endswith(b"\r\n") or not digits or len(digits) > 15:
        raise BadRequestError(400, "bad chunk size")
    if digits.strip(b"0123456789abcdefABCDEF"):
        raise BadRequestError(400, "bad chunk size")
    return int(digits, 16)
