"""Terraform's plan as `terraform show -json` tells it, reduced to what people review. Pure.

Values that Terraform or a provider marks as sensitive are never taken over (JSON output format,
`before_sensitive` and `after_sensitive`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vaultaws.errors import VaultRefusedError

VERSION: Final = 1
HIDDEN: Final = "(sensitive)"
LATER: Final = "(known after apply)"


@dataclass(frozen=True)
class Difference:
    """One attribute of a resource, before and after, each as JSON; None where there is none."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Changed:
    """One resource that Terraform would do something to."""

    address: str
    type: str
    actions: tuple[str, ...]
    differences: tuple[Difference, ...] = ()
    path: str = ""
    """Where in Vault it writes or deletes, where its resource says so by a path."""
    imported: bool = False
    mount: str = ""
    """The path of a mount that the resource is."""

    @property
    def writes(self) -> bool:
        """True when something is written at its path."""
        return bool({"create", "update"} & set(self.actions))

    @property
    def deletes(self) -> bool:
        return "delete" in self.actions


@dataclass(frozen=True)
class Planned:
    """All that an apply would do."""

    terraform_version: str
    changes: tuple[Changed, ...]
    outputs: tuple[str, ...] = ()

    def count(self, action: str) -> int:
        """How many resources Terraform counts as to add, to change or to destroy."""
        return sum(action in change.actions for change in self.changes)

    @property
    def imports(self) -> int:
        return sum(change.imported for change in self.changes)

    @property
    def is_empty(self) -> bool:
        return not self.changes and not self.outputs


def read_plan(text: bytes) -> Planned:
    """Read the plan. Raises VaultRefusedError where it is not as Terraform documents it."""
    try:
        data = json.loads(text)
        changes = tuple(_changes(data.get("resource_changes") or []))
        outputs = data.get("output_changes") or {}
        changed = (name for name, one in outputs.items() if one["actions"] != ["no-op"])
        return Planned(str(data["terraform_version"]), changes, tuple(sorted(changed)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VaultRefusedError(
            "Terraform's plan cannot be read",
            why=f"`terraform show -json` is cut off or not as documented: {type(error).__name__}",
            do="see that the temporary directory has room, and that Terraform is 1.5 or newer",
        ) from error


def _changes(found: list[dict[str, Any]]) -> Iterator[Changed]:
    for each in found:
        change = each["change"]
        actions = tuple(change["actions"])
        imported = bool(change.get("importing"))
        values = change.get("after") or change.get("before") or {}
        if each.get("mode") == "data" or (not imported and actions in {("no-op",), ("read",)}):
            continue
        yield Changed(
            each["address"],
            each["type"],
            actions,
            tuple(_differences(change)),
            _path(each["type"], values),
            imported,
            str(values.get("path") or ""),
        )


def _path(kind: str, values: Mapping[str, Any]) -> str:
    match kind:
        case "vault_generic_endpoint" | "vault_generic_secret":
            return str(values.get("path") or "")
        case "vault_aws_secret_backend_role":
            return f"{values.get('backend')}/roles/{values.get('name')}"
        case _:
            return ""


def _differences(change: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = change.get("before") or {}, change.get("after") or {}
    later = change.get("after_unknown") or {}
    marks = (change.get("before_sensitive") or {}, change.get("after_sensitive") or {})
    for name in sorted({*old, *new, *later}):
        before, after = old.get(name), new.get(name)
        unknown = _any(later.get(name) if isinstance(later, Mapping) else later)
        if before == after and not unknown:
            continue
        hidden = any(_any(mark.get(name) if isinstance(mark, Mapping) else mark) for mark in marks)
        told = (_said(before, hidden=hidden), LATER if unknown else _said(after, hidden=hidden))
        yield Difference(name, *told)


def _any(mark: Any) -> bool:
    """True where anything inside is marked."""
    if isinstance(mark, Mapping):
        return any(map(_any, mark.values()))
    return any(map(_any, mark)) if isinstance(mark, list) else bool(mark)


def _said(value: Any, *, hidden: bool) -> str | None:
    if value is None:
        return None
    return HIDDEN if hidden else json.dumps(value, ensure_ascii=False, sort_keys=True)


def document(planned: Planned, directory: str, workspace: str) -> dict[str, Any]:
    """The plan for machines."""
    return {
        "version": VERSION,
        "directory": directory,
        "workspace": workspace,
        "terraform_version": planned.terraform_version,
        "add": planned.count("create"),
        "change": planned.count("update"),
        "destroy": planned.count("delete"),
        "import": planned.imports,
        "changes": [
            {
                "address": change.address,
                "type": change.type,
                "actions": list(change.actions),
                "imported": change.imported,
                "fields": [
                    {"name": each.name, "old": each.old, "new": each.new}
                    for each in change.differences
                ],
            }
            for change in planned.changes
        ],
        "outputs": list(planned.outputs),
    }
