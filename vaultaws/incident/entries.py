"""The lines of a case's journal, and the case that they come to. Pure.

No line carries a secret: key ids, digests, names, times, and what a deed needs to be undone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.errors import LocalStateError
from vaultaws.incident.identity import united
from vaultaws.incident.model import (
    Case,
    Evidence,
    Place,
    Progress,
    Scope,
    Step,
    StepKind,
    StepState,
    Suspect,
)
from vaultaws.model import CredentialType

VERSION: Final = 1
UNSEEN: Final = "unseen"
"""The mark of what a run could not look at at all: its evidence says what, and why."""
HEADER: Final = b'{"vaultaws":"incident journal","version":1}\n'


@dataclass(frozen=True)
class Opened:
    """The first line: nothing is done before it is written."""

    name: str
    time: datetime
    by: str
    scope: Scope
    place: Place
    id: str = ""


@dataclass(frozen=True)
class Found:
    """Suspects and steps that an observation added; a later line adds to earlier ones."""

    time: datetime
    suspects: tuple[Suspect, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Noted:
    """How far one step is. TRIED is written, with `before`, ahead of the deed."""

    step: str
    state: StepState
    time: datetime
    before: Evidence = field(default_factory=dict)
    evidence: Evidence = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Marked:
    """A moment of the whole case: cut, contained, unseen (with what), verified (with findings),
    lifted."""

    mark: str
    time: datetime
    evidence: Evidence = field(default_factory=dict)


Entry = Opened | Found | Noted | Marked
_KINDS: Final[Mapping[str, type[Any]]] = {
    "open": Opened,
    "found": Found,
    "step": Noted,
    "mark": Marked,
}


def encode(entry: Entry) -> bytes:
    """Return one line, newline included."""
    (kind,) = (name for name, made in _KINDS.items() if isinstance(entry, made))
    body = {"kind": kind, **asdict(entry)}
    return json.dumps(body, default=_plain, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Entry | None:
    """Return the entry of one whole line, or None when it makes no sense."""
    try:
        body = json.loads(line)
        return _READERS[body.pop("kind")](body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def fold(entries: Iterable[Entry | None]) -> Case | None:
    """What the lines come to; None without a first one."""
    case: Case | None = None
    suspects: list[Suspect] = []
    steps: dict[str, Step] = {}
    progress: dict[str, Progress] = {}
    for entry in entries:
        if isinstance(entry, Opened):
            case = Case(entry.name, entry.time, entry.by, entry.scope, entry.place, id=entry.id)
        elif isinstance(entry, Found):
            suspects += entry.suspects
            steps |= {step.id: step for step in entry.steps}
        elif isinstance(entry, Noted):
            progress[entry.step] = _noted(progress.get(entry.step, Progress()), entry)
        elif case is not None and isinstance(entry, Marked):
            case = _marked(case, entry)
    if case is None:
        return None
    return replace(case, suspects=united(suspects), steps=tuple(steps.values()), progress=progress)


def check_header(line: bytes) -> None:
    """Raise LocalStateError for a file that is not ours, or a later version's."""
    try:
        header = json.loads(line)
        known = header["vaultaws"] == "incident journal" and header["version"] == VERSION
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise LocalStateError(
            "the incident journal cannot be read",
            why="it was not written by this version of vaultaws",
            do="use the version that wrote it, or move the file away",
        )


def _noted(known: Progress, entry: Noted) -> Progress:
    """The first `before` stays: a second try must not take our own deed for what was there."""
    return Progress(
        state=entry.state,
        at=entry.time,
        before=known.before or entry.before,
        evidence=entry.evidence or known.evidence,
        why=entry.why,
    )


def _marked(case: Case, entry: Marked) -> Case:
    if entry.mark == "cut":
        return replace(case, cut_at=max(case.cut_at or entry.time, entry.time))
    if entry.mark == "contained":
        return replace(case, contained_at=entry.time)
    if entry.mark == "verified":
        return replace(case, verified_at=entry.time, verified=entry.evidence)
    if entry.mark == "lifted":
        return replace(case, lifted_at=entry.time)
    if entry.mark == UNSEEN:
        told = entry.evidence.items()
        return replace(case, unseen={str(what): str(why) for what, why in told})
    return case


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(type(value).__name__)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _scope(body: dict[str, Any]) -> Scope:
    return Scope(**{**body, "since": _moment(body["since"])})


def _suspect(body: dict[str, Any]) -> Suspect:
    kind, holder = body["credential_type"], body["holder"]
    return Suspect(
        **{
            **body,
            "credential_type": CredentialType(kind) if kind else None,
            "issued_at": _moment(body["issued_at"]),
            "ends_at": _moment(body["ends_at"]),
            "holder": _holder(holder) if holder else None,
            "other_holders": tuple(map(_holder, body.get("other_holders", ()))),
        }
    )


def _holder(body: dict[str, Any]) -> Holder:
    return Holder(HolderKind(body["kind"]), body["name"])


def _step(body: dict[str, Any]) -> Step:
    return Step(**{**body, "kind": StepKind(body["kind"])})


def _opened(body: dict[str, Any]) -> Opened:
    time, scope, place = _at(body), _scope(body["scope"]), Place(**body["place"])
    return Opened(**{**body, "time": time, "scope": scope, "place": place})


def _found(body: dict[str, Any]) -> Found:
    return Found(
        _at(body), tuple(map(_suspect, body["suspects"])), tuple(map(_step, body["steps"]))
    )


def _step_noted(body: dict[str, Any]) -> Noted:
    return Noted(**{**body, "time": _at(body), "state": StepState(body["state"])})


def _mark(body: dict[str, Any]) -> Marked:
    return Marked(**{**body, "time": _at(body)})


def _at(body: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(body["time"])


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], Entry]]] = {
    "open": _opened,
    "found": _found,
    "step": _step_noted,
    "mark": _mark,
}
