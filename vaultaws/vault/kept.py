"""HTTP/1.1 to one place, over connections that are kept for the next request.

`http.client` by itself: urllib3's pool above it doubles what one small request costs (0.24 against
0.13 ms of CPU), which is what bounds a look-up of ten thousand leases.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Any, Final
from weakref import finalize

_NAME: Final = "vaultaws"

Reach = Callable[[], socket.socket]
"""Opens a socket to the place. Raises UnreachedError, or what TLS has to say."""


class UnreachedError(OSError):
    """No connection came about: nothing was sent. The cause says why."""


class ProxyRefusedError(OSError):
    """The proxy on the way did not let us through. The cause says why."""


class Kept:
    """Sends requests to one place; threads may share it. `most` connections wait for the next."""

    def __init__(self, reach: Reach, name: str, *, most: int) -> None:
        """`name` is how the header Host calls the place, in ASCII and with its port."""
        self._reach, self._most = reach, most
        self._headers = {"Host": name, "User-Agent": _NAME}
        self._idle: list[_Connection] = []
        finalize(self, _end, self._idle)

    @contextmanager
    def sent(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> Iterator[HTTPResponse]:
        """Send once, follow nothing, repeat nothing; give the answer, its body still to be read.

        The connection is kept when the body was read to its end, and closed whatever else happens.
        Raises UnreachedError, OSError (ssl.SSLError and TimeoutError among them) and HTTPException.
        """
        connection = self._take()
        try:
            connection.request(method, target, body, {**self._headers, **headers})
            with connection.getresponse() as answer:
                yield answer
                _must_be_whole(answer)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        if len(self._idle) > self._most:
            _end(self._idle, keep=self._most)

    def _take(self) -> _Connection:
        """The connection that was used last: the others may grow old and be closed by the server,
        and one that was is not used for a request that must not be sent twice."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return _Connection(self._reach)
            if connection.waits():
                return connection
            connection.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        _end(self._idle)


def _must_be_whole(answer: HTTPResponse) -> None:
    """`read1` takes a connection that ends too early for the end of the body."""
    if answer.length:
        raise IncompleteRead(b"", answer.length)


def _end(idle: list[_Connection], keep: int = 0) -> None:
    """Close idle connections, the oldest first, until `keep` are left."""
    while len(idle) > keep:
        try:
            idle.pop(0).close()
        except IndexError:
            return


class _Connection(HTTPConnection):
    """A request leaves whole, head and body together: a server is not woken by half of one."""

    def __init__(self, reach: Reach) -> None:
        super().__init__("localhost")  # never used: `reach` knows where, the headers say whom
        self._reach = reach
        self._parts: list[Any] | None = None

    def connect(self) -> None:
        self.sock = self._reach()

    def request(self, *args: Any, **kwargs: Any) -> None:
        parts = self._parts = []
        try:
            super().request(*args, **kwargs)
        finally:
            self._parts = None
        # a server may refuse before it has read all: then there is an answer to be read
        with suppress(BrokenPipeError):
            super().send(b"".join(parts))

    def send(self, data: Any) -> None:
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)

    def waits(self) -> bool:
        """True when it is open and nothing came on it: an end, or words nobody asked for."""
        return self.sock is not None and not _has_come(self.sock)


def _has_come(opened: socket.socket) -> bool:
    """True when something can be read, and be it the end. Windows has no poll(2); elsewhere
    select(2) refuses descriptors from 1,024 on."""
    if not hasattr(select, "poll"):
        return bool(select.select([opened], [], [], 0)[0])
    poll = select.poll()
    poll.register(opened, select.POLLIN)
    return bool(poll.poll(0))


def reach_tcp(host: str, port: int, seconds: float) -> socket.socket:
    """Open a connection over the network. `seconds` bounds it, and each wait on it thereafter."""
    try:
        opened = socket.create_connection((host, port), seconds)
    except (OSError, UnicodeError) as fault:
        raise UnreachedError from fault
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def reach_tls(
    host: str, port: int, seconds: float, context: ssl.SSLContext, name: str
) -> socket.socket:
    """Open a TLS connection to a server whose certificate must be for `name`."""
    opened = reach_tcp(host, port, seconds)
    try:
        _must_be_there(opened)
        return context.wrap_socket(opened, server_hostname=name)
    except BaseException:
        opened.close()
        raise


def _must_be_there(opened: socket.socket) -> None:
    """A server that was killed may be gone by now. `ssl` then takes the socket, fails, and leaves
    it open (CPython 3.11, `SSLSocket._create`)."""
    try:
        opened.getpeername()
    except OSError as fault:
        raise UnreachedError from fault


def reach_unix(path: str, seconds: float) -> socket.socket:
    """Connect to a socket file."""
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.connect(path)
    except OSError as fault:
        opened.close()
        raise UnreachedError from fault
    except BaseException:
        opened.close()
        raise
    return opened
