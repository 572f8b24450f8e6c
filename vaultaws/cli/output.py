"""Results go to stdout, words to stderr; colour and redrawing only on a terminal."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TextIO

REPORT_AFTER_SECONDS = 2.0
PIPE_INTERVAL_SECONDS = 10.0


def result(text: str) -> None:
    """Print a result."""
    print(text, flush=True)


def say(text: str) -> None:
    """Print words for a person."""
    print(text, file=sys.stderr, flush=True)


def hint(text: str) -> None:
    """Print words that only help a person at a terminal."""
    if sys.stdout.isatty() and sys.stderr.isatty():
        say(f"· {text}")


def as_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object for machines."""
    result(json.dumps(value, indent=2, ensure_ascii=False, default=str))


class Progress:
    """One line on stderr, redrawn, gone when done; a pipe gets a line every 10 s instead.

    `update` may be called from any thread and as often as one likes.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or sys.stderr
        self._monotonic = monotonic
        self._redraws = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.Lock()
        self._started = monotonic()
        self._last = self._started
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._drawn:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
                self._drawn = False

    def update(self, words: str) -> None:
        """Show what is being done now."""
        with self._lock:
            now = self._monotonic()
            if self._redraws:
                if now - self._started < REPORT_AFTER_SECONDS and not self._drawn:
                    return
                self._stream.write(f"\r\x1b[K· {words} · {now - self._started:.0f} s")
                self._drawn = True
            elif now - self._last >= PIPE_INTERVAL_SECONDS:
                self._stream.write(f"· {words} · {now - self._started:.0f} s\n")
                self._last = now
            self._stream.flush()
