"""How long work says that it is alive: the caller decides what a person sees."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called about once a second with what is being done and the seconds it has taken so far."""


def silent(what: str, seconds: float) -> None:
    """Show nothing."""
