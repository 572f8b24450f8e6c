"""One AWS action by the name policies give it, tried with given credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vaultaws.aws.errors import AwsSetupError, translated
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError, UsageError
from vaultaws.model import Credentials

Attempt = Callable[[], AwsError | None]
"""Tries something once: None when AWS allowed it, else AWS's error. Raises AwsSetupError."""


@dataclass(frozen=True)
class Action:
    """An API action, like ec2:DescribeInstances, and what it is called with."""

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, name: str, **parameters: Any) -> Action:
        """Read SERVICE:Operation. Raises UsageError when it is not of that form."""
        service, _, operation = name.partition(":")
        if not (service.isascii() and service and operation.isascii() and operation.isalnum()):
            raise UsageError(
                f"{name!r} is not an AWS action",
                why="an action is written service:Operation",
                do="write it like ec2:DescribeInstances",
            )
        return cls(service.lower(), operation, parameters)

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


def attempt_with(credentials: Credentials, action: Action, region: str | None) -> Attempt:
    """Prepare tries of one action, each on a connection of its own."""
    probe = client(action.service, credentials=credentials, region=region, fresh=True)
    call = _method(probe, action)

    def attempt() -> AwsError | None:
        try:
            with translated(f"do {action}"):
                call(**action.parameters)
        except AwsSetupError:
            raise
        except AwsError as refusal:
            return refusal
        return None

    return attempt


def _method(probe: Any, action: Action) -> Callable[..., object]:
    names = probe.meta.method_to_api_mapping
    method = next((name for name, api in names.items() if api == action.operation), None)
    if method is None:
        raise UsageError(
            f"AWS has no action {action}",
            why=f"the service {action.service} has no operation of that name",
            do="check the name in the service's API reference",
        )
    found: Callable[..., object] = getattr(probe, method)
    return found
