"""Signals as exceptions while work goes on, and held back while it is cleared up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

DEFERRED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], Any]


@contextmanager
def ending_signals_raise() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SystemExit (128 + number), so that clean-ups run as for Ctrl-C."""
    with handled(ENDING, _raise_exit):
        yield


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Let the body finish; a signal that came meanwhile is delivered after it."""
    came: list[int] = []
    try:
        with handled(DEFERRED, lambda number, _: came.append(number)):
            yield
    finally:
        if came:
            signal.raise_signal(came[0])


def _raise_exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def handled(numbers: tuple[signal.Signals, ...], handler: Handler) -> Iterator[None]:
    """Let `handler` take these signals, then put back who took them before.

    Python takes signals in the main thread only; elsewhere nothing is changed.

    A signal that is ignored stays so: whoever started us with nohup, or in the background, said so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
