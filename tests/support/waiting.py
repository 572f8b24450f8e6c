"""Wait for something to become true by asking for it."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return when `condition` holds; fail the test when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def settled(state: Callable[[], object], seconds: float = 1.0) -> None:
    """Return when `state` has been the same for so long: what is under way has come to its end."""
    seen, since = state(), time.monotonic()
    deadline = since + 60.0
    while time.monotonic() - since < seconds:
        assert time.monotonic() < deadline, "it never came to rest"
        time.sleep(0.05)
        now = state()
        if now != seen:
            seen, since = now, time.monotonic()
