"""A change set carried out, and taken back where it fails (CloudFormation user guide, "Stack status
codes"). Runs in a thread of its own; the lock is held for a step's own calls only."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from vaultaws.local.aws.cfn.kind import Clients, Kind, given
from vaultaws.local.aws.cfn.stacks import (
    KINDS,
    ChangeSet,
    Made,
    Stack,
    outputs_of,
    properties_of,
    wanted,
)
from vaultaws.local.aws.cfn.template import Resource
from vaultaws.local.aws.hooks import ApiError

Now = Callable[[], datetime]


class _FailedError(Exception):
    """A resource's own failure, which its event tells."""


@dataclass(frozen=True)
class _Undo:
    """What was done to one resource: `before` is None for what is new, `after` for what is only
    to be deleted at the end."""

    name: str
    before: Made | None
    after: Made


class Run:
    """One execution."""

    def __init__(self, stack: Stack, change_set: ChangeSet, clients: Clients, now: Now) -> None:
        self._stack = stack
        self._set = change_set
        self._clients = clients
        self._now = now
        self._done: list[_Undo] = []
        self._old: list[tuple[str, Made]] = []

    def carry_out(self) -> None:
        """Bring the stack to the change set's template, or back to where it was."""
        stack = self._stack
        fresh = stack.status == "CREATE_IN_PROGRESS"
        before = (stack.template, stack.values)
        stack.template, stack.values = self._set.template, self._set.values
        try:
            self._apply()
            stack.outputs = outputs_of(stack)
        except _FailedError:
            self._roll_back(before, fresh=fresh)
            return
        if not fresh:
            self._tell(stack.name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up()
        self._tell(stack.name, "CREATE_COMPLETE" if fresh else "UPDATE_COMPLETE")

    def delete(self) -> None:
        """Delete all that the stack made."""
        for name, made in reversed(list(self._stack.resources.items())):
            if not self._end(name, made):
                reason = f"The following resource(s) failed to delete: [{name}]. "
                self._tell(self._stack.name, "DELETE_FAILED", reason)
                return
        self._tell(self._stack.name, "DELETE_COMPLETE")

    def _apply(self) -> None:
        stack = self._stack
        resolver = stack.resolver(self._set.template, stack.values, stack.resources)
        resources = wanted(self._set.template, resolver)
        staying = {resource.name for resource in resources}
        self._old += [item for item in stack.resources.items() if item[0] not in staying]
        for resource in resources:
            made = stack.resources.get(resource.name)
            verb = "CREATE" if made is None else "UPDATE"
            try:
                properties = properties_of(resource, resolver)
                if made is None or made.kind.name != resource.kind:
                    self._make(resource, properties, made, verb)
                elif properties != made.properties:
                    self._change(resource, properties, made)
                elif made.retained != resource.retained:
                    stack.resources[resource.name] = replace(made, retained=resource.retained)
            except (ApiError, ClientError, ParamValidationError, KeyError) as error:
                self._tell(resource.name, f"{verb}_FAILED", _reason(error))
                raise _FailedError from error

    def _change(self, resource: Resource, properties: Mapping[str, Any], made: Made) -> None:
        kind = made.kind
        if any(made.properties.get(key) != properties.get(key) for key in kind.fixed):
            self._make(resource, properties, made, "UPDATE")
            return
        self._tell(resource.name, "UPDATE_IN_PROGRESS")
        after = Made(kind, made.physical_id, properties, resource.retained)
        self._done.append(_Undo(resource.name, made, after))
        kind.change(self._clients, made.physical_id, made.properties, properties)
        self._stack.resources[resource.name] = after
        self._tell(resource.name, "UPDATE_COMPLETE")

    def _make(
        self, resource: Resource, properties: Mapping[str, Any], old: Made | None, verb: str
    ) -> None:
        kind = KINDS[resource.kind]
        self._tell(resource.name, f"{verb}_IN_PROGRESS")
        name = str(properties.get(kind.named_by) or self._name_for(resource, kind))
        physical = kind.make(self._clients, name, properties)
        made = Made(kind, physical, properties, resource.retained)
        if old is not None:
            self._old.append((resource.name, old))
        self._done.append(_Undo(resource.name, None, made))
        self._stack.resources[resource.name] = made
        bare = given(properties, kind.made_with)
        if bare != given(properties, kind.known - {kind.named_by}):
            kind.change(self._clients, physical, bare, properties)
        self._tell(resource.name, f"{verb}_COMPLETE")

    def _name_for(self, resource: Resource, kind: Kind) -> str:
        tail = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
        name = f"{self._stack.name}-{resource.name}-{tail}"
        return name.lower() if "::S3::" in kind.name else name

    def _clean_up(self) -> None:
        for name, made in reversed(self._old):
            if self._stack.resources.get(name) is made:
                self._end(name, made)
            else:
                self._end(name, made, replaced=True)

    def _end(self, name: str, made: Made, *, replaced: bool = False) -> bool:
        """Delete one resource; what is to be retained is left. False when that fails."""
        if made.retained:
            self._tell(name, "DELETE_SKIPPED")
        else:
            self._tell(name, "DELETE_IN_PROGRESS")
            try:
                made.kind.end(self._clients, made.physical_id, made.properties)
            except ClientError as error:
                self._tell(name, "DELETE_FAILED", _reason(error))
                return False
            self._tell(name, "DELETE_COMPLETE")
        if not replaced:
            self._stack.resources.pop(name, None)
        return True

    def _roll_back(self, before: tuple[Any, Mapping[str, str]], *, fresh: bool) -> None:
        stack = self._stack
        failed = [each.logical_id for each in stack.events if each.status.endswith("_FAILED")]
        reason = f"The following resource(s) failed to {'create' if fresh else 'update'}: "
        began = "ROLLBACK_IN_PROGRESS" if fresh else "UPDATE_ROLLBACK_IN_PROGRESS"
        self._tell(stack.name, began, f"{reason}[{failed[-1]}]. ")
        whole = True
        for undo in reversed(self._done):
            whole = self._undo(undo) and whole
        if not fresh:
            stack.template, stack.values = before
        ended = "ROLLBACK_COMPLETE" if fresh else "UPDATE_ROLLBACK_COMPLETE"
        self._tell(stack.name, ended if whole else ended.replace("COMPLETE", "FAILED"))

    def _undo(self, undo: _Undo) -> bool:
        if undo.before is None:
            ended = self._end(undo.name, undo.after)
            replaced = next((made for name, made in self._old if name == undo.name), None)
            if replaced is not None:
                self._stack.resources[undo.name] = replaced
            return ended
        made, old = undo.before, undo.after.properties
        try:
            made.kind.change(self._clients, made.physical_id, old, made.properties)
        except ClientError as error:
            self._tell(undo.name, "UPDATE_FAILED", _reason(error))
            return False
        self._stack.resources[undo.name] = made
        self._tell(undo.name, "UPDATE_COMPLETE")
        return True

    def _tell(self, name: str, status: str, reason: str = "") -> None:
        self._stack.tell(self._now(), name, status, reason)


_CODES = {
    "AccessDenied": "AccessDenied",
    "EntityAlreadyExists": "AlreadyExists",
    "NoSuchEntity": "NotFound",
    "LimitExceeded": "ServiceLimitExceeded",
}


def _reason(error: Exception) -> str:
    """As a resource's handler tells it."""
    if isinstance(error, ClientError):
        details = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = _CODES.get(details["Code"], "InvalidRequest")
        told = f"{details.get('Message', details['Code'])} (Status Code: {status})"
    elif isinstance(error, KeyError):
        told, code = f"required key {error} not found", "InvalidRequest"
    elif isinstance(error, ApiError):
        told, code = error.message, "InvalidRequest"
    else:
        told, code = str(error), "InvalidRequest"
    return f'Resource handler returned message: "{told}" (HandlerErrorCode: {code})'
