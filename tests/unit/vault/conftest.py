from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator

import pytest

from tests.support.stage import Reply, Script, Stage, StoppedClock, as_script


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    """Opens servers by script (a function, one reply, or replies in order; the last repeats)."""
    opened: list[Stage] = []

    def open_stage(
        script: Script | Reply | list[Reply], context: ssl.SSLContext | None = None
    ) -> Stage:
        opened.append(Stage(as_script(script), context))
        return opened[-1]

    yield open_stage
    for server in opened:
        server.stop()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
