"""Change sets and stacks as people read them, and as `--json` prints them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vaultaws.aws.stacks import ResourceChange, Stack
from vaultaws.errors import visible
from vaultaws.leases.words import ago

_MARKS: Final = {"add": "+", "modify": "~", "replace": "±", "remove": "-"}
_COLOURS: Final = {"add": "32", "modify": "33", "replace": "31", "remove": "31"}
_PAST: Final = {"add": "added", "modify": "changed", "replace": "replaced", "remove": "removed"}
_FUTURE: Final = {"add": "add", "modify": "change", "replace": "replace", "remove": "remove"}
_WIDEST: Final = 56
_SAME: Final = {True: "as here", False: "differs", None: "—"}


@dataclass(frozen=True)
class Shown:
    """A template and one of its stacks; None where there is no stack. `same` tells whether the
    stack was made with the template as it is here, None where nothing can be compared."""

    template: str
    stack: Stack | None = None
    same: bool | None = None


def verb(change: ResourceChange) -> str:
    """add, modify, replace or remove."""
    if change.action == "Modify":
        return "modify" if change.replacement == "False" else "replace"
    return change.action.lower()


def title(change: ResourceChange) -> str:
    return visible(f"{change.type.removeprefix('AWS::').replace('::', ' ')} {change.logical_id}")


def text(
    head: str, changes: tuple[ResourceChange, ...], *, done: bool = False, colour: bool = False
) -> str:
    """The changes in lines, below a head and above their count."""
    width = min(_WIDEST, max((len(title(each)) for each in changes), default=0)) + 2
    lines = [visible(head), ""]
    lines += [_line(each, width, colour=colour) for each in changes]
    return "\n".join([*lines, "", summary(changes, done=done)])


def _line(change: ResourceChange, width: int, *, colour: bool) -> str:
    what = verb(change)
    mark = f"\x1b[{_COLOURS[what]}m{_MARKS[what]}\x1b[0m" if colour else _MARKS[what]
    return f"  {mark} {title(change):<{width}}{visible(_words(change, what))}".rstrip()


def _words(change: ResourceChange, what: str) -> str:
    names = ", ".join(change.properties)
    if what == "replace":
        maybe = "made anew where needed" if change.replacement == "Conditional" else "made anew"
        return f"{maybe}: {names}"
    if what == "remove":
        left = "left in the account" if change.retained else ""
        return ", ".join(part for part in (change.physical_id, left) if part)
    return names


def summary(changes: Iterable[ResourceChange], *, done: bool = False) -> str:
    """The count, in one line."""
    counts = Counter(verb(each) for each in changes)
    words, to = (_PAST, "") if done else (_FUTURE, "to ")
    parts = [f"{counts[what]} {to}{word}" for what, word in words.items() if counts[what]]
    counted = ", ".join(parts) or "Settings of the stack alone"
    return f"{counted}." if done else f"{counted}. Nothing has been changed."


def change_document(change: ResourceChange) -> dict[str, Any]:
    return {
        "action": verb(change),
        "resource": change.logical_id,
        "type": change.type,
        "physical_id": change.physical_id or None,
        "properties": list(change.properties),
        "retained": change.retained,
    }


def outputs_document(stack: Stack | None) -> list[dict[str, Any]]:
    """The outputs of a stack that is there."""
    outputs = stack.outputs if stack is not None else ()
    return [
        {"name": each.name, "value": each.value, "description": each.description or None}
        for each in outputs
    ]


def outputs_text(stack: Stack) -> Iterator[str]:
    """A line for each output."""
    width = max((len(each.name) for each in stack.outputs), default=0) + 2
    for each in stack.outputs:
        yield visible(f"  {each.name:<{width}}{each.value}")


def rows(found: Iterable[Shown], now: datetime) -> list[tuple[str, ...]]:
    """The table of templates and their stacks."""
    table: list[tuple[str, ...]] = [("TEMPLATE", "STACK", "STATUS", "TEMPLATE TEXT", "CHANGED")]
    for each in found:
        stack = each.stack
        if stack is None:
            table.append((each.template, "—", "—", "—", "—"))
        else:
            when = ago(stack.changed_at, now)
            row = (each.template, stack.name, stack.status, _SAME[each.same], when)
            table.append(tuple(visible(cell) for cell in row))
    return table


def shown_document(each: Shown) -> dict[str, Any]:
    stack = each.stack
    return {
        "template": each.template,
        "stack": stack.name if stack is not None else None,
        "status": stack.status if stack is not None else None,
        "reason": (stack.reason or None) if stack is not None else None,
        "same_template": each.same,
        "changed_at": stack.changed_at.isoformat() if stack is not None else None,
        "outputs": outputs_document(stack),
    }
