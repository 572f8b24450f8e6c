"""Many requests at once, over the connections that one server's pool keeps open."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from itertools import count
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final, TypeVar

from vaultaws.errors import VaultError

AT_ONCE: Final = 8
_LOOK_UP_SECONDS: Final = 0.2

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Told = Callable[[Item, VaultError | None], None]


def ask_all(
    ask: Callable[[Item], Answer],
    items: Sequence[Item],
    told: Told[Item] | None = None,
    *,
    at_once: int = AT_ONCE,
) -> list[Answer]:
    """Call `ask` with every item, up to `at_once` at a time; answers in the order of `items`.

    After the first fault no further item is begun; those under way end, then that fault is
    raised and no thread is left. `told` hears, in the caller's thread, of each item that was
    asked, as it ends, with its refusal if there was one; not of an item that fell to a fault
    other than Vault's. An interrupt (Ctrl-C), or what `told` raises, passes at once: the threads
    end with the request they are in.
    """
    answers: dict[int, Answer] = {}
    first: BaseException | None = None
    with closing(_run(ask, items, at_once)) as outcomes:
        for place, outcome in outcomes:
            if isinstance(outcome, _Fault):
                first = first or outcome.raised
                refusal = outcome.raised
            else:
                answers[place] = outcome
                refusal = None
            if told is not None and (refusal is None or isinstance(refusal, VaultError)):
                told(items[place], refusal)
    if first is not None:
        raise first
    return [answers[place] for place in range(len(items))]


class _Fault:
    """What `ask` raised."""

    def __init__(self, raised: BaseException) -> None:
        self.raised = raised


def _run(
    ask: Callable[[Item], Answer], items: Sequence[Item], at_once: int
) -> Generator[tuple[int, Answer | _Fault], None, None]:
    """Yield the outcome of each item as it comes; ends when every thread has.

    The threads are daemons: a process that is told to end does not wait for a slow server.
    """
    results: SimpleQueue[tuple[int, Answer | _Fault] | None] = SimpleQueue()
    stop, places = Event(), count()

    def work() -> None:
        while not stop.is_set() and (place := next(places)) < len(items):
            try:
                results.put((place, ask(items[place])))
            except BaseException as fault:  # noqa: BLE001  (it is raised where the answers are awaited)
                stop.set()
                results.put((place, _Fault(fault)))
        results.put(None)

    running = min(at_once, len(items))
    for _ in range(running):
        Thread(target=work, daemon=True).start()
    try:
        while running:
            outcome = _next(results)
            if outcome is None:
                running -= 1
            else:
                yield outcome
    finally:
        stop.set()


def _next(results: SimpleQueue[Item]) -> Item:
    """Wait for the next one, looking up now and then: a signal that comes just before the wait
    begins would otherwise be noticed only at its end."""
    while True:
        try:
            return results.get(timeout=_LOOK_UP_SECONDS)
        except Empty:
            continue
