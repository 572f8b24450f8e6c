"""A plan as machines read it. docs/reference.md names its keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from vaultaws.errors import VaultawsError
from vaultaws.plan.changes import Change, Field, Plan

VERSION: Final = 1


def document(plan: Plan) -> dict[str, Any]:
    """One file's plan; keys are stable within `version`."""
    seen = plan.observed
    return {
        "version": VERSION,
        "file": str(plan.config.file),
        "mount": plan.config.mount.path,
        "account": seen.account or None,
        "server": {"address": seen.address, "product": seen.product, "version": seen.version},
        "fingerprint": plan.fingerprint,
        "prune": plan.prune,
        "changes": [_change(change) for change in plan.changes],
        "notes": list(seen.unseen),
    }


def documents(
    plans: Sequence[dict[str, Any]], failed: Iterable[tuple[str, VaultawsError]] = ()
) -> dict[str, Any]:
    """Several files' plans, each whole, in the order of the files; and the files without one."""
    return {
        "version": VERSION,
        "plans": list(plans),
        "failed": [
            {"file": file, "what": error.what, "why": error.why, "do": error.do}
            for file, error in failed
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action.name.lower(),
        "kind": change.kind.value,
        "name": change.name,
        "fields": [_field(field) for field in change.fields],
        "note": change.note or None,
        "effects": list(change.effects),
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "old": field.old,
        "new": field.new,
        "lines": list(field.lines),
    }
