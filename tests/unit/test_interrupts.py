"""Signals: an exception while work goes on, held back while it is cleared up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from vaultaws.interrupts import deferred_signals, ending_signals_raise, lost_signals_return


def test_a_signal_during_a_clean_up_comes_after_it() -> None:
    done: list[str] = []

    def interrupted() -> None:
        with deferred_signals():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("cleaned")
        done.append("never")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["cleaned"]


def test_a_polite_end_is_an_exception_and_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as caught, ending_signals_raise():
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


WITHOUT_HANG_UP = """
import enum, signal
known = {one.name: one.value for one in signal.Signals if one.name != "SIGHUP"}
signal.Signals = enum.IntEnum("Signals", known)
del signal.SIGHUP
from vaultaws.interrupts import DEFERRED, ENDING
print([one.name for one in ENDING], len(DEFERRED))
"""


def test_a_system_without_a_hang_up_has_the_other_signals() -> None:
    """Windows is one; not even the commands could be imported there."""
    asked = [sys.executable, "-c", WITHOUT_HANG_UP]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "['SIGTERM'] 2\n", done.stderr


def test_an_ignored_signal_stays_ignored() -> None:
    """`nohup vaultaws up` outlives the terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_signals_raise(), deferred_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_changes_no_handler() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with deferred_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


class Finalised:
    """Does something while it is cleared away, where Python drops what is raised."""

    def __init__(self, last: Callable[[], None]) -> None:
        self._last = last

    def __del__(self) -> None:
        self._last()


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_that_came_in_a_finaliser_is_not_lost(
    number: signal.Signals, raised: type[BaseException]
) -> None:
    went_on = []

    def interrupted() -> None:
        Finalised(lambda: signal.raise_signal(number))
        went_on.append("after the finaliser")
        time.sleep(60)

    before, started = sys.unraisablehook, time.monotonic()
    with pytest.raises(raised), lost_signals_return(), ending_signals_raise():
        interrupted()
    assert went_on == ["after the finaliser"]
    assert time.monotonic() - started < 60
    assert sys.unraisablehook is before


def test_what_else_a_finaliser_raises_is_left_to_the_hook_before() -> None:
    heard: list[type[BaseException] | None] = []
    before = sys.unraisablehook
    sys.unraisablehook = lambda dropped: heard.append(dropped.exc_type)
    try:
        with lost_signals_return():
            Finalised([].pop)
    finally:
        sys.unraisablehook = before
    assert heard == [IndexError]
