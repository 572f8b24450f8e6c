"""Whether two policy documents mean the same to IAM, whatever their spelling. Pure.

Sources: IAM user guide, "Grammar of the IAM JSON policy language" (a single string or a list,
any order), "Policy elements: Action" (case does not matter), "Version" (absent is 2008-10-17),
"Principal" (an account's number or the ARN of its root), "Condition operators" (keys and
operators in any case; values as strings, numbers or booleans). Resources and values of string
operators keep their case. The order of statements means nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vaultaws.model import JsonObject
from vaultaws.policy.document import (
    Condition,
    Effect,
    MalformedPolicyError,
    PolicyDocument,
    Principals,
    Statement,
    parse_policy,
)
from vaultaws.policy.operators import read_number

_ROOT_ARN: Final = re.compile(r"arn:aws:iam::([0-9]{12}):root")
_READS_BOOLEANS: Final = frozenset({"bool", "null"})

Texts = frozenset[str] | None
Person = tuple[str, str]
"""A kind of principal (AWS, Service, Federated, CanonicalUser) and its name."""
Meaning = tuple[str, str, frozenset[str]]
"""An operator, a key and the values it is compared to."""


@dataclass(frozen=True, slots=True)
class NormalStatement:
    """A statement without its spelling. Two that are equal mean the same."""

    effect: Effect
    sid: str
    actions: Texts
    not_actions: Texts
    resources: Texts
    not_resources: Texts
    principals: frozenset[Person] | None
    not_principals: frozenset[Person] | None
    conditions: frozenset[Meaning]


@dataclass(frozen=True, slots=True)
class NormalPolicy:
    """A document without its spelling."""

    version: str
    id: str
    statements: frozenset[NormalStatement]


def equal(one: JsonObject | None, other: JsonObject | None) -> bool:
    """True when both documents mean the same, or both are none.

    What is not a policy is compared as JSON.
    """
    if one is None or other is None:
        return one is other
    if as_json(one) == as_json(other):
        return True
    try:
        return normal(parse_policy(one)) == normal(parse_policy(other))
    except MalformedPolicyError:
        return False


def as_json(value: object) -> str:
    """JSON in one spelling: keys sorted, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def normal(document: PolicyDocument) -> NormalPolicy:
    """The document's meaning as a value that can be compared."""
    statements = frozenset(map(normal_statement, document.statements))
    return NormalPolicy(document.version, document.id, statements)


def normal_statement(statement: Statement) -> NormalStatement:
    """One statement's meaning as a value that can be compared."""
    return NormalStatement(
        effect=statement.effect,
        sid=statement.sid,
        actions=_any_case(statement.actions),
        not_actions=_any_case(statement.not_actions),
        resources=_as_written(statement.resources),
        not_resources=_as_written(statement.not_resources),
        principals=_people(statement.principals),
        not_principals=_people(statement.not_principals),
        conditions=frozenset(map(normal_condition, statement.conditions)),
    )


def _any_case(texts: Iterable[str] | None) -> Texts:
    return None if texts is None else frozenset(text.lower() for text in texts)


def _as_written(texts: Iterable[str] | None) -> Texts:
    return None if texts is None else frozenset(texts)


def _people(principals: Principals | None) -> frozenset[Person] | None:
    if principals is None:
        return None
    if principals.anyone:
        return frozenset({("AWS", "*")})
    kinds = (
        ("AWS", map(normal_principal, principals.aws)),
        ("Service", principals.service),
        ("Federated", principals.federated),
        ("CanonicalUser", principals.canonical_user),
    )
    return frozenset((kind, name) for kind, names in kinds for name in names)


def normal_principal(name: str) -> str:
    """The account's number for the ARN of its root."""
    found = _ROOT_ARN.fullmatch(name)
    return found[1] if found else name


def normal_condition(condition: Condition) -> Meaning:
    """One condition's meaning: operator and key in lower case, the values as they are read."""
    operator = condition.operator.lower()
    values = frozenset(_value(operator, value) for value in condition.values)
    return operator, condition.key.lower(), values


def _value(operator: str, value: str) -> str:
    base = operator.rpartition(":")[2].removesuffix("ifexists")
    if base in _READS_BOOLEANS:
        return value.lower()
    if base.startswith("numeric") and read_number(value) is not None:
        return _plain_number(value)
    return value


def _plain_number(text: str) -> str:
    """The number without a plus and needless zeros, in all its digits: -2.50 is -2.5."""
    whole, _, fraction = text.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    plain = f"{whole}.{fraction}" if fraction else whole
    return f"-{plain}" if text.startswith("-") and plain != "0" else plain
