"""A gate in front of a real server: it lets requests through, and holds back one answer."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.support.stage import Reply, Seen, Stage

_NOT_PASSED_ON = frozenset({"host", "content-length", "connection", "accept-encoding"})


class Gate:
    """`held` is set once a request has come whose "METHOD path" matches; later ones go through.

    With `after` the server has done what was asked, and only its answer is kept back.
    """

    def __init__(self, address: str, hold: str, *, after: bool = False) -> None:
        self._address = address
        self._hold = re.compile(hold)
        self._after = after
        self.held = threading.Event()

    def __call__(self, seen: Seen) -> Reply:
        if self.held.is_set() or not self._hold.search(f"{seen.method} {seen.path}"):
            return self._passed_on(seen)
        if self._after:
            self._passed_on(seen)
        self.held.set()
        return Reply(hang=True)

    def _passed_on(self, seen: Seen) -> Reply:
        headers = {name: text for name, text in seen.headers.items() if name not in _NOT_PASSED_ON}
        answer = requests.request(
            seen.method, self._address + seen.path, headers=headers, data=seen.body, timeout=60
        )
        kind = answer.headers.get("Content-Type", "application/json")
        return Reply(answer.status_code, answer.content, {"Content-Type": kind})


@contextmanager
def gate(address: str, hold: str, *, after: bool = False) -> Iterator[tuple[str, threading.Event]]:
    """Open a gate before the server at `address`; gives the gate's address, and `held`."""
    guard = Gate(address, hold, after=after)
    stage = Stage(guard)
    try:
        yield stage.address, guard.held
    finally:
        stage.stop()
