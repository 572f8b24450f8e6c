"""The lines of the journal of applies, and what they come to. Pure.

A line names steps by kind, name and action only: no secret, no policy text, no field of a role.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from vaultaws.errors import LocalStateError

VERSION: Final = 1
HEADER: Final = b'{"vaultaws":"apply journal","version":1}\n'


class Ending(StrEnum):
    """How an apply ended. A killed one has no ending."""

    COMPLETE = "complete"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # an answer was lost: the step may have taken effect
    STOPPED = "stopped"  # by a signal
    SUPERSEDED = "superseded"  # a later apply observed afresh and went on


@dataclass(frozen=True)
class StepName:
    """One step of a plan: what it is about, and nothing of what is in it."""

    kind: str
    name: str
    action: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.kind != self.name else self.kind


@dataclass(frozen=True)
class Begun:
    """Written and synced before the first step is taken."""

    id: str
    time: datetime
    file: str
    address: str
    namespace: str
    mount: str
    fingerprint: str
    steps: tuple[StepName, ...]


@dataclass(frozen=True)
class Progressed:
    """Steps, by their place in the plan, that are done; or that may have taken effect."""

    id: str
    done: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ended:
    """How the apply of this id ended, and when that was seen."""

    id: str
    time: datetime
    ending: Ending


Entry = Begun | Progressed | Ended
_KINDS: Final = {"begin": Begun, "progress": Progressed, "end": Ended}


@dataclass(frozen=True)
class Record:
    """One apply, as far as the journal knows."""

    begun: Begun
    done: frozenset[int] = field(default_factory=frozenset)
    unknown: frozenset[int] = field(default_factory=frozenset)
    ending: Ending | None = None

    @property
    def is_open(self) -> bool:
        """True while something of it may be left to do."""
        return self.ending not in {Ending.COMPLETE, Ending.SUPERSEDED}

    @property
    def uncertain(self) -> tuple[StepName, ...]:
        """Steps whose answer was lost."""
        return tuple(self.begun.steps[index] for index in sorted(self.unknown))


def encode(entry: Entry) -> bytes:
    """Return one line, newline included."""
    (kind,) = (name for name, made in _KINDS.items() if isinstance(entry, made))
    body = {"kind": kind, **asdict(entry)}
    return json.dumps(body, default=_plain, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Entry | None:
    """Return the entry of one whole line, or None when it makes no sense."""
    try:
        body = json.loads(line)
        return _entry(body.pop("kind"), body) if isinstance(body, dict) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def fold(entries: Iterable[Entry | None]) -> tuple[Record, ...]:
    """Return one record for each apply, in their order. What belongs to none is passed over."""
    records: dict[str, Record] = {}
    for entry in entries:
        if isinstance(entry, Begun):
            records.setdefault(entry.id, Record(entry))
        elif entry is not None and (record := records.get(entry.id)) is not None:
            records[entry.id] = _after(record, entry)
    return tuple(records.values())


def check_header(line: bytes) -> None:
    """Raise LocalStateError unless the file begins as this version's journal."""
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        header = None
    if isinstance(header, dict) and header.get("vaultaws") == "apply journal":
        if header.get("version") == VERSION:
            return
        why = f"it is of version {header.get('version')}, this vaultaws knows {VERSION}"
    else:
        why = "its first line is not vaultaws' own"
    raise LocalStateError(
        "the journal of applies cannot be read",
        why=why,
        do="move the file away, or set XDG_STATE_HOME to another directory",
    )


def _after(record: Record, entry: Progressed | Ended) -> Record:
    if isinstance(entry, Ended):
        return replace(record, ending=entry.ending)
    known = range(len(record.begun.steps))
    return replace(
        record,
        done=record.done.union(index for index in entry.done if index in known),
        unknown=record.unknown.union(index for index in entry.unknown if index in known),
    )


def _entry(kind: str, body: dict[str, Any]) -> Entry | None:
    if not isinstance(body["id"], str):
        return None
    match kind:
        case "begin":
            steps = tuple(StepName(**step) for step in body["steps"])
            return Begun(**{**body, "time": _time(body["time"]), "steps": steps})
        case "progress":
            return Progressed(body["id"], tuple(body["done"]), tuple(body["unknown"]))
        case "end":
            return Ended(body["id"], _time(body["time"]), Ending(body["ending"]))
        case _:
            return None


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = "a time without a zone"
        raise ValueError(msg)
    return moment


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    msg = f"{type(value).__name__} does not belong in the journal"
    raise TypeError(msg)
