"""What an identity provider answers by way of the browser, heard once on this machine.

The provider sends the browser back to an address here, with a code that is good for one login
(OpenID Connect Core 1.0, "Authorization Code Flow"). What does not bring the state of this very
login is nobody's answer, and the wait goes on; the first that does ends it.
"""

from __future__ import annotations

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from vaultaws.clock import Clock
from vaultaws.errors import UsageError, VaultDeniedError, WaitTimeoutError
from vaultaws.model import Secret

PORT: Final = 8250
"""The one that the Vault CLI listens at: roles allow it already."""
WAIT_SECONDS: Final = 120.0
_HOST: Final = "127.0.0.1"
_PATH: Final = "/oidc/callback"
_TURN_SECONDS: Final = 0.5
_IDLE_SECONDS: Final = 5
_LONGEST_SENTENCE: Final = 300
_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>vaultaws</title><p>{}</p></html>
"""


class Callback:
    """Listens from its making on. Raises UsageError where the port cannot be had."""

    def __init__(self, port: int = PORT) -> None:
        try:
            self._server = _Listener(port)
        except OSError as fault:
            raise UsageError(
                f"the port {port} cannot be listened at",
                why=fault.strerror or "the system refuses it",
                do="choose another that the role allows: --port N",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where the provider is to send the browser."""
        return f"http://localhost:{self._server.server_port}{_PATH}"

    def wait(self, state: str, clock: Clock, seconds: float = WAIT_SECONDS) -> Secret:
        """The code for the login with this state.

        Raises VaultDeniedError when the provider says no, WaitTimeoutError when nothing comes.
        """
        server, end = self._server, clock.monotonic() + seconds
        server.state = state
        while not server.answered.is_set():
            if clock.monotonic() >= end:
                raise WaitTimeoutError(
                    f"nobody logged in within {seconds:.0f} seconds",
                    why="the browser did not come back from the identity provider",
                    do="run it again, and open the address that it prints",
                )
            server.handle_request()
        if server.code is None:
            raise VaultDeniedError(
                "the identity provider refused the login",
                why=server.refusal,
                do="log in there as somebody who may, or ask those who run it",
            )
        return server.code


class _Listener(ThreadingHTTPServer):
    """A thread a connection: browsers open some that they say nothing on."""

    timeout = _TURN_SECONDS
    daemon_threads = True
    state = ""
    code: Secret | None = None
    refusal = ""

    def __init__(self, port: int) -> None:
        self.answered, self._taking = threading.Event(), threading.Lock()
        self._taken = False
        super().__init__((_HOST, port), _Handler)

    def take(self, state: str) -> bool:
        """True for the first answer with the right state."""
        right = bool(self.state) and secrets.compare_digest(state.encode(), self.state.encode())
        with self._taking:
            first, self._taken = not self._taken, self._taken or right
        return right and first


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        server, parts = self.server, urlsplit(self.path)
        said = {name: values[0] for name, values in parse_qs(parts.query).items()}
        hosts = {f"{name}:{server.server_port}" for name in (_HOST, "localhost")}
        if parts.path != _PATH or self.headers.get("Host", "") not in hosts:
            self._answer(404, "There is nothing here.")
        elif not server.take(said.get("state", "")):
            self._answer(400, "This is not the answer that vaultaws waits for.")
        else:
            self._hear(said)

    def _hear(self, said: dict[str, str]) -> None:
        server = self.server
        if said.get("code") and not said.get("error"):
            server.code = Secret(said["code"])
            words = "The answer has reached vaultaws, which goes on in the terminal."
        else:
            told = (said.get("error", ""), said.get("error_description", ""))
            refusal = ": ".join(filter(None, told)) or "it sent no code"
            server.refusal = refusal[:_LONGEST_SENTENCE]
            words = "The login was refused. The terminal says why."
        try:
            self._answer(200, f"{words} You can close this page.")
        finally:
            server.answered.set()

    def _answer(self, status: int, words: str) -> None:
        body = _PAGE.format(words).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base's name)
        """Say nothing: a request's line holds the code."""
