"""Metrics over HTTP, for Prometheus to scrape: GET /metrics, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, AddressFamily
from typing import Any, Final

from vaultaws.errors import UsageError
from vaultaws.trail.metrics import CONTENT_TYPE

LOOPBACK: Final = "127.0.0.1"
PATH: Final = "/metrics"
_PATIENCE_SECONDS: Final = 10.0


def place_of(
    text: str, what: str = "metrics", do: str = "--metrics 127.0.0.1:9187"
) -> tuple[str, int]:
    """Read HOST:PORT, [IPv6]:PORT or PORT (on this machine only). Raises UsageError, which says for
    what it is no place."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    sound = port.isascii() and port.isdigit() and int(port) <= 65_535
    if not sound or (colon and not bare) or (":" in bare and bare == host):
        raise UsageError(
            f'"{text}" is no place for {what}',
            why="it is neither PORT nor HOST:PORT",
            do=do,
        )
    return bare or LOOPBACK, int(port)


@contextmanager
def served(place: tuple[str, int], text: Callable[[], str]) -> Iterator[tuple[str, int]]:
    """Serve what `text` says at each request while the body runs; yield the address and port.

    Port 0 is any that is free. Raises UsageError when the place cannot be had.
    """

    class Handler(_Handler):
        def body(self) -> bytes:
            return text().encode()

    class Server(ThreadingHTTPServer):
        address_family: AddressFamily = AF_INET6 if ":" in place[0] else AF_INET
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A scraper that goes away is none of ours."""

    try:
        server = Server(place, Handler)
    except OSError as error:
        raise UsageError(
            f"metrics cannot be served on {place[0]} port {place[1]}",
            why=error.strerror or str(error),
            do="choose another with --metrics HOST:PORT",
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield place[0], server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE_SECONDS
    server_version = "vaultaws"
    sys_version = ""

    def body(self) -> bytes:
        raise NotImplementedError

    def do_GET(self) -> None:
        found = self.path.partition("?")[0] == PATH
        content = self.body() if found else b"see /metrics\n"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", CONTENT_TYPE if found else "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_HEAD = do_GET  # noqa: N815  (the name that http.server looks for)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (http.server's name)
        """Scrapes are not told."""
