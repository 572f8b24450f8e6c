"""A listener for Vault's audit device of type socket: its lines, as they come, into a file.

Vault connects (TCP, or a socket in the file system), writes lines of JSON and awaits no answer. A
line that ends with its connection is kept as far as it came, with an end: it is unreadable, and so
leaves a gap. Where lines may have been lost unseen (the listener begins anew, a connection is
reset) a mark is written, which leaves a gap too. While the file cannot be written nothing more is
read, so that Vault waits, and refuses requests when it has no other device: better than lines
without a trace.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from vaultaws.clock import Clock
from vaultaws.errors import UsageError
from vaultaws.trail import gapmarks
from vaultaws.trail.auditlines import LONGEST_LINE_BYTES
from vaultaws.trail.heardlog import Heard, HeardLog, unwritable
from vaultaws.trail.metricsserver import place_of

UNIX: Final = "unix:"
MOST_CONNECTIONS: Final = 64
_AT_ONCE_BYTES: Final = 1 << 18
_PAUSE_SECONDS: Final = 0.5
_LAST_READS: Final = 64
"""How much of a connection is still taken when the listener ends: 16 MB."""
TOO_LONG: Final = b"? a line of Vault that was longer than an entry can be\n"


@contextmanager
def listening(
    place: str, log: HeardLog, clock: Clock, say: Callable[[str], None]
) -> Iterator[Listener]:
    """Listen at HOST:PORT, PORT or unix:PATH while the body runs. Raises UsageError when the place
    cannot be had, or the file cannot be written."""
    server = _bound(place)
    listener = Listener(server, log, clock, say)
    try:
        listener.begin()
        yield listener
    finally:
        listener.end()
        server.close()
        if place.startswith(UNIX):
            Path(place.removeprefix(UNIX)).unlink(missing_ok=True)


def _bound(place: str) -> socket.socket:
    try:
        if place.startswith(UNIX):
            return _bound_path(Path(place.removeprefix(UNIX)))
        host, port = place_of(place, what="a listener", do="--listen 127.0.0.1:9090")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=MOST_CONNECTIONS)
    except OSError as error:
        raise UsageError(
            f"nothing can be listened to at {place}",
            why=error.strerror or str(error),
            do="choose another with --listen HOST:PORT or --listen unix:PATH",
        ) from error


def _bound_path(path: Path) -> socket.socket:
    """Bind a socket in the file system. One that a killed run left is replaced, one that somebody
    answers is not. Raises OSError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _answers(path):
            path.unlink()
        made.bind(str(path))
        path.chmod(0o660)
        made.listen(MOST_CONNECTIONS)
    except BaseException:
        made.close()
        raise
    return made


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        return asked.connect_ex(str(path)) == 0


class Listener:
    """One thread that accepts, reads and writes. `heard` may be read from any other."""

    def __init__(
        self, server: socket.socket, log: HeardLog, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._server, self._log = server, log
        self._clock, self._say = clock, say
        self._over = threading.Event()
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._parts: dict[socket.socket, bytearray] = {}
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self.heard = Heard()

    @property
    def place(self) -> str:
        """Where Vault finds it: HOST:PORT, or a path."""
        name = self._server.getsockname()
        if isinstance(name, str):
            return name
        host = f"[{name[0]}]" if ":" in name[0] else name[0]
        return f"{host}:{name[1]}"

    def begin(self) -> None:
        """Begin to listen. Raises UsageError when the file cannot be written."""
        if not self._log.is_new:
            try:
                self._log.append(gapmarks.line(self._clock.now(), "began to listen"))
            except OSError as error:
                raise unwritable(self._log.path, error) from error
        self._server.setblocking(False)
        self._selector.register(self._server, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()

    def end(self) -> None:
        """Take what has come, and stop."""
        self._over.set()
        self._wake.send(b".")
        if self._thread.ident is not None:
            self._thread.join()
        self._selector.close()
        for each in (self._wake, self._woken):
            each.close()

    def _run(self) -> None:
        while not self._over.is_set():
            for key, _ in self._selector.select():
                if key.fileobj is self._server:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._parts:
                    self._read(key.fileobj)
        for connection in [*self._parts]:
            for _ in range(_LAST_READS):
                if not self._read(connection):
                    break
            self._finish(connection)
        if self._log.waiting:
            self.heard = replace(self.heard, lost=self.heard.lost + self._log.waiting)

    def _accept(self) -> None:
        try:
            connection, _ = self._server.accept()
        except OSError:  # too many open files: it is there yet when some are closed
            self._over.wait(_PAUSE_SECONDS)
            return
        if len(self._parts) >= MOST_CONNECTIONS:
            connection.close()
            self.heard = replace(self.heard, refused=self.heard.refused + 1)
            return
        connection.setblocking(False)
        self._parts[connection] = bytearray()
        self._selector.register(connection, selectors.EVENT_READ)
        self.heard = replace(self.heard, connections=self.heard.connections + 1)

    def _read(self, connection: socket.socket) -> bool:
        """Take what is there; False when there is nothing more for now, or ever."""
        try:
            data = connection.recv(_AT_ONCE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            self._finish(connection)
            self._keep(gapmarks.line(self._clock.now(), "a connection was reset"))
            return False
        if not data:
            self._finish(connection)
            return False
        part = self._parts[connection]
        part += data
        ends = part.rfind(b"\n") + 1
        whole, rest = bytes(part[:ends]), part[ends:]
        if len(rest) > LONGEST_LINE_BYTES:  # what comes of it yet is another torn line
            whole, rest = whole + TOO_LONG, bytearray()
            self.heard = replace(self.heard, torn=self.heard.torn + 1)
        self._parts[connection] = rest
        if whole:
            self.heard = replace(self.heard, lines=self.heard.lines + whole.count(b"\n"))
            self._keep(whole)
        return True

    def _finish(self, connection: socket.socket) -> None:
        """Let a connection go. A line that it left half is ended."""
        part = self._parts.pop(connection, None)
        if part is None:
            return
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection)
        connection.close()
        if part:
            self.heard = replace(self.heard, torn=self.heard.torn + 1)
            self._keep(bytes(part) + b"\n")

    def _keep(self, lines: bytes) -> None:
        """Write, and where that fails try until it does or the watch ends."""
        while True:
            try:
                self._log.append(lines)
            except OSError as error:
                self._failed(error.strerror or type(error).__name__)
            else:
                self._well()
                return
            lines = b""
            if self._over.wait(_PAUSE_SECONDS):
                return

    def _failed(self, why: str) -> None:
        if self.heard.fault != why:
            self._say(
                f"· what is heard cannot be kept in {self._log.path}: {why}; tried again, and Vault"
                " waits meanwhile"
            )
        self.heard = replace(self.heard, fault=why)

    def _well(self) -> None:
        if self.heard.fault:
            self._say("· what is heard is kept again")
            self.heard = replace(self.heard, fault="")
