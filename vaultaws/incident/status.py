"""Where a case stands: how far each phase is, what failed, what is left, what comes next. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vaultaws.incident.identity import united
from vaultaws.incident.lifting import what
from vaultaws.incident.model import Case, Phase, Step, StepKind, StepState
from vaultaws.incident.show import about
from vaultaws.leases.words import ago, count, iso, printable, table

JSON_VERSION: Final = 1
MOST_LINES: Final = 12
_HEAD: Final = ("NAME", "OPENED", "ABOUT", "STANDS", "NEXT")
_OPEN: Final = frozenset({StepState.WAITING, StepState.TRIED, StepState.FAILED})
_PART: Final = frozenset({StepState.UNDONE})


@dataclass(frozen=True)
class Stands:
    """Where a case is, in a few words, and the command that comes next (empty: none)."""

    words: str
    next: str


def stands(case: Case) -> Stands:
    """Say where the case is between its beginning and its end."""
    name, left = case.name, left_of(case)
    if case.lifted_at is not None:
        return Stands("lifted", f"vaultaws incident report {name}")
    if left or case.contained_at is None:
        steps = f"{count(len(left), 'step', 'steps')} left" if left else "begun"
        return Stands(steps, case.resume)
    if case.verified_at is None or case.verified_at < case.contained_at:
        return Stands("contained, not verified", f"vaultaws incident verify {name}")
    if not case.verified.get("passed"):
        return Stands(_found(case), f"vaultaws incident verify {name}")
    undone = any(case.state_of(step) in _PART for step in case.steps)
    words = "proved dead, partly lifted" if undone else "proved dead"
    return Stands(words, f"vaultaws incident lift {name}")


def left_of(case: Case) -> tuple[Step, ...]:
    """Steps that are not at their end. A canary that was not issued is none of them."""
    return tuple(
        step
        for step in case.steps
        if case.state_of(step) in _OPEN and step.kind is not StepKind.CANARY
    )


def render_all(cases: Sequence[Case], now: datetime) -> str:
    """One line a case."""
    if not cases:
        return "There is no incident on this machine."
    rows = [_HEAD]
    for case in cases:
        where = stands(case)
        whom = about(case.scope, case.place)
        rows.append((case.name, ago(case.opened_at, now), whom, where.words, where.next))
    return table(rows)


def render(case: Case, now: datetime) -> str:
    """One case, phase by phase, with what failed and why."""
    where = stands(case)
    by = printable(case.opened_by)
    lines = [
        f"{case.name}: {where.words}",
        f"  about     {about(case.scope, case.place)}, on {printable(case.place.server)}",
        f"  opened    {ago(case.opened_at, now)} by {by}",
    ]
    if case.cut_at is not None:
        lines.append(f"  cut       tokens issued before {iso(case.cut_at)} are denied")
    lines += [f"  {phase.value:<20}{_tally(states)}" for phase, states in _phases(case)]
    if case.verified_at is not None:
        lines.append(f"  verified  {ago(case.verified_at, now)}: {_found(case)}")
    lines += _failures(case)
    if where.next:
        lines.append(f"→ {where.next}")
    return "\n".join(lines)


def all_as_json(cases: Sequence[Case]) -> dict[str, Any]:
    """All cases for machines."""
    return {"version": JSON_VERSION, "incidents": [summary_json(case) for case in cases]}


def as_json(case: Case) -> dict[str, Any]:
    """One case for machines."""
    return {
        "version": JSON_VERSION,
        **summary_json(case),
        "phases": [
            {"phase": phase.value, **{state.value: states[state] for state in StepState}}
            for phase, states in _phases(case)
        ],
        "failed": [
            {"step": step.id, "what": what(step), "why": case.progress[step.id].why}
            for step in failed_of(case)
        ],
        "left": [step.id for step in left_of(case)],
    }


def summary_json(case: Case) -> dict[str, Any]:
    """What both have of a case."""
    where = stands(case)
    return {
        "name": case.name,
        "about": about(case.scope, case.place),
        "server": case.place.server,
        "mount": case.place.mount,
        "opened_at": iso(case.opened_at),
        "opened_by": case.opened_by,
        "cut_at": iso(case.cut_at),
        "contained_at": iso(case.contained_at),
        "verified_at": iso(case.verified_at),
        "passed": bool(case.verified.get("passed")) if case.verified_at else None,
        "lifted_at": iso(case.lifted_at),
        "credentials": len(united(case.suspects)),
        "stands": where.words,
        "next": where.next or None,
    }


def failed_of(case: Case) -> tuple[Step, ...]:
    """The steps that failed, canaries too."""
    return tuple(step for step in case.steps if case.state_of(step) is StepState.FAILED)


def _phases(case: Case) -> Iterator[tuple[Phase, Counter[StepState]]]:
    for phase in Phase:
        states = Counter(case.state_of(step) for step in case.steps if step.kind.phase is phase)
        if states:
            yield phase, states


def _tally(states: Counter[StepState]) -> str:
    words = {
        StepState.DONE: "done",
        StepState.FAILED: "failed",
        StepState.TRIED: "begun, no answer known",
        StepState.WAITING: "waiting",
        StepState.UNDONE: "lifted",
    }
    return ", ".join(f"{states[state]:,} {said}" for state, said in words.items() if states[state])


def _found(case: Case) -> str:
    found = case.verified
    if found.get("passed"):
        return "all dead"
    parts = [f"{found[word]:,} {word}" for word in ("alive", "unknown", "dead") if found.get(word)]
    left = len(found.get("open", ())) + len(found.get("strays", ()))
    if left:
        parts.append(f"{left} more open")
    return ", ".join(parts) or "not passed"


def _failures(case: Case) -> Iterator[str]:
    failed = failed_of(case)
    for step in failed[:MOST_LINES]:
        why = case.progress[step.id].why or "no reason is written down"
        yield f"  failed    {what(step)}: {printable(why)}"
        if step.kind is StepKind.CANARY:
            yield "            credentials of that kind stay unknown until they end, or IAM tells"
    if len(failed) > MOST_LINES:
        yield f"  and {len(failed) - MOST_LINES:,} more failed"
