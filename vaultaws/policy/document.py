"""Policy documents: JSON text or a mapping in, frozen values out.

The grammar is IAM's (IAM user guide, "Grammar of the IAM JSON policy language"). `parse_policy`
accepts what the grammar accepts; `checks.check_policy` adds what IAM refuses when a policy is
stored. Error messages are AWS's own where they are known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeGuard

VERSION_2008: Final = "2008-10-17"
VERSION_2012: Final = "2012-10-17"
SYNTAX: Final = "Syntax errors in policy."
MAX_DOCUMENT_CHARACTERS: Final = 131_072  # PolicyDocument's own bound in the IAM API

_POLICY_KEYS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_KEYS: Final = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
_EXCLUSIVE: Final = (
    ("Action", "NotAction"),
    ("Resource", "NotResource"),
    ("Principal", "NotPrincipal"),
)
_PRINCIPAL_TYPES: Final = ("AWS", "Service", "Federated", "CanonicalUser")


class MalformedPolicyError(ValueError):
    """The document is not a policy. The message is AWS's own where it is known."""


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal element; `anyone` is the bare "*"."""

    anyone: bool = False
    aws: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    federated: tuple[str, ...] = ()
    canonical_user: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key, with the values it is compared to."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. None says that the element is absent; () that its list is empty."""

    effect: Effect
    sid: str = ""
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    principals: Principals | None = None
    not_principals: Principals | None = None
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A parsed policy. Without a Version element it is of 2008-10-17, as AWS documents."""

    version: str
    statements: tuple[Statement, ...]
    id: str = ""


def parse_policy(source: str | Mapping[str, Any]) -> PolicyDocument:
    """Parse JSON text or its decoded mapping. Raises MalformedPolicyError."""
    if isinstance(source, str):
        return _parse_text(source)
    return _document(source)


@lru_cache(maxsize=2048)
def _parse_text(text: str) -> PolicyDocument:
    if len(text) > MAX_DOCUMENT_CHARACTERS:
        _refuse()
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except (ValueError, RecursionError):
        _refuse()
    return _document(value)


def _refuse(message: str = SYNTAX) -> NoReturn:
    raise MalformedPolicyError(message)


def _constant(_name: str) -> NoReturn:
    _refuse()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        _refuse()
    return mapping


def _document(value: object) -> PolicyDocument:
    fields = _mapping(value, _POLICY_KEYS)
    version = _string(fields.get("Version", VERSION_2008))
    if version not in {VERSION_2008, VERSION_2012}:
        _refuse()
    if "Statement" not in fields:
        _refuse()
    statements = fields["Statement"]
    if isinstance(statements, Mapping):
        statements = (statements,)
    if not _is_list(statements) or not statements:
        _refuse()
    return PolicyDocument(
        version=version,
        statements=tuple(_statement(item) for item in statements),
        id=_string(fields.get("Id", "")),
    )


def _statement(value: object) -> Statement:
    fields = _mapping(value, _STATEMENT_KEYS)
    if any(one in fields and other in fields for one, other in _EXCLUSIVE):
        _refuse()
    effect = _string(fields.get("Effect"))
    if effect not in {"Allow", "Deny"}:
        _refuse()
    return Statement(
        effect=Effect(effect),
        sid=_string(fields.get("Sid", "")),
        actions=_optional_strings(fields, "Action"),
        not_actions=_optional_strings(fields, "NotAction"),
        resources=_optional_strings(fields, "Resource"),
        not_resources=_optional_strings(fields, "NotResource"),
        principals=_optional_principals(fields, "Principal"),
        not_principals=_optional_principals(fields, "NotPrincipal"),
        conditions=_conditions(fields.get("Condition", {})),
    )


def _conditions(value: object) -> tuple[Condition, ...]:
    return tuple(
        Condition(operator, key, _values(values))
        for operator, block in _mapping(value).items()
        for key, values in _mapping(block).items()
    )


def _values(value: object) -> tuple[str, ...]:
    items = value if _is_list(value) else (value,)
    return tuple(_scalar(item) for item in items)


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    _refuse()


def _optional_principals(fields: Mapping[str, Any], name: str) -> Principals | None:
    if name not in fields:
        return None
    value = fields[name]
    if value == "*":
        return Principals(anyone=True)
    groups = {
        key: _strings(item) for key, item in _mapping(value, frozenset(_PRINCIPAL_TYPES)).items()
    }
    if not groups:
        _refuse()
    aws, service, federated, canonical = (groups.get(key, ()) for key in _PRINCIPAL_TYPES)
    return Principals(aws=aws, service=service, federated=federated, canonical_user=canonical)


def _optional_strings(fields: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    return _strings(fields[name]) if name in fields else None


def _strings(value: object) -> tuple[str, ...]:
    items = value if _is_list(value) else (value,)
    return tuple(_string(item) for item in items)


def _string(value: object) -> str:
    if not isinstance(value, str):
        _refuse()
    return value


def _mapping(value: object, allowed: frozenset[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        _refuse()
    if allowed is not None and not allowed.issuperset(value):
        _refuse()
    return value


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)
