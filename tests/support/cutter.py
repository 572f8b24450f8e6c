"""A TCP relay in front of a real server that cuts connections when told to."""

from __future__ import annotations

import itertools
import select
import socket
import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import Self
from urllib.parse import urlsplit


class Cut(Enum):
    """What becomes of a request: it passes, the server never sees it, or it does and its answer
    is lost."""

    NOT = auto()
    BEFORE = auto()
    AFTER = auto()


class Cutter:
    """Relays to `address`. `verdict` is asked for each request by its number, from 1 on; it may
    do something itself first. A client sends the head of a request in one piece."""

    def __init__(self, address: str, verdict: Callable[[int], Cut]) -> None:
        parts = urlsplit(address)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._verdict = verdict
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(30)
        self._socket.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            if select.select([self._socket], [], [], 0.1)[0]:
                client, _ = self._socket.accept()
                self._threads.append(threading.Thread(target=self._relay, args=(client,)))
                self._threads[-1].start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            cut = Cut.NOT
            while not self._stopped.is_set():
                for source in select.select([client, server], [], [], 0.1)[0]:
                    try:
                        data = source.recv(1 << 16)
                    except ConnectionError:
                        return
                    if source is client and b" HTTP/1.1\r\n" in data:
                        cut = self._judge()
                    if not data or cut is Cut.BEFORE or (source is server and cut is Cut.AFTER):
                        return
                    (server if source is client else client).sendall(data)

    def _judge(self) -> Cut:
        with self._lock:
            return self._verdict(next(self._numbers))
