"""IAM put together, and what has to happen around a call that touches its state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from vaultaws.local.aws.call import Call, Caller, CallerKind
from vaultaws.local.aws.hooks import ApiError, Handlers
from vaultaws.local.aws.iam.access_keys import AccessKeys
from vaultaws.local.aws.iam.devices import Devices
from vaultaws.local.aws.iam.documents import AWS_ARN, load_aws_policy
from vaultaws.local.aws.iam.observed import Observer
from vaultaws.local.aws.iam.policies import Policies
from vaultaws.local.aws.iam.roles import Groups, Roles
from vaultaws.local.aws.iam.service_credentials import ServiceCredentials
from vaultaws.local.aws.iam.state import State
from vaultaws.local.aws.iam.users import Users
from vaultaws.local.aws.mfa import Codes
from vaultaws.local.aws.moto_door import LOCK, Operation

_READS: Final = ("Get", "List", "Simulate", "Generate")


class Iam:
    """The IAM of one account."""

    def __init__(self, state: State, observer: Observer, codes: Codes) -> None:
        self._state = state
        self._observer = observer
        self._parts = (
            Users(state),
            AccessKeys(state),
            Policies(state),
            Roles(state),
            Groups(state),
            Devices(state, codes),
            ServiceCredentials(state),
        )

    def handlers(self) -> Handlers:
        return {name: handle for part in self._parts for name, handle in part.handlers().items()}

    @contextmanager
    def around(self, call: Call) -> Iterator[None]:
        """Hold the lock for a call on IAM's state, and see to what it changes.

        CloudFormation makes IAM entities too: AWS-managed policies that a template names are
        loaded before, entities get their ids after.
        """
        if call.service == "iam":
            with LOCK:
                load_aws_policy(str(call.params.get("PolicyArn", "")), self._state)
                yield from self._watched(call)
        elif call.service == "cloudformation":
            with LOCK:
                for found in AWS_ARN.finditer(str(call.params.get("TemplateBody", ""))):
                    load_aws_policy(found.group(), self._state)
                yield
                self._state.adopt()
        else:
            yield

    def _watched(self, call: Call) -> Iterator[None]:
        if call.operation.startswith(_READS):
            yield
        else:
            with self._observer.watching(call):
                yield


def with_own_name(operation: Operation, caller: Caller) -> Operation:
    """IAM's default: where UserName may be left out, it is the caller's own.

    Raises ApiError ValidationError for callers who are no users (IAM API reference, GetUser).
    """
    shape = operation.model.input_shape
    if operation.service != "iam" or shape is None or "UserName" not in shape.members:
        return operation
    if "UserName" in shape.required_members or "UserName" in operation.params:
        return operation
    if caller.kind is CallerKind.IAM_USER:
        return replace(operation, params={**operation.params, "UserName": caller.user_name})
    if caller.kind is CallerKind.ROOT and operation.name == "GetUser":
        return operation
    text = "Must specify userName when calling with non-User credentials"
    raise ApiError("ValidationError", text, 400)
