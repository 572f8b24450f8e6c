"""Threads side by side: all is done, or, when somebody says stop, nobody waits."""

from __future__ import annotations

import signal
import subprocess
import sys
from threading import Event, active_count

import pytest

from tests.support.waiting import until
from vaultaws.incident.crew import Crew


def test_everything_is_done_and_answered_in_order() -> None:
    before = active_count()
    with Crew(4, "t") as crew:
        assert list(crew.map(lambda number: number * 2, range(100))) == list(range(0, 200, 2))
    assert active_count() == before


def test_what_is_raised_reaches_who_asks_and_stops_what_waits() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 3:
            raise ValueError(number)
        done.append(number)

    def all_of_it() -> None:
        with Crew(1, "t") as crew:
            for future in [crew.submit(work, number) for number in range(10)]:
                future.result()

    with pytest.raises(ValueError, match="3"):
        all_of_it()
    assert done[:3] == [0, 1, 2]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_when_stopped_nobody_waits_and_nothing_is_begun(stop: type[BaseException]) -> None:
    begun, release = list[int](), Event()
    started = Event()

    def work(number: int) -> None:
        begun.append(number)
        started.set()
        release.wait(60)

    def stopped() -> None:
        with Crew(2, "t") as crew:
            for number in range(5):
                crew.submit(work, number)
            started.wait(60)
            raise stop

    with pytest.raises(stop):
        stopped()
    assert not release.is_set()  # it came back although they are still at it
    assert len(begun) <= 2
    release.set()


def test_a_stop_leaves_time_to_write_down_what_was_just_done() -> None:
    started, ended = Event(), Event()

    def work() -> None:
        started.wait(60)
        ended.set()

    def stopped() -> None:
        with Crew(1, "t", grace_seconds=60) as crew:
            crew.submit(work)
            until(lambda: bool(crew._threads))
            started.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    until(ended.is_set)


HANGING = """
from threading import Event
from vaultaws.incident.crew import Crew

class Telling(Crew):
    def __exit__(self, *raised):
        print("stopping", flush=True)
        super().__exit__(*raised)

with Telling(1, "t", grace_seconds=600) as crew:
    crew.submit(Event().wait, 600)
    print("here", flush=True)
    Event().wait(600)
"""


def test_a_second_ctrl_c_waits_for_nothing_not_even_at_the_end_of_the_process() -> None:
    command = [sys.executable, "-c", HANGING]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
