"""A plan as people read it and as machines read it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from vaultaws.config import durations
from vaultaws.plan.changes import Action, Change, Field, Plan

SPANS = frozenset({"default_lease_ttl", "max_lease_ttl", "lease", "lease_max"})
SECONDS = frozenset({"default_sts_ttl_seconds", "max_sts_ttl_seconds"})


def text(plan: Plan, *, done: bool = False) -> str:
    """The plan in lines: what file, what server, each change, the count."""
    seen = plan.observed
    mount = plan.config.mount.path
    lines = [
        f"{plan.config.file} → {mount}/ on {seen.address} ({seen.product.label} {seen.version})"
    ]
    if plan.changes:
        lines.append("")
    for change in plan.changes:
        lines.extend(_change(change))
    lines.append("")
    lines.append(_summary(plan, done=done))
    return "\n".join(lines)


def document(plan: Plan) -> dict[str, Any]:
    """The plan for machines; keys are stable within `version`."""
    return {
        "version": 1,
        "file": str(plan.config.file),
        "mount": plan.config.mount.path,
        "server": {
            "address": plan.observed.address,
            "product": plan.observed.product,
            "version": plan.observed.version,
        },
        "changes": [
            {
                "action": change.action.name.lower(),
                "kind": change.kind.value,
                "name": change.name,
                "fields": [
                    {"name": field.name, "old": field.old, "new": field.new}
                    for field in change.fields
                ],
            }
            for change in plan.changes
        ],
    }


def _change(change: Change) -> list[str]:
    head = f"  {change.action} {change.kind:<6} {change.name:<24}{change.note}".rstrip()
    if change.action is not Action.CHANGE:
        return [head]
    return [head, *(f"      {_field(field)}" for field in change.fields)]


def _field(field: Field) -> str:
    return f"{field.name}  {_value(field, field.old)} → {_value(field, field.new)}"


def _value(field: Field, value: str) -> str:
    if (field.name in SPANS or field.name in SECONDS) and value.isdigit():
        return durations.words(int(value))
    return " ".join(value.split())


def _summary(plan: Plan, *, done: bool) -> str:
    counts = Counter(change.action for change in plan.changes)
    names = {Action.CHANGE: "change", Action.ADD: "add"}
    if done:
        past = {Action.CHANGE: "changed", Action.ADD: "added"}
        parts = [f"{counts[action]} {word}" for action, word in past.items() if counts[action]]
        return (", ".join(parts) or "Nothing to do; nothing was written") + "."
    parts = [f"{counts[action]} to {word}" for action, word in names.items() if counts[action]]
    if counts[Action.UNMANAGED]:
        parts.append(f"{counts[Action.UNMANAGED]} unmanaged")
    if not plan.to_write:
        return ", ".join(["Nothing to change", *parts]) + "."
    return ", ".join(parts) + ". Nothing has been written."
