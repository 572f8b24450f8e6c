"""Very many small questions over few connections: one request's text, one answer's, no more.

urllib3 spends a third of a millisecond of CPU on a request. Where a hundred thousand leases are
looked up that is what bounds the rate, not the server. So direct connections (no proxy) are asked
in plain HTTP/1.1 here; whatever is not a plain 200 is left to the ordinary way, which knows
retries, redirects and all words of a refusal.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.pools import tls_context

_CHUNK: Final = 64 * 1024
_LARGEST: Final = 1024 * 1024
_LENGTH: Final = b"\r\ncontent-length:"
_CLOSES: Final = b"\r\nconnection: close"


class NotLeanError(Exception):
    """The answer is not of the plain kind; ask in the ordinary way."""


def is_direct(settings: ConnectionSettings) -> bool:
    """True where nothing stands between us and the server that wants words of its own."""
    return not settings.proxy


class LeanConnection:
    """One kept connection, for one thread. It opens with the first question."""

    def __init__(self, settings: ConnectionSettings, path: str, headers: Mapping[str, str]) -> None:
        self._settings = settings
        self._parts = urlsplit(settings.address)
        host = "localhost" if settings.unix_socket else self._parts.netloc
        said = {"Host": host, "Content-Type": "application/json", **headers}
        if any(set("\r\n") & set(f"{name}{value}") for name, value in said.items()):
            raise NotLeanError("a header of two lines")
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        base = "" if settings.unix_socket else self._parts.path.rstrip("/")
        self._head = f"PUT {base}/v1/{path} HTTP/1.1\r\n{lines}Content-Length: ".encode()
        self._socket: socket.socket | None = None

    def ask(self, body: bytes) -> Any:
        """Return the answer's JSON. Raises NotLeanError for any other answer, and OSError."""
        if self._socket is None:
            self._socket = self._connect()
        try:
            self._socket.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
            return self._answer(self._socket)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it; the next question opens another."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        seconds = self._settings.timeout_seconds
        if self._settings.unix_socket:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(seconds)
            made.connect(self._settings.unix_socket)
            return made
        tls = self._parts.scheme == "https"
        address = (self._parts.hostname or "", self._parts.port or (443 if tls else 80))
        made = socket.create_connection(address, timeout=seconds)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not tls:
            return made
        name = self._settings.tls.server_name or address[0]
        return tls_context(self._settings.tls).wrap_socket(made, server_hostname=name)

    def _answer(self, connection: socket.socket) -> Any:
        """Read one answer to its end; nothing may come after it."""
        held = connection.recv(_CHUNK)
        while (end := held.find(b"\r\n\r\n")) < 0:
            held = _more(connection, held)
        head = held[:end].lower()
        at = head.find(_LENGTH)
        if not head.startswith(b"http/1.1 200") or at < 0:
            raise NotLeanError("not a plain 200")
        try:
            whole = end + 4 + int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        except ValueError:
            raise NotLeanError("no length") from None
        while len(held) < whole:
            held = _more(connection, held)
        if len(held) > whole:
            raise NotLeanError("more than one answer")
        if _CLOSES in head:
            self.close()
        try:
            return json.loads(held[end + 4 :])
        except (ValueError, RecursionError):
            raise NotLeanError("not JSON") from None


def _more(connection: socket.socket, held: bytes) -> bytes:
    got = connection.recv(_CHUNK)
    if not got or len(held) > _LARGEST:
        raise NotLeanError("it broke off, or is too long")
    return held + got
