"""The seams of the local AWS: what the gate asks of its neighbours, and how they answer.

The gate (`app.py`) knows nothing of CloudTrail, faults or delays beyond these interfaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from wsgiref.types import StartResponse, WSGIEnvironment

from vaultaws.local.aws.call import Call, Caller, Outcome

T = TypeVar("T")

CONTROL_PREFIX: Final = "/_vaultaws/"
"""Paths below it go to the control application; no AWS service has such a path.

A bucket name cannot hold an underscore (S3 user guide, bucket naming rules).
"""


ON_BEHALF: Final = "vaultaws.on_behalf"
"""In a request's environment: the `Caller` for whom a service acts. No header can come here."""


class NotMineError(Exception):
    """A handler does not answer this call after all: moto does."""


class ApiError(Exception):
    """A refusal as AWS words it. The gate writes it in the protocol of the call.

    `status` is the HTTP status; `extra` are members of the error's shape beyond code and message.
    """

    def __init__(
        self, code: str, message: str, status: int = 400, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra: Mapping[str, Any] = extra or {}


Handler = Callable[[Call, Caller], Mapping[str, Any]]
"""Answers one operation: members of its output shape, or an ApiError."""

Handlers = Mapping[tuple[str, str], Handler]
"""By (service, operation), as in `Call`."""

WsgiApp = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


class Clock(Protocol):
    """The local AWS's own time."""

    def now(self) -> datetime:
        """The time in UTC as this AWS sees it; it may have been moved."""
        ...

    def wall(self) -> datetime:
        """The machine's own time in UTC, never moved.

        Signatures are judged by it: clients sign with the machine's clock, and moving the local
        AWS's time must not refuse every request.
        """
        ...


class Recorder(Protocol):
    """Writes CloudTrail."""

    def record(self, call: Call, caller: Caller, outcome: Outcome) -> None:
        """Take one finished call of an authenticated caller; never raises, never blocks long.

        `outcome.response` is empty for a successful read (Get, List, Describe, Head …) that moto
        answered; CloudTrail's responseElements is null there. STS's own answers are whole.
        """
        ...


class Faults(Protocol):
    """Throttles and server errors, by chance or by order."""

    def draw(self, call: Call) -> ApiError | None:
        """The error this call shall fail with, or None. Asked once a call, after authentication."""
        ...


class Propagation(Protocol):
    """IAM is eventually consistent: what requests see lags behind what was written.

    A subject is a name such as `key:AKIA…` or `user-policies:ada`. The gate tells of each change
    with the value that held before it, and asks what is seen.
    """

    def changed(self, subject: str, before: object, now: datetime) -> None:
        """`subject` was `before` until `now` (None: it did not exist)."""
        ...

    def seen(self, subject: str, current: T, now: datetime) -> T:
        """What requests see of `subject` at `now`.

        That is its value at `now` minus the delay: the `before` of the oldest change younger than
        the delay, or `current` when there is none.
        """
        ...


class Authoriser(Protocol):
    """Decides whether a call may be made."""

    def authorise(self, call: Call, caller: Caller) -> None:
        """Raise ApiError (AccessDenied, UnauthorizedOperation, AccessDeniedException) on a no."""
        ...
