"""Many requests at once: order kept, the first fault raised, no thread left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from vaultaws.errors import VaultError, VaultRefusedError
from vaultaws.vault.bulk import AT_ONCE, ask_all


def refusal(what: str) -> VaultRefusedError:
    return VaultRefusedError(what, why="no", do="look again")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_answers_keep_the_order_of_the_items() -> None:
    """The first item ends last: it waits until all others have."""
    others = threading.Semaphore(0)

    def ask(item: int) -> int:
        if item == 0:
            for _ in range(49):
                assert others.acquire(timeout=30)
        else:
            others.release()
        return item * item

    assert ask_all(ask, range(50)) == [item * item for item in range(50)]


def test_nothing_is_asked_for_nothing() -> None:
    assert ask_all(refusal, []) == []


def test_none_is_an_answer() -> None:
    assert ask_all(lambda _: None, "abc") == [None, None, None]


def test_as_many_as_said_are_under_way_and_no_more() -> None:
    meeting = threading.Barrier(AT_ONCE, timeout=30)
    lock, under_way, most = threading.Lock(), 0, 0

    def ask(_: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        meeting.wait()
        with lock:
            under_way -= 1

    ask_all(ask, range(3 * AT_ONCE))
    assert most == AT_ONCE


def test_after_a_fault_those_under_way_end_and_no_other_begins() -> None:
    begun: list[int] = []
    all_begun, refused = threading.Barrier(AT_ONCE, timeout=30), threading.Event()
    heard: dict[int, VaultError | None] = {}

    def ask(item: int) -> int:
        begun.append(item)
        all_begun.wait()
        if item == 3:
            refused.set()
            raise refusal("three")
        assert refused.wait(30)
        if item == 5:
            raise refusal("five")
        return item

    with pytest.raises(VaultRefusedError, match=r"three|five"):
        ask_all(ask, range(100), lambda item, fault: heard.update({item: fault}))
    assert {*range(AT_ONCE)} <= {*begun} == {*heard}
    assert {item for item, fault in heard.items() if fault is not None} == {3, 5}


def test_the_first_fault_is_the_one_raised() -> None:
    with pytest.raises(VaultRefusedError, match="first"):
        ask_all(lambda item: (_ for _ in ()).throw(refusal("first")), ["one"])


def test_a_fault_that_is_no_refusal_is_raised_as_it_is() -> None:
    heard: list[int] = []
    with pytest.raises(ZeroDivisionError):
        ask_all(lambda item: 1 // item, [0], lambda item, _: heard.append(item))
    assert heard == []


def test_what_the_listener_raises_passes_and_stops_the_rest() -> None:
    """A journal on a full disk. The listener is called where the caller is."""
    caller, failed = threading.current_thread(), threading.Event()
    asked: list[int] = []

    def ask(item: int) -> None:
        asked.append(item)
        assert item == 0 or failed.wait(30)
        time.sleep(0.001)

    def told(_: int, __: object) -> None:
        assert threading.current_thread() is caller
        failed.set()
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        ask_all(ask, range(100_000), told)
    for thread in threading.enumerate():
        if thread.daemon and thread is not caller:
            thread.join(30)
    assert len(asked) < 100_000


INTERRUPTED = """
import os
import threading
from vaultaws.vault.bulk import ask_all

def ask(item):
    os.write(1, f"{item}\\n".encode())
    threading.Event().wait()

ask_all(ask, range(100))
"""


def test_an_interrupt_does_not_wait_for_a_silent_server() -> None:
    """Every thread hangs for good; Ctrl-C ends the process all the same."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            begun = {int(process.stdout.readline()) for _ in range(AT_ONCE)}
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert begun == {*range(AT_ONCE)}
    assert said.rstrip().endswith("KeyboardInterrupt")
