"""Condition keys that come from a call's own parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaultaws.local.aws.actions.context import tag_keys
from vaultaws.local.aws.actions.facts import Ask
from vaultaws.local.aws.call import Call

Keys = dict[str, tuple[str, ...]]


def mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    """The mappings in a list; nothing when it is no list."""
    items = value if isinstance(value, list | tuple) else ()
    return tuple(item for item in items if isinstance(item, Mapping))


def mapping(value: object) -> Mapping[str, Any]:
    """A mapping, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def texts(value: object) -> tuple[str, ...]:
    """The texts in a list, or a text alone; empty ones left out."""
    items = value if isinstance(value, list | tuple) else (value,)
    return tuple(item for item in items if isinstance(item, str) and item)


def tag_pairs(value: object) -> dict[str, str]:
    """A list of {Key, Value} pairs, or a mapping, as a mapping; what is neither is left out."""
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    return {
        str(item.get("Key", item.get("key"))): str(item.get("Value", item.get("value", "")))
        for item in mappings(value)
    }


def request_tags(value: object) -> Keys:
    """aws:RequestTag/* and aws:TagKeys of the tags a call brings."""
    tags = tag_pairs(value)
    keys: Keys = dict(tag_keys("aws:requesttag/", tags))
    if tags:
        keys["aws:tagkeys"] = tuple(tags)
    return keys


def tag_key_list(value: object) -> Keys:
    """aws:TagKeys of a call that names tags by key only."""
    names = texts(value)
    return {"aws:tagkeys": names} if names else {}


def resource_tags(ask: Ask, arn: str, service: str) -> Keys:
    """aws:ResourceTag/* and the service's own form of it, for what the call acts on."""
    tags = ask.facts.tags(arn) if arn != "*" else {}
    keys: Keys = dict(tag_keys("aws:resourcetag/", tags))
    keys.update(tag_keys(f"{service}:resourcetag/", tags))
    return keys


def named(call: Call, keys: Mapping[str, str]) -> Keys:
    """Condition keys that repeat a parameter: from the key's name to the parameter's."""
    return {
        key: (scalar(call.params[name]),)
        for key, name in keys.items()
        if call.params.get(name) not in (None, "")
    }


def scalar(value: Any) -> str:
    """A parameter as a condition value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def merged(*parts: Mapping[str, tuple[str, ...]] | Iterable[tuple[str, tuple[str, ...]]]) -> Keys:
    """One mapping of several."""
    whole: Keys = {}
    for part in parts:
        whole.update(part)
    return whole
