"""A plan as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vaultaws.config import durations
from vaultaws.errors import visible
from vaultaws.leases.words import count
from vaultaws.plan.changes import Action, Change, Field, Kind, Plan
from vaultaws.plan.document import document
from vaultaws.plan.fields import NOTHING, is_span

__all__ = ["document", "summary", "text"]

WIDEST: Final = 48  # characters of a change's name before its words
COLOURS: Final = {
    Action.ADD: "32",
    Action.CHANGE: "33",
    Action.REMOVE: "31",
    Action.UNMANAGED: "36",
}
LINE_COLOURS: Final = {"+": "32", "-": "31"}
KINDS: Final = {Kind.STATIC_ROLE: "static role", Kind.AUDIT: "audit device"}
LABELS: Final = {"policy_document": "policy"}
FUTURE: Final = ((Action.CHANGE, "change"), (Action.ADD, "add"), (Action.REMOVE, "remove"))
PAST: Final = ((Action.CHANGE, "changed"), (Action.ADD, "added"), (Action.REMOVE, "removed"))


def text(plan: Plan, *, done: bool = False, colour: bool = False) -> str:
    """The plan in lines: what file, what server, each change, the count."""
    return "\n".join((body(plan, colour=colour), "", summary([plan], done=done)))


def body(plan: Plan, *, colour: bool = False) -> str:
    """The plan without its count, for several below each other."""
    lines = [_head(plan)]
    if plan.changes:
        lines.append("")
    width = min(WIDEST, max((len(_title(change)) for change in plan.changes), default=0)) + 2
    for change in plan.changes:
        lines.extend(_change(plan, change, width, colour=colour))
    lines.extend(f"  · {visible(sentence)}" for sentence in plan.observed.unseen)
    return "\n".join(lines)


def _head(plan: Plan) -> str:
    seen = plan.observed
    account = f", account {seen.account}" if seen.account else ""
    return visible(
        f"{plan.config.file} → {plan.config.mount.path}/ on {seen.address} "
        f"({seen.product.label} {seen.version}){account}"
    )


def _title(change: Change) -> str:
    kind = KINDS.get(change.kind, change.kind.value)
    return visible(kind if change.name == kind else f"{kind} {change.name}")


def _change(plan: Plan, change: Change, width: int, *, colour: bool) -> Iterator[str]:
    words = [*([change.note] if change.note else []), *change.effects]
    mark = _coloured(change.action.value, COLOURS[change.action], on=colour)
    first, *others = words or [""]
    yield f"  {mark} {_title(change):<{width}}{visible(first)}".rstrip()
    yield from (f"    {'':<{width}}{visible(other)}" for other in others)
    if change.action is Action.CHANGE or change.kind in {Kind.MOUNT, Kind.ROOT, Kind.AUDIT}:
        yield from _fields(plan, change, colour=colour)


def _fields(plan: Plan, change: Change, *, colour: bool) -> Iterator[str]:
    width = max((len(_label(field)) for field in change.fields), default=0)
    for field in change.fields:
        if field.lines:
            file = _policy_file(plan, change) if field.name in LABELS else ""
            yield f"      {_label(field):<{width}}  {visible(file)}".rstrip()
            yield from _lines(field.lines, colour=colour)
        else:
            yield f"      {_label(field):<{width}}  {_values(change, field)}"


def _label(field: Field) -> str:
    return LABELS.get(field.name, field.name.removesuffix("_seconds"))


def _policy_file(plan: Plan, change: Change) -> str:
    """The file as the declared file names it: beside it."""
    for key, file in plan.config.policy_files:
        if key == f"roles.{change.name}":
            base = plan.config.file.parent
            return str(file.relative_to(base) if file.is_relative_to(base) else file)
    return ""


def _lines(lines: Iterable[str], *, colour: bool) -> Iterator[str]:
    for line in lines:
        mark, rest = line[:1], visible(line[2:])
        if mark == " ":
            yield f"        {rest}"
        else:
            yield f"          {_coloured(mark, LINE_COLOURS[mark], on=colour)} {rest}"


def _values(change: Change, field: Field) -> str:
    new = _said(field.name, field.new)
    return new if change.action is Action.ADD else f"{_said(field.name, field.old)} → {new}"


def _said(name: str, value: str) -> str:
    if is_span(name) and value.isdigit():
        return durations.words(int(value))
    return visible(" ".join(value.split())) or NOTHING


def _coloured(text: str, code: str, *, on: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if on else text


def summary(plans: Sequence[Plan], *, done: bool = False, failed: int = 0) -> str:
    """The count over all plans, in one line. `failed` files have no plan."""
    counts = Counter(change.action for plan in plans for change in plan.changes)
    words = PAST if done else FUTURE
    to = "" if done else "to "
    parts = [f"{counts[action]:,} {to}{word}" for action, word in words if counts[action]]
    if done:
        return (", ".join(parts) or "Nothing to do; nothing was written") + "."
    ending = " Nothing has been written." if parts else ""
    if not parts:
        parts.append("Nothing to change")
    if counts[Action.UNMANAGED]:
        parts.append(f"{counts[Action.UNMANAGED]:,} unmanaged")
    if failed:
        parts.append(f"{count(failed, 'file', 'files')} without a plan")
    return f"{', '.join(parts)}.{ending}"
