"""Throttles and server errors, by seeded chance or by order, in each protocol's own words.

Source: the "Common Errors" pages of IAM, STS and CloudTrail; EC2 API reference, "Error codes for
the Amazon EC2 API"; S3 API reference, "Error responses".
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vaultaws.local.aws.call import Call
from vaultaws.local.aws.hooks import ApiError
from vaultaws.local.aws.jitter import Jitter

MAX_ORDERED: Final = 10_000


class FaultKind(StrEnum):
    """What goes wrong: too many requests, a fault inside, or nobody there."""

    THROTTLE = "throttle"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class FaultSettings:
    """`rate` (0 to 1) is the share of calls that fail. Empty filters mean every service and
    every operation; services are botocore's names, operations AWS's."""

    rate: float = 0.0
    services: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    kinds: tuple[FaultKind, ...] = tuple(FaultKind)

    def covers(self, call: Call) -> bool:
        return (not self.services or call.service in self.services) and (
            not self.operations or call.operation in self.operations
        )


@dataclass(frozen=True)
class OrderedFault:
    """The next call of this service and operation (empty: any) shall fail so."""

    kind: FaultKind
    service: str = ""
    operation: str = ""

    def covers(self, call: Call) -> bool:
        return self.service in {"", call.service} and self.operation in {"", call.operation}


class ChanceFaults:
    """The gate's Faults. Orders come before chance; safe between threads."""

    def __init__(self, settings: FaultSettings | None = None, *, seed: int | None = None) -> None:
        self.settings = settings or FaultSettings()
        self._jitter = Jitter(seed)
        self._lock = threading.Lock()
        self._ordered: deque[OrderedFault] = deque(maxlen=MAX_ORDERED)
        self._drawn = 0

    @property
    def drawn(self) -> int:
        """How many calls were made to fail."""
        with self._lock:
            return self._drawn

    @property
    def ordered(self) -> int:
        """Orders still waiting for their call."""
        with self._lock:
            return len(self._ordered)

    def order(self, fault: OrderedFault, times: int = 1) -> None:
        """Make the next `times` matching calls fail."""
        with self._lock:
            self._ordered.extend(fault for _ in range(min(times, MAX_ORDERED)))

    def draw(self, call: Call) -> ApiError | None:
        """The error this call shall fail with, or None."""
        kind = self._kind(call)
        if kind is None:
            return None
        with self._lock:
            self._drawn += 1
        return fault_error(kind, call.protocol)

    def _kind(self, call: Call) -> FaultKind | None:
        if self._ordered:
            ordered = self._take_order(call)
            if ordered is not None:
                return ordered.kind
        settings = self.settings
        if settings.kinds and settings.covers(call) and self._jitter.hits(settings.rate):
            return settings.kinds[self._jitter.pick(len(settings.kinds))]
        return None

    def _take_order(self, call: Call) -> OrderedFault | None:
        with self._lock:
            found = next((fault for fault in self._ordered if fault.covers(call)), None)
            if found is not None:
                self._ordered.remove(found)
            return found


_QUERY: Final = {
    FaultKind.THROTTLE: ("Throttling", "Rate exceeded", 400),
    FaultKind.INTERNAL: (
        "InternalFailure",
        "The request processing has failed because of an unknown error, exception or failure.",
        500,
    ),
    FaultKind.UNAVAILABLE: (
        "ServiceUnavailable",
        "The request has failed due to a temporary failure of the server.",
        503,
    ),
}
_BY_PROTOCOL: Final = {
    "ec2": {
        FaultKind.THROTTLE: ("RequestLimitExceeded", "Request limit exceeded.", 503),
        FaultKind.INTERNAL: ("InternalError", "An internal error has occurred", 500),
        FaultKind.UNAVAILABLE: ("Unavailable", "The server is overloaded.", 503),
    },
    "json": _QUERY | {FaultKind.THROTTLE: ("ThrottlingException", "Rate exceeded", 400)},
    "rest-json": _QUERY | {FaultKind.THROTTLE: ("ThrottlingException", "Rate exceeded", 429)},
    "rest-xml": {
        FaultKind.THROTTLE: ("SlowDown", "Please reduce your request rate.", 503),
        FaultKind.INTERNAL: ("InternalError", "We encountered an internal error.", 500),
        FaultKind.UNAVAILABLE: ("ServiceUnavailable", "Service is unable to handle request.", 503),
    },
}


def fault_error(kind: FaultKind, protocol: str) -> ApiError:
    """The refusal as services of `protocol` word it; query's words where it is not known."""
    code, message, status = _BY_PROTOCOL.get(protocol, _QUERY)[kind]
    return ApiError(code, message, status)
