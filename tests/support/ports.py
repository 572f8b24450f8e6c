"""Ports for servers that are ended and started anew at the same place."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack
from typing import Final
from weakref import finalize

from vaultaws.local.ports import LOOPBACK

_FIRST: Final = 20_000
_LAST: Final = 32_000
"""The system gives connections ports from 32768 on (Linux), 49152 on (macOS): while a server is
down, one of those could be taken by anybody's request, and the server not come back."""
_STEP: Final = 32


class Block:
    """Ports in a row that no other block has. The first of the row is held as long as this is."""

    def __init__(self, size: int) -> None:
        assert size < _STEP
        for first in random.sample(range(_FIRST, _LAST, _STEP), k=(_LAST - _FIRST) // _STEP):
            held = _held(first, size)
            if held is not None:
                self.ports = tuple(range(first + 1, first + 1 + size))
                finalize(self, held.close)
                return
        raise AssertionError("no row of free ports")


def _held(first: int, size: int) -> socket.socket | None:
    """The first port's socket when all of the row are free."""
    with ExitStack() as looked_at:
        opened = [looked_at.enter_context(socket.socket()) for _ in range(size)]
        held = socket.socket()
        try:
            held.bind((LOOPBACK, first))
            for at, each in enumerate(opened, first + 1):
                each.bind((LOOPBACK, at))
        except OSError:
            held.close()
            return None
        return held
