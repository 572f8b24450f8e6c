"""Documents made ready for the hot path: every pattern and condition compiled once.

A compiled document is found again by the document's identity, in a bounded cache: parsing keeps
documents of the same text the same object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from vaultaws.policy.conditions import ConditionTest, compile_condition
from vaultaws.policy.document import (
    VERSION_2012,
    Effect,
    PolicyDocument,
    Principals,
    Statement,
)
from vaultaws.policy.match import Mode, PatternSet, action_set, pattern_set
from vaultaws.policy.principals import Naming, naming
from vaultaws.policy.values import AccessRequest, Actor, Context, Truth

_NEGATED: Final = {Truth.YES: Truth.NO, Truth.UNKNOWN: Truth.UNKNOWN, Truth.NO: Truth.YES}


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A statement that can be asked."""

    effect: Effect
    label: str
    actions: PatternSet
    not_actions: bool
    resources: PatternSet | None
    not_resources: bool
    principals: Principals | None
    not_principals: bool
    conditions: tuple[ConditionTest, ...]

    def applies(self, request: AccessRequest, action: str) -> bool:
        """Whether action, resource and conditions fit. `action` is in lower case.

        What cannot be told counts against the caller: no Allow, but a Deny.
        """
        if self.actions.matches(action, {}) is Truth.YES:
            if self.not_actions:
                return False
        elif not self.not_actions:
            return False
        truth = self._resource(request)
        if truth is not Truth.NO:
            truth = self._conditions(truth, request.context)
        return truth is Truth.YES or (truth is Truth.UNKNOWN and self.effect is Effect.DENY)

    def names(self, actor: Actor) -> Naming:
        """How the statement's principal element names the actor; NONE without one."""
        if self.principals is None:
            return Naming.NONE
        named = naming(self.principals, actor)
        if self.not_principals:
            return Naming.PRINCIPAL if named is Naming.NONE else Naming.NONE
        return named

    def _resource(self, request: AccessRequest) -> Truth:
        if self.resources is None:
            return Truth.YES
        truth = self.resources.matches(request.resource, request.context)
        if self.not_resources:
            return _NEGATED[truth]
        return Truth.YES if truth is Truth.YES else Truth.NO

    def _conditions(self, truth: Truth, context: Context) -> Truth:
        for condition in self.conditions:
            truth = min(truth, condition(context))
            if truth is Truth.NO:
                break
        return truth


@lru_cache(maxsize=4096)
def _compiled_by_id(key: _Identity) -> tuple[CompiledStatement, ...]:
    document = key.document
    variables = document.version == VERSION_2012
    return tuple(
        _statement(statement, statement.sid or str(position), variables=variables)
        for position, statement in enumerate(document.statements, start=1)
    )


class _Identity:
    """A document as a cache key that is compared by identity, never by its content."""

    __slots__ = ("document",)

    def __init__(self, document: PolicyDocument) -> None:
        self.document = document

    def __hash__(self) -> int:
        return id(self.document)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.document is other.document


def compiled(document: PolicyDocument) -> tuple[CompiledStatement, ...]:
    """The document's statements, ready to be asked."""
    return _compiled_by_id(_Identity(document))


def _statement(statement: Statement, label: str, *, variables: bool) -> CompiledStatement:
    actions = statement.actions if statement.not_actions is None else statement.not_actions
    resources = statement.resources if statement.not_resources is None else statement.not_resources
    principals = (
        statement.principals if statement.not_principals is None else statement.not_principals
    )
    return CompiledStatement(
        effect=statement.effect,
        label=label,
        actions=action_set(actions or ()),
        not_actions=statement.not_actions is not None,
        resources=_resources(resources, variables=variables),
        not_resources=statement.not_resources is not None,
        principals=principals,
        not_principals=statement.not_principals is not None,
        conditions=tuple(
            compile_condition(condition, variables=variables) for condition in statement.conditions
        ),
    )


def _resources(patterns: Sequence[str] | None, *, variables: bool) -> PatternSet | None:
    return None if patterns is None else pattern_set(patterns, Mode.RESOURCE, variables=variables)
