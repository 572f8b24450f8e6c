"""What a type of resource is: the calls that make, change and delete one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Properties = Mapping[str, Any]


class Clients(Protocol):
    """Where clients of services come from."""

    def client(self, service: str) -> Any:
        """botocore's client of a service."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a stack is."""

    account_id: str
    region: str


@dataclass(frozen=True)
class Kind:
    """One type.

    `make` makes the bare resource with the properties of `made_with` and gives its physical id;
    `change` brings it from one set of properties to another. What is in `fixed` cannot be changed
    in place ("Update requires: Replacement" in the CloudFormation template reference), what is not
    in `known` is refused. `attributes` are of GetAtt; "" is what Ref gives.
    """

    name: str
    named_by: str
    fixed: frozenset[str]
    known: frozenset[str]
    made_with: frozenset[str]
    make: Callable[[Clients, str, Properties], str]
    change: Callable[[Clients, str, Properties, Properties], None]
    end: Callable[[Clients, str, Properties], None]
    attributes: Callable[[Place, str, Properties], Mapping[str, str]]


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def given(said: Properties, names: frozenset[str]) -> dict[str, Any]:
    """The properties of these names."""
    return {name: value for name, value in said.items() if name in names}


def truth(value: object) -> bool:
    """A property of true or false, which a template may write as text."""
    return value if isinstance(value, bool) else str(value).lower() == "true"
