"""Signals: an exception while work goes on, held back while it is cleared up."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from vaultaws.interrupts import deferred_signals, ending_signals_raise


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
