"""Which fields differ, and how their values are said. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from vaultaws.plan.changes import Field

NOTHING: Final = "—"
SPANS: Final = frozenset({"default_lease_ttl", "max_lease_ttl", "lease", "lease_max"})
ORDERED: Final = frozenset({"sts_fallback_endpoints", "sts_fallback_regions"})


def differing(names: Iterable[str], old: object, new: object) -> tuple[Field, ...]:
    """The named attributes in which two values differ. Lists are sets, save those ORDERED."""
    found = ((name, getattr(old, name), getattr(new, name)) for name in names)
    return tuple(
        Field(name, said(name, before), said(name, after))
        for name, before, after in found
        if canonical(name, before) != canonical(name, after)
    )


def canonical(name: str, value: Any) -> Any:
    """A value as it is compared: the order and the duplicates of a list mean nothing."""
    if isinstance(value, tuple) and name not in ORDERED:
        return frozenset(value)
    return value


def said(name: str, value: Any) -> str:
    """A value as text; a dash for nothing and for a span of 0 s. Lists and pairs are JSON."""
    if value is None or value in ("", ()) or (is_span(name) and value == 0):
        return NOTHING
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and all(isinstance(item, tuple) for item in value):
        return json.dumps(dict(value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def is_span(name: str) -> bool:
    """True for a field that holds whole seconds."""
    return name.endswith("_seconds") or name in SPANS
