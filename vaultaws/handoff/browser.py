"""A secret URL given to a browser without standing in anybody's process list.

A browser is started with a URL among its arguments, which everybody on the machine can read. So it
is given the address of a one-time redirect on this machine; what that leads to goes to the first
who asks with the right path, and nobody after.
"""

from __future__ import annotations

import secrets
import threading
import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final

from vaultaws.clock import Clock
from vaultaws.model import Secret

HOST: Final = "127.0.0.1"
WAIT_SECONDS: Final = 60.0
_TURN_SECONDS: Final = 0.5
_IDLE_SECONDS: Final = 5


def show(url: Secret, clock: Clock, browse: Callable[[str], bool] = webbrowser.open) -> bool:
    """Open the URL in the person's browser; False when none came for it.

    Some browsers are waited for until they end, so the asking is done beside the answering.
    """
    path = f"/{secrets.token_urlsafe(32)}"
    answers: list[bool] = []
    with _OneTime(path, url) as server:
        address = f"http://{HOST}:{server.server_port}{path}"
        threading.Thread(target=lambda: answers.append(browse(address)), daemon=True).start()
        end = clock.monotonic() + WAIT_SECONDS
        while not server.taken and clock.monotonic() < end and answers != [False]:
            server.handle_request()
        return server.taken


class _OneTime(HTTPServer):
    """Gives its redirect once."""

    timeout = _TURN_SECONDS

    def __init__(self, path: str, url: Secret) -> None:
        self.path, self.url, self.taken = path, url, False
        super().__init__((HOST, 0), _Redirect)


class _Redirect(BaseHTTPRequestHandler):
    server: _OneTime
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        server = self.server
        hosts = {f"{HOST}:{server.server_port}"}
        right = secrets.compare_digest(self.path.encode(), server.path.encode())
        if server.taken or not right or self.headers.get("Host", "") not in hosts:
            self.send_response(404)
        else:
            server.taken = True
            self.send_response(302)
            self.send_header("Location", server.url.reveal())
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base's name)
        """Say nothing: a request's line is half of a secret."""
