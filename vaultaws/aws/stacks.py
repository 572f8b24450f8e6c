"""CloudFormation's stacks and change sets (AWS CloudFormation API reference)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError
from vaultaws.model import Pairs

_GONE: Final = "does not exist"


@dataclass(frozen=True)
class Output:
    name: str
    value: str
    description: str = ""


@dataclass(frozen=True)
class Stack:
    """A stack as DescribeStacks has it. `changed_at` is its last change, or its making."""

    id: str
    name: str
    status: str
    changed_at: datetime
    reason: str = ""
    description: str = ""
    parameters: Pairs = ()
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class ResourceChange:
    """What a change set does with one resource. `action` is Add, Modify or Remove; `replacement`
    True, Conditional or False; `properties` are those that change."""

    action: str
    logical_id: str
    type: str
    physical_id: str = ""
    replacement: str = "False"
    retained: bool = False
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeSet:
    """A change set. While it is worked out its status ends in _PENDING or _IN_PROGRESS."""

    id: str
    status: str
    reason: str = ""
    changes: tuple[ResourceChange, ...] = ()


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    logical_id: str
    type: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a template; `default` is None where a value must be given."""

    name: str
    default: str | None
    description: str = ""


class StackHands:
    """Reads and changes stacks of one region. Each method raises AwsError."""

    def __init__(self, region: str | None = None) -> None:
        self._client: Any = client("cloudformation", region=region)
        self.region = str(self._client.meta.region_name)

    def stack(self, name: str) -> Stack | None:
        """The stack of a name or an id; None where there is none."""
        try:
            with translated(f"look up the stack {name}"):
                found = self._client.describe_stacks(StackName=name)["Stacks"]
        except AwsError as fault:
            if fault.code == "ValidationError" and _GONE in fault.why:
                return None
            raise
        stack = _stack(found[0])
        return None if stack.status == "DELETE_COMPLETE" and name != stack.id else stack

    def stacks(self) -> tuple[Stack, ...]:
        """All stacks that are there."""
        with translated("list the stacks"):
            pages = self._client.get_paginator("describe_stacks").paginate()
            return tuple(_stack(each) for page in pages for each in page["Stacks"])

    def body(self, name: str) -> str:
        """The template that a stack was made with, as it was sent."""
        with translated(f"read the template of the stack {name}"):
            answer = self._client.get_template(StackName=name, TemplateStage="Original")
        body = answer.get("TemplateBody", "")
        return body if isinstance(body, str) else ""

    def parameters(self, body: str) -> tuple[Parameter, ...]:
        """What a template asks for."""
        with translated("read the template"):
            answer = self._client.get_template_summary(TemplateBody=body)
        return tuple(
            Parameter(each["ParameterKey"], each.get("DefaultValue"), each.get("Description", ""))
            for each in answer["Parameters"]
        )

    def create_change_set(
        self,
        stack: str,
        name: str,
        body: str,
        *,
        fresh: bool,
        given: Mapping[str, str],
        kept: Iterable[str],
    ) -> str:
        """Have a change set worked out; its id. `kept` parameters stay as they are."""
        parameters: list[dict[str, Any]] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
        ]
        parameters += [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]
        with translated(f"work out the changes of the stack {stack}"):
            answer = self._client.create_change_set(
                StackName=stack,
                ChangeSetName=name,
                ChangeSetType="CREATE" if fresh else "UPDATE",
                TemplateBody=body,
                Parameters=parameters,
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
        return str(answer["Id"])

    def change_set(self, stack: str, change_set: str) -> ChangeSet:
        """A change set with all its changes."""
        changes: list[ResourceChange] = []
        more: dict[str, str] = {}
        while True:
            with translated(f"look up the changes of the stack {stack}"):
                answer = self._client.describe_change_set(
                    StackName=stack, ChangeSetName=change_set, **more
                )
            entries = (each.get("ResourceChange") for each in answer.get("Changes", ()))
            changes += [_change(each) for each in entries if each]
            if not answer.get("NextToken"):
                break
            more = {"NextToken": answer["NextToken"]}
        reason = str(answer.get("StatusReason") or "")
        return ChangeSet(change_set, answer["Status"], reason, tuple(changes))

    def change_sets(self, stack: str) -> tuple[str, ...]:
        """The ids of a stack's change sets."""
        with translated(f"list the change sets of the stack {stack}"):
            pages = self._client.get_paginator("list_change_sets").paginate(StackName=stack)
            return tuple(str(each["ChangeSetId"]) for page in pages for each in page["Summaries"])

    def delete_change_set(self, stack: str, change_set: str) -> None:
        with translated(f"delete the change set of the stack {stack}"):
            self._client.delete_change_set(StackName=stack, ChangeSetName=change_set)

    def execute(self, stack: str, change_set: str) -> None:
        with translated(f"change the stack {stack}"):
            self._client.execute_change_set(StackName=stack, ChangeSetName=change_set)

    def delete(self, stack: str) -> None:
        with translated(f"delete the stack {stack}"):
            self._client.delete_stack(StackName=stack)

    def events(self, stack: str) -> tuple[Event, ...]:
        """A stack's history, the oldest first."""
        with translated(f"read the events of the stack {stack}"):
            pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack)
            found = [each for page in pages for each in page["StackEvents"]]
        return tuple(
            Event(
                str(each.get("LogicalResourceId", "")),
                str(each.get("ResourceType", "")),
                str(each.get("ResourceStatus", "")),
                str(each.get("ResourceStatusReason", "")),
            )
            for each in reversed(found)
        )


def _stack(found: Mapping[str, Any]) -> Stack:
    changed: datetime = found.get("LastUpdatedTime") or found["CreationTime"]
    said = found.get("Parameters", ())
    parameters = ((each["ParameterKey"], each["ParameterValue"]) for each in said)
    return Stack(
        found["StackId"],
        found["StackName"],
        found["StackStatus"],
        changed.astimezone(UTC),
        str(found.get("StackStatusReason") or ""),
        str(found.get("Description") or ""),
        tuple(parameters),
        tuple(
            Output(each["OutputKey"], each["OutputValue"], str(each.get("Description") or ""))
            for each in found.get("Outputs", ())
        ),
    )


def _change(found: Mapping[str, Any]) -> ResourceChange:
    details = (each.get("Target", {}) for each in found.get("Details", ()))
    touched = (str(each.get("Name") or each.get("Attribute") or "") for each in details)
    return ResourceChange(
        found["Action"],
        found["LogicalResourceId"],
        found["ResourceType"],
        str(found.get("PhysicalResourceId") or ""),
        str(found.get("Replacement") or "False"),
        str(found.get("PolicyAction") or "").startswith("Retain"),
        tuple(dict.fromkeys(name for name in touched if name)),
    )
