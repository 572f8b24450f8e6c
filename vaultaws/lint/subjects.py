"""The policy documents of a file, each once however many roles name it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vaultaws.config.schema import Config
from vaultaws.lint.rule import Hit, Key, Rule
from vaultaws.model import JsonObject, Role
from vaultaws.policy.document import MalformedPolicyError, PolicyDocument, parse_policy


@dataclass(frozen=True)
class Subject:
    """One document, and who names it: roles in the file's order, none for [root] policy."""

    document: JsonObject
    where: Key
    roles: tuple[Role, ...] = ()

    @cached_property
    def parsed(self) -> PolicyDocument | None:
        """The document as the evaluator takes it; None when it is malformed."""
        try:
            return parse_policy(self.document)
        except MalformedPolicyError:
            return None

    @cached_property
    def statements(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """The statements that are objects, with their places."""
        held = self.document.get("Statement")
        if isinstance(held, Mapping):
            return (("Statement", held),)
        items = enumerate(held) if isinstance(held, list) else ()
        return tuple((f"Statement[{n}]", item) for n, item in items if isinstance(item, Mapping))

    def place_of(self, index: int) -> str:
        """The place of a statement of the parsed document."""
        return self.statements[index][0]

    @cached_property
    def text(self) -> str:
        """As the engine sends it: without white space between the marks (json.Compact)."""
        return json.dumps(self.document, separators=(",", ":"))

    def at(self, rule: Rule, place: str, message: str, *, do: str) -> Hit:
        """Something found in the document, told at the first role that names it."""
        others = len(self.roles) - 1
        also = (
            f" ({others} more role{'s name' if others > 1 else ' names'} it)" if others > 0 else ""
        )
        return rule.inside(self.where, place, f"{message}{also}", do=do)


def subjects(config: Config) -> tuple[Subject, ...]:
    """Every document of the file: roles' in the order of their names, then the root's."""
    held: dict[int, list[Role]] = {}
    for role in config.roles:
        if role.policy_document is not None:
            held.setdefault(id(role.policy_document), []).append(role)
    found = [
        Subject(roles[0].policy_document or {}, ("roles", roles[0].name, "policy"), tuple(roles))
        for roles in held.values()
    ]
    if config.root is not None and config.root.policy is not None:
        found.append(Subject(config.root.policy, ("root", "policy")))
    return tuple(found)
