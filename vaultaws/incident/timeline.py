"""The lines of a journal as a timeline: what was done when, many alike as one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from vaultaws.incident.entries import UNSEEN, Entry, Found, Marked, Noted, Opened
from vaultaws.incident.lifting import what
from vaultaws.incident.model import Step, StepState
from vaultaws.leases.words import count

_NAMED: Final = 3
_WORDS: Final = {StepState.DONE: "done", StepState.FAILED: "failed", StepState.UNDONE: "undone"}


@dataclass
class Happened:
    """One line: from when to when, what, how many of it, and the targets of the first few."""

    begins: datetime
    ends: datetime
    what: str
    many: int = 1
    targets: list[str] = field(default_factory=list)
    why: str = ""


def timeline(entries: Iterable[Entry]) -> tuple[Happened, ...]:
    """What happened, in order. Steps alike that follow each other are one line."""
    steps: dict[str, Step] = {}
    lines: list[Happened] = []
    for entry in entries:
        if isinstance(entry, Found):
            steps.update({step.id: step for step in entry.steps})
        lines = _added(lines, entry, steps)
    return tuple(lines)


def _added(lines: list[Happened], entry: Entry, steps: dict[str, Step]) -> list[Happened]:
    if isinstance(entry, Noted):
        return _with_step(lines, entry, steps.get(entry.step))
    return [*lines, *_plain(entry)]


def _plain(entry: Opened | Found | Marked) -> Iterator[Happened]:
    at = entry.time
    if isinstance(entry, Opened):
        yield Happened(at, at, "the incident was opened", targets=[entry.by])
    elif isinstance(entry, Found):
        if entry.suspects:
            said = count(len(entry.suspects), "credential", "credentials")
            yield Happened(at, at, f"{said} found")
        if entry.steps:
            yield Happened(at, at, f"{count(len(entry.steps), 'step', 'steps')} planned")
    else:
        yield Happened(at, at, _mark_words(entry))


def _mark_words(entry: Marked) -> str:
    if entry.mark == "verified":
        found = entry.evidence
        counts = ", ".join(f"{found.get(word, 0)} {word}" for word in ("dead", "alive", "unknown"))
        return f"verified: {'passed' if found.get('passed') else 'not passed'} ({counts})"
    if entry.mark == UNSEEN:
        return f"not looked at: {', '.join(entry.evidence) or 'nothing'}"
    words = {
        "cut": "the moment of the cut: tokens issued before it are denied",
        "contained": "contained",
        "lifted": "lifted",
    }
    return words.get(entry.mark, entry.mark)


def _with_step(lines: list[Happened], entry: Noted, step: Step | None) -> list[Happened]:
    if entry.state not in _WORDS:
        return lines
    kind = entry.step.partition(":")[0].replace("_", " ")
    said = f"{kind} {_WORDS[entry.state]}"
    target = what(step) if step is not None else entry.step
    last = lines[-1] if lines else None
    if last is not None and last.what == said and last.why == entry.why:
        last.ends, last.many = entry.time, last.many + 1
        if len(last.targets) < _NAMED:
            last.targets.append(target)
        return lines
    return [*lines, Happened(entry.time, entry.time, said, targets=[target], why=entry.why)]
