"""Threads that work side by side, and that nobody waits for when a person says stop.

The standard library's pool waits for every call under way: at its end, and once more when the
interpreter ends. A call to Vault or AWS may take minutes, and a responder's Ctrl-C means now. What
is left under way is as good as killed: the journal knows it was begun.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from queue import SimpleQueue
from threading import Lock, Thread
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


class Crew(Executor):
    """A pool to be used as a context. When its body is stopped (by anything that is no plain
    Exception) what waits is dropped, and what is under way gets `grace_seconds` to end."""

    def __init__(self, workers: int, name: str, *, grace_seconds: float = 0.0) -> None:
        self._most, self._name, self._grace_seconds = workers, name, grace_seconds
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = Lock()
        self._futures: set[Future[Any]] = set()
        self._threads: list[Thread] = []

    def submit(
        self, call: Callable[_Given, _Answer], /, *args: _Given.args, **kwargs: _Given.kwargs
    ) -> Future[_Answer]:
        """Begin a call as soon as one of the threads is free."""
        future: Future[_Answer] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                answer = call(*args, **kwargs)
            except BaseException as raised:  # noqa: BLE001  (whoever asks for the answer gets it)
                future.set_exception(raised)
            else:
                future.set_result(answer)

        with self._lock:
            self._futures.add(future)
            future.add_done_callback(self._ended)
            self._waiting.put(run)
            if len(self._threads) < min(self._most, len(self._futures)):
                name = f"{self._name}-{len(self._threads)}"
                self._threads.append(Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more. `wait` for what is under way and, unless dropped, for what waits."""
        with self._lock:
            futures, threads = list(self._futures), list(self._threads)
        for future in futures if cancel_futures else ():
            future.cancel()
        for _ in threads:
            self._waiting.put(None)
        for thread in threads if wait else ():
            thread.join()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            try:
                self.shutdown(cancel_futures=kind is not None)
            except BaseException:
                self.shutdown(wait=False, cancel_futures=True)
                raise
            return
        self.shutdown(wait=False, cancel_futures=True)
        if self._grace_seconds:
            with self._lock:
                under_way = [future for future in self._futures if future.running()]
            wait(under_way, self._grace_seconds)

    def _work(self) -> None:
        while (run := self._waiting.get()) is not None:
            run()

    def _ended(self, future: Future[Any]) -> None:
        with self._lock:
            self._futures.discard(future)
