"""Results go to stdout, words to stderr; colour and redrawing only on a terminal."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TextIO

REPORT_AFTER_SECONDS = 2.0
PIPE_INTERVAL_SECONDS = 10.0
REDRAW_SECONDS = 0.25
PIECES_AT_ONCE = 4096


def result(text: str) -> None:
    """Print a result. Raises OSError when nobody can take it, and then keeps none of it back."""
    try:
        print(text, flush=True)
    except OSError:
        _drop_rest(sys.stdout)
        raise


def _drop_rest(stream: TextIO) -> None:
    """Lead a stream that takes nothing to where all is taken: at the end Python would write its
    rest once more, and end with 120 for the failure."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def say(text: str, stream: TextIO | None = None) -> None:
    """Print words for a person, on stderr. Where they cannot be heard (a terminal that has hung up,
    a full disk) the work goes on: what was done and its exit code do not depend on them."""
    heard = stream or sys.stderr
    try:
        print(text, file=heard, flush=True)
    except OSError:
        _drop_rest(heard)


def hint(text: str) -> None:
    """Print words that only help a person at a terminal."""
    if sys.stdout.isatty() and sys.stderr.isatty():
        say(f"· {text}")


def colours(stream: TextIO) -> bool:
    """True for a person at a terminal who has not said no to colour (no-color.org)."""
    dull = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not dull


def as_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object for machines. Raises OSError as `result` does.

    It is written block by block: in one piece, very many leases would take five times their memory.
    """
    pieces = json.JSONEncoder(indent=2, ensure_ascii=False, default=str).iterencode(value)
    try:
        while block := "".join(itertools.islice(pieces, PIECES_AT_ONCE)):
            sys.stdout.write(block)
        print(flush=True)
    except OSError:
        _drop_rest(sys.stdout)
        raise


class Progress:
    """One line on stderr for work of over two seconds: what is being done, and for how long.

    On a terminal it is redrawn and gone when done; a pipe gets a line every 10 s instead.
    `update` may be called from any thread and as often as one likes. `monotonic` is the clock, and
    `wait` takes seconds and tells whether the work is done.
    """

    def __init__(
        self,
        words: str = "",
        stream: TextIO | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._stream = stream or sys.stderr
        self._redraws = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._words = words
        self._quiet = False
        self._monotonic = monotonic
        self._started = monotonic()
        self._done = threading.Event()
        self._wait = wait or self._done.wait
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return self._monotonic() - self._started

    def __enter__(self) -> Self:
        self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._ticker.join()
        if self._redraws:
            self._write("\r\x1b[K")

    def update(self, words: str) -> None:
        """Say what is being done now; it is shown at the next tick."""
        self._words = words

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Keep quiet while a person is asked something."""
        self._quiet = True
        if self._redraws:
            self._write("\r\x1b[K")
        try:
            yield
        finally:
            self._quiet = False

    def _tick(self) -> None:
        pause = REPORT_AFTER_SECONDS if self._redraws else PIPE_INTERVAL_SECONDS
        while not self._wait(pause):
            if self._quiet:
                continue
            if self._redraws:
                self._write(f"\r\x1b[K· {self._words} … {self.seconds:.0f} s")
                pause = REDRAW_SECONDS
            else:
                self._write(f"· {self._words} … {self.seconds:.0f} s\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            _drop_rest(self._stream)
