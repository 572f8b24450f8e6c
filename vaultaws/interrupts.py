"""Signals as exceptions while work goes on, and held back while it is cleared up."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

ENDING: Final = tuple(
    signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if name in signal.Signals.__members__
)
"""Windows has no SIGHUP."""
DEFERRED: Final = (signal.SIGINT, *ENDING)
_AGAIN_SECONDS: Final = 0.05
Handler = Callable[[int, FrameType | None], Any]


@contextmanager
def ending_signals_raise() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SystemExit (128 + number), so that clean-ups run as for Ctrl-C."""
    with handled(ENDING, _raise_exit):
        yield


@contextmanager
def lost_signals_return() -> Iterator[None]:
    """Deliver again a signal whose exception Python has dropped.

    Python prints and forgets what is raised in a finaliser, a weak reference's callback or the
    import system's own clean-up. A signal that comes in just that moment would be lost, and the
    run would go on although it was told to end. It comes back shortly after, outside of them.
    """
    before = sys.unraisablehook
    coming: list[threading.Timer] = []

    def hook(dropped: sys.UnraisableHookArgs) -> None:
        number = _signal_of(dropped.exc_value)
        if number is None:
            before(dropped)
        else:
            coming.append(threading.Timer(_AGAIN_SECONDS, _deliver, (number,)))
            coming[-1].start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in coming:
            timer.cancel()


@contextmanager
def suspended_between(leave: Callable[[], None], come_back: Callable[[], None]) -> Iterator[None]:
    """Ctrl-Z calls `leave` before we stop, and `come_back` when we are continued (POSIX)."""
    if sys.platform == "win32":
        yield
        return

    def suspend(_number: int, _frame: FrameType | None) -> None:
        leave()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, suspend)
        come_back()

    with handled((signal.SIGTSTP,), suspend):
        yield


def _signal_of(raised: BaseException | None) -> int | None:
    """The signal that an exception stands for, None for any other exception."""
    if isinstance(raised, KeyboardInterrupt):
        return signal.SIGINT
    code = raised.code if isinstance(raised, SystemExit) else None
    return next((number for number in ENDING if code == 128 + number), None)


def _deliver(number: int) -> None:
    """Send the main thread a signal, so that it ends a wait there."""
    signal.pthread_kill(threading.main_thread().ident or 0, number)


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
