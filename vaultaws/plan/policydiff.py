"""What differs between two policies, in lines: as IAM means them, spelled as they are. Pure.

A line is `  PATH`, then `- VALUE` and `+ VALUE` below it. Statements are paired by Sid, then by
likeness; one without a partner is shown whole. Positions are those of the new document, or of
the old one for what goes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from vaultaws.model import JsonObject
from vaultaws.policy.document import (
    VERSION_2008,
    Condition,
    MalformedPolicyError,
    Statement,
    parse_policy,
)
from vaultaws.policy.equal import (
    NormalStatement,
    equal,
    normal_condition,
    normal_statement,
)

_ALIKE_ENOUGH: Final = 0.25
_MOST_PAIRED: Final = 100  # statements; above it likeness is not looked for
_LISTS: Final = (
    ("Action", "actions"),
    ("NotAction", "not_actions"),
    ("Resource", "resources"),
    ("NotResource", "not_resources"),
)
_PRINCIPALS: Final = (("Principal", "principals"), ("NotPrincipal", "not_principals"))


class One(NamedTuple):
    """A statement of one document: where, as written, as parsed, as meant."""

    at: int
    raw: JsonObject
    parsed: Statement
    meant: NormalStatement


def policy_lines(old: JsonObject | None, new: JsonObject | None) -> tuple[str, ...]:
    """The difference; empty exactly when both mean the same."""
    if equal(old, new):
        return ()
    if old is None or new is None:
        mark, only = ("+", new) if old is None else ("-", old)
        return tuple(f"{mark} {line}" for line in _pretty(only))
    try:
        return tuple(_documents(old, new))
    except MalformedPolicyError:
        return tuple(_texts(old, new))


def _texts(old: JsonObject, new: JsonObject) -> Iterator[str]:
    """For what IAM would not take: the difference of the JSON, keys sorted."""
    before, after = (
        json.dumps(one, indent=2, sort_keys=True, ensure_ascii=False).splitlines()
        for one in (old, new)
    )
    for line in difflib.unified_diff(before, after, n=0, lineterm=""):
        if line.startswith(("-", "+")) and not line.startswith(("---", "+++")):
            yield f"{line[0]} {line[1:].strip()}"


def _documents(old: JsonObject, new: JsonObject) -> Iterator[str]:
    befores, afters = _statements(old), _statements(new)
    for name, assumed in (("Version", VERSION_2008), ("Id", "")):
        yield from _changed(name, old.get(name, assumed), new.get(name, assumed))
    pairs = _pairs(befores, afters)
    for before, after in pairs:
        yield from _pair(before, after)
    gone, come = _unpaired(befores, afters, pairs)
    for mark, ones in (("-", gone), ("+", come)):
        for one in ones:
            yield f"  Statement[{one.at}]"
            yield from (f"{mark} {line}" for line in _pretty(one.raw))


def _statements(document: JsonObject) -> list[One]:
    parsed = parse_policy(document).statements
    raw = document["Statement"]
    raws = list(raw) if isinstance(raw, list | tuple) else [raw]
    found = [
        One(at, *pair, normal_statement(pair[1]))
        for at, pair in enumerate(zip(raws, parsed, strict=True))
    ]
    firsts: dict[NormalStatement, One] = {}
    for one in found:
        firsts.setdefault(one.meant, one)
    return list(firsts.values())


def _pairs(befores: list[One], afters: list[One]) -> list[tuple[One, One]]:
    """Which statement became which: the same, of the same Sid, or the likest."""
    pairs = _matched(befores, afters, lambda one: one.meant)
    left, right = _unpaired(befores, afters, pairs)
    pairs.extend(_matched(left, right, lambda one: one.parsed.sid))
    left, right = _unpaired(befores, afters, pairs)
    if len(left) == len(right) == 1 and left[0].meant.effect is right[0].meant.effect:
        pairs.append((left[0], right[0]))
    elif max(len(left), len(right)) <= _MOST_PAIRED:
        pairs.extend(_likest(left, right))
    return sorted(pairs, key=lambda pair: pair[1].at)


def _matched(
    left: list[One], right: list[One], key: Callable[[One], Hashable]
) -> list[tuple[One, One]]:
    """Pairs with the same key; an empty text pairs with nothing."""
    open_ones = {key(one): one for one in reversed(right) if key(one) != ""}
    found = ((before, open_ones.pop(key(before), None)) for before in left)
    return [(before, after) for before, after in found if after is not None]


def _unpaired(
    befores: list[One], afters: list[One], pairs: list[tuple[One, One]]
) -> tuple[list[One], list[One]]:
    gone, come = {before.at for before, _ in pairs}, {after.at for _, after in pairs}
    left = [one for one in befores if one.at not in gone]
    return left, [one for one in afters if one.at not in come]


def _likest(left: list[One], right: list[One]) -> Iterator[tuple[One, One]]:
    scores = [
        (-_likeness(before.meant, after.meant), before.at, after.at, before, after)
        for before in left
        for after in right
    ]
    used: set[tuple[str, int]] = set()
    for score, old_at, new_at, before, after in sorted(scores, key=lambda found: found[:3]):
        ends = {("-", old_at), ("+", new_at)}
        if -score >= _ALIKE_ENOUGH and used.isdisjoint(ends):
            used |= ends
            yield before, after


def _likeness(before: NormalStatement, after: NormalStatement) -> float:
    """0 to 1: the share of what two statements say that both say; 0 for another effect."""
    if before.effect is not after.effect:
        return 0.0
    one, other = _sayings(before), _sayings(after)
    return len(one & other) / len(one | other) if one | other else 1.0


def _sayings(statement: NormalStatement) -> frozenset[tuple[str, object]]:
    elements = ("actions", "not_actions", "resources", "not_resources", "conditions")
    return frozenset(
        (element, said) for element in elements for said in getattr(statement, element) or ()
    )


def _pair(before: One, after: One) -> Iterator[str]:
    where = f"Statement[{after.at}]"
    yield from _changed(f"{where}.Sid", before.parsed.sid, after.parsed.sid)
    yield from _changed(f"{where}.Effect", before.parsed.effect, after.parsed.effect)
    for name, field in _LISTS:
        if getattr(before.meant, field) != getattr(after.meant, field):
            case = str.lower if name.endswith("Action") else str
            old, new = (getattr(one.parsed, field) or () for one in (before, after))
            lines = list(_values(old, new, case))
            yield from _under(f"{where}.{name}", lines or _raw(name, before, after))
    for name, field in _PRINCIPALS:
        if getattr(before.meant, field) != getattr(after.meant, field):
            yield from _under(f"{where}.{name}", _raw(name, before, after))
    yield from _conditions(where, before.parsed.conditions, after.parsed.conditions)


def _changed(path: str, old: str, new: str) -> Iterator[str]:
    if old != new:
        yield from _under(path, _marked("-", [old] if old else ()))
        yield from _marked("+", [new] if new else ())


def _under(path: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"  {path}"
    yield from lines


def _marked(mark: str, values: Iterable[Any]) -> Iterator[str]:
    return (f"{mark} {json.dumps(value, ensure_ascii=False)}" for value in values)


def _values(old: Iterable[str], new: Iterable[str], case: Any) -> Iterator[str]:
    before = {case(value): value for value in old}
    after = {case(value): value for value in new}
    yield from _marked("-", [value for key, value in before.items() if key not in after])
    yield from _marked("+", [value for key, value in after.items() if key not in before])


def _raw(name: str, before: One, after: One) -> Iterator[str]:
    """An element whole, as both documents spell it."""
    for mark, one in (("-", before), ("+", after)):
        if name in one.raw:
            yield from _marked(mark, [one.raw[name]])


def _conditions(
    where: str, old: tuple[Condition, ...], new: tuple[Condition, ...]
) -> Iterator[str]:
    befores = {normal_condition(one): one for one in old}
    afters = {normal_condition(one): one for one in new}
    gone = [one for meant, one in befores.items() if meant not in afters]
    come = [one for meant, one in afters.items() if meant not in befores]
    for one in come:
        partner = next((was for was in gone if _condition_key(was) == _condition_key(one)), None)
        if partner is not None:
            gone.remove(partner)
        yield f"  {where}.Condition.{one.operator}.{one.key}"
        was = partner.values if partner is not None else ()
        lines = list(_values(was, one.values, str))
        yield from lines or _marked("+", [[]])
    for one in gone:
        yield f"  {where}.Condition.{one.operator}.{one.key}"
        yield from _marked("-", one.values or [[]])


def _condition_key(condition: Condition) -> tuple[str, str]:
    return condition.operator.lower(), condition.key.lower()


def _pretty(value: object) -> list[str]:
    return json.dumps(value, indent=2, ensure_ascii=False).splitlines()
