"""Calls of botocore's, made at a pace and with our errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vaultaws.aws.errors import translated
from vaultaws.aws.pace import Pace
from vaultaws.errors import AwsError

Answer = TypeVar("Answer")


class Paced:
    """What `Pace` does, for calls that raise botocore's exceptions."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def run(self, doing: str, call: Callable[[], Answer]) -> Answer:
        """Make a call that may be made again. `doing` completes "AWS refused to …"."""

        def once() -> Answer:
            with translated(doing):
                return call()

        return self._pace.run(once)

    def found(self, doing: str, call: Callable[[], Answer]) -> Answer | None:
        """The same; None when AWS has no such thing (any more)."""
        try:
            return self.run(doing, call)
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return None
            raise
