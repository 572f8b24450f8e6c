"""Templates: read, checked, and resolved (CloudFormation user guide, "Template reference").

Short forms (`!Ref`) become long ones. `Resolver` gives a value with every function worked out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from vaultaws.local.aws.hooks import ApiError

NO_VALUE: Final = object()
"""`AWS::NoValue`: the property is left out."""
MAX_BODY_BYTES: Final = 51_200
_SUB: Final = re.compile(r"\$\{(!?)([^}]*)\}")
_PSEUDO: Final = "AWS::"
_LISTS: Final = ("CommaDelimitedList", "List<")


_Loader: Any = type("_Loader", (yaml.SafeLoader,), {})
"""YAML with CloudFormation's tags. Dates stay text: `2012-10-17` is a version."""


def _tagged(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)
_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Resource:
    """A resource as the template has it."""

    name: str
    kind: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    retained: bool = False
    condition: str = ""


@dataclass(frozen=True)
class Template:
    """A template read. `body` is the text that was given."""

    body: str
    description: str = ""
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Resource] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(each.kind for each in self.resources.values())


def invalid(text: str) -> ApiError:
    return ApiError("ValidationError", text, 400)


def read(body: str) -> Template:
    """Read a template. Raises ApiError ValidationError."""
    if len(body.encode()) > MAX_BODY_BYTES:
        raise invalid(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_BODY_BYTES}"
        )
    try:
        whole = yaml.load(body, _Loader)  # noqa: S506  (a SafeLoader of our own)
    except yaml.YAMLError as error:
        raise invalid("Template format error: YAML not well-formed.") from error
    if not isinstance(whole, dict) or not isinstance(whole.get("Resources"), dict):
        raise invalid("Template format error: At least one Resources member must be defined.")
    sections = ("Parameters", "Conditions", "Outputs")
    if not all(isinstance(whole.get(name, {}), dict) for name in sections):
        raise invalid("Template format error: unsupported structure.")
    return Template(
        body,
        str(whole.get("Description", "")),
        whole.get("Parameters", {}),
        whole.get("Conditions", {}),
        {str(name): _resource(str(name), each) for name, each in whole["Resources"].items()},
        whole.get("Outputs", {}),
    )


def _resource(name: str, entry: Any) -> Resource:
    if not isinstance(entry, dict) or not isinstance(entry.get("Type"), str):
        raise invalid(
            f"Template format error: [/Resources/{name}] Every Resources member must contain a "
            "Type field."
        )
    depends = entry.get("DependsOn", [])
    return Resource(
        name,
        entry["Type"],
        entry.get("Properties", {}),
        (depends,) if isinstance(depends, str) else tuple(depends),
        str(entry.get("DeletionPolicy", "Delete")).startswith("Retain"),
        str(entry.get("Condition", "")),
    )


def settled(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """The value of each parameter. Raises ApiError for what is missing, unknown or not allowed."""
    unknown = sorted(given.keys() - template.parameters.keys())
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {
        name: given.get(name, said.get("Default")) for name, said in template.parameters.items()
    }
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    found = {name: _plain(value) for name, value in values.items()}
    for name, value in found.items():
        _check(name, value, template.parameters[name])
    return found


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _check(name: str, value: str, said: Mapping[str, Any]) -> None:
    allowed = said.get("AllowedValues")
    if allowed is not None and value not in [_plain(each) for each in allowed]:
        listed = ", ".join(map(_plain, allowed))
        raise invalid(f"Parameter '{name}' must be one of AllowedValues [{listed}]")
    pattern = said.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        told = said.get("ConstraintDescription") or f"must match pattern {pattern}"
        raise invalid(f"Parameter {name} failed to satisfy constraint: {told}")
    if said.get("Type") == "Number" and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
        raise invalid(f"Parameter '{name}' must be a number.")
    low, high = said.get("MinValue"), said.get("MaxValue")
    if (low is not None and float(value) < low) or (high is not None and float(value) > high):
        raise invalid(f"Parameter '{name}' must be a number between {low} and {high}")


Attribute = Callable[[str, str], Any]
"""The value of a resource's attribute; of `Ref` where the attribute is empty."""


class Resolver:
    """Works functions out. What a resource gives comes from `attribute`."""

    def __init__(
        self,
        template: Template,
        values: Mapping[str, str],
        pseudo: Mapping[str, str],
        attribute: Attribute,
    ) -> None:
        self._template = template
        self._values = values
        self._pseudo = pseudo
        self._attribute = attribute
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get,
            "Fn::Sub": self._sub,
            "Fn::Join": lambda said: said[0].join(map(str, self.value(said[1]))),
            "Fn::Select": lambda said: self.value(said[1])[int(self.value(said[0]))],
            "Fn::Split": lambda said: str(self.value(said[1])).split(said[0]),
            "Fn::If": lambda said: self.value(said[1] if self.holds(said[0]) else said[2]),
            "Fn::Equals": lambda said: self.value(said[0]) == self.value(said[1]),
            "Fn::Not": lambda said: not self.value(said[0]),
            "Fn::And": lambda said: all(self.value(each) for each in said),
            "Fn::Or": lambda said: any(self.value(each) for each in said),
            "Condition": self.holds,
        }

    def holds(self, condition: str) -> bool:
        if condition not in self._template.conditions:
            raise invalid(f"Template error: unresolved condition dependency {condition}")
        return bool(self.value(self._template.conditions[condition]))

    def exists(self, entry: str) -> bool:
        """Whether a resource's or an output's own condition lets it be; empty always does."""
        return not entry or self.holds(entry)

    def value(self, said: Any) -> Any:
        """The value with functions worked out and what is NoValue left out."""
        if isinstance(said, Mapping):
            if len(said) == 1:
                name, inner = next(iter(said.items()))
                # a policy's own Condition element is a mapping; the function's is a name
                if name in self._functions and not (
                    name == "Condition" and isinstance(inner, Mapping)
                ):
                    return self._functions[name](inner)
            pairs = ((str(name), self.value(inner)) for name, inner in said.items())
            return {name: inner for name, inner in pairs if inner is not NO_VALUE}
        if isinstance(said, list | tuple):
            return [item for each in said if (item := self.value(each)) is not NO_VALUE]
        return said

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._values:
            value = self._values[name]
            kind = str(self._template.parameters[name].get("Type", ""))
            listed = kind.startswith(_LISTS)
            return [part.strip() for part in value.split(",")] if listed else value
        self._known(name)
        return self._attribute(name, "")

    def _get(self, said: Any) -> Any:
        name, attribute = said
        self._known(name)
        return self._attribute(name, attribute)

    def _known(self, name: str) -> None:
        if name not in self._template.resources:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{name}] in the "
                "Resources block of the template"
            )

    def _sub(self, said: Any) -> str:
        text, more = (said, {}) if isinstance(said, str) else said

        def put(found: re.Match[str]) -> str:
            escaped, name = found.groups()
            if escaped:
                return f"${{{name}}}"
            if name in more:
                return str(self.value(more[name]))
            first, dotted, rest = name.partition(".")
            return str(self._get((first, rest)) if dotted else self._ref(name))

        return _SUB.sub(put, text)


def order(template: Template) -> list[str]:
    """The resources, each behind those it needs. Raises ApiError for a circle."""
    done: list[str] = []
    under_way: set[str] = set()

    def visit(name: str) -> None:
        if name in done:
            return
        if name in under_way:
            raise invalid(f"Circular dependency between resources: [{name}]")
        under_way.add(name)
        resource = template.resources[name]
        for other in sorted({*needed(resource.properties), *resource.depends_on}):
            if other in template.resources and other != name:
                visit(other)
        done.append(name)

    for name in template.resources:
        visit(name)
    return done


def needed(said: Any) -> Iterator[str]:
    """The names that functions in a value speak of."""
    if isinstance(said, Mapping):
        for name, inner in said.items():
            if name == "Ref" and isinstance(inner, str):
                yield inner
            elif name == "Fn::GetAtt" and isinstance(inner, list):
                yield str(inner[0])
            elif name == "Fn::Sub":
                text = inner if isinstance(inner, str) else inner[0]
                yield from (part.partition(".")[0] for mark, part in _SUB.findall(text) if not mark)
            yield from needed(inner)
    elif isinstance(said, list | tuple):
        for each in said:
            yield from needed(each)


def text_of(document: object) -> str:
    """A policy document as it is sent."""
    return document if isinstance(document, str) else json.dumps(document)
