"""Stacks and change sets as they stand, and what a change set would do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from vaultaws.local.aws.cfn import kinds_iam, kinds_other
from vaultaws.local.aws.cfn.kind import Kind, Place
from vaultaws.local.aws.cfn.template import Resolver, Resource, Template, invalid, order

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (*kinds_iam.KINDS, *kinds_other.KINDS)
}
LATER: Final = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""Stands for what a resource that is not there yet will give."""
STACK: Final = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Made:
    """A resource that is there."""

    kind: Kind
    physical_id: str
    properties: Mapping[str, Any]
    retained: bool


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    id: str
    at: datetime
    logical_id: str
    physical_id: str
    kind: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Change:
    """What a change set does with one resource. `touched` pairs a property with how far its
    change makes the resource anew: Never, Always, Conditionally."""

    action: str
    logical_id: str
    physical_id: str
    kind: str
    retained: bool = False
    touched: tuple[tuple[str, str], ...] = ()

    @property
    def replacement(self) -> str:
        needs = {need for _, need in self.touched}
        if "Always" in needs:
            return "True"
        return "Conditional" if "Conditionally" in needs else "False"


@dataclass
class ChangeSet:
    """A change set; its `status` never changes, its execution does."""

    id: str
    name: str
    created_at: datetime
    template: Template
    values: Mapping[str, str]
    description: str = ""
    changes: tuple[Change, ...] = ()
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution: str = "AVAILABLE"
    capabilities: tuple[str, ...] = ()


@dataclass
class Stack:
    """A stack. Before its first change set is executed it has no template."""

    id: str
    name: str
    place: Place
    created_at: datetime
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    updated_at: datetime | None = None
    template: Template | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    resources: dict[str, Made] = field(default_factory=dict)
    outputs: tuple[tuple[str, str, str], ...] = ()
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def pseudo(self) -> dict[str, str]:
        """The pseudo parameters."""
        return {
            "AWS::AccountId": self.place.account_id,
            "AWS::Partition": "aws",
            "AWS::Region": self.place.region,
            "AWS::StackId": self.id,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def resolver(
        self, template: Template, values: Mapping[str, str], made: Mapping[str, Made]
    ) -> Resolver:
        """Works a template out with these resources; others give `LATER`."""

        def attribute(name: str, wanted: str) -> Any:
            found = made.get(name)
            if found is None:
                return LATER
            given = found.kind.attributes(self.place, found.physical_id, found.properties)
            if wanted not in given:
                raise invalid(f"Template error: resource {name} has no attribute {wanted}")
            return given[wanted]

        return Resolver(template, values, self.pseudo, attribute)

    def tell(self, at: datetime, logical: str, status: str, reason: str = "") -> None:
        """Write an event of a resource, or (its own name) of the stack."""
        made = self.resources.get(logical)
        kind = made.kind.name if made is not None else ""
        if logical == self.name:
            kind, self.status, self.reason = STACK, status, reason
        elif made is None and self.template is not None and logical in self.template.resources:
            kind = self.template.resources[logical].kind
        physical = self.id if kind == STACK else made.physical_id if made else ""
        event = Event(str(uuid.uuid4()), at, logical, physical, kind, status, reason)
        self.events.append(event)


def properties_of(resource: Resource, resolver: Resolver) -> dict[str, Any]:
    """The resource's properties worked out. Raises ApiError for one that it does not have."""
    kind = KINDS[resource.kind]
    unknown = sorted(resource.properties.keys() - kind.known)
    if unknown:
        raise invalid(f"{resource.name}: unsupported properties [{', '.join(unknown)}]")
    found: dict[str, Any] = resolver.value(dict(resource.properties))
    return found


def wanted(template: Template, resolver: Resolver) -> list[Resource]:
    """The resources that the conditions let be, in the order in which they are made."""
    ordered = (template.resources[name] for name in order(template))
    return [each for each in ordered if resolver.exists(each.condition)]


def compare(stack: Stack, template: Template, values: Mapping[str, str]) -> tuple[Change, ...]:
    """What the template would change of the stack. Raises ApiError for a bad template."""
    lasting = dict(stack.resources)
    resolver = stack.resolver(template, values, lasting)
    changes: list[Change] = []
    staying = set()
    for resource in wanted(template, resolver):
        staying.add(resource.name)
        properties = properties_of(resource, resolver)
        made = stack.resources.get(resource.name)
        if made is None or made.kind.name != resource.kind:
            changes.append(Change("Add", resource.name, "", resource.kind))
            continue
        touched = tuple(_touched(made, properties))
        if touched:
            change = Change(
                "Modify", resource.name, made.physical_id, resource.kind, touched=touched
            )
            changes.append(change)
            if change.replacement == "True":
                del lasting[resource.name]
    _outputs(template, resolver)
    gone = [name for name in stack.resources if name not in staying]
    changes += [_removal(name, stack.resources[name]) for name in reversed(gone)]
    return tuple(changes)


def _removal(name: str, made: Made) -> Change:
    return Change("Remove", name, made.physical_id, made.kind.name, made.retained)


def _touched(made: Made, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in sorted(made.properties.keys() | properties.keys()):
        old, new = made.properties.get(name), properties.get(name)
        if old == new:
            continue
        if name not in made.kind.fixed:
            yield name, "Never"
        else:
            yield name, "Conditionally" if LATER in str(new) else "Always"


def _outputs(template: Template, resolver: Resolver) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (str(name), str(resolver.value(said["Value"])), str(said.get("Description", "")))
        for name, said in template.outputs.items()
        if resolver.exists(str(said.get("Condition", "")))
    )


def outputs_of(stack: Stack) -> tuple[tuple[str, str, str], ...]:
    """Name, value and description of each output, of the resources that are there."""
    if stack.template is None:
        return ()
    resolver = stack.resolver(stack.template, stack.values, stack.resources)
    return _outputs(stack.template, resolver)
