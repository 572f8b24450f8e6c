"""What was wrong with the files of a source: counted by kind, each with its file and a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FaultKind(StrEnum):
    """What can be wrong. The value completes a sentence with a number before it."""

    GONE = "vanished before it was read"
    UNREADABLE = "could not be opened"
    EMPTY = "empty"
    TRUNCATED = "ends before its data does"
    DAMAGED = "damaged gzip data"
    TOO_LARGE = "too large, read in part"
    NOT_A_LOG = "no log of CloudTrail"
    BROKEN = "broken record"
    VERSION = "record of an unknown version"
    INCOMPLETE = "record without its essentials"
    ACCOUNT = "record of another account than its file"
    REGION = "record of another region than its file"
    ALTERED = "text cut or mended"


_WHOLE: Final = frozenset({
    FaultKind.ACCOUNT, FaultKind.REGION, FaultKind.ALTERED,
})  # fmt: skip
"""Kinds that lose no event."""
_OF_FILES: Final = frozenset({
    FaultKind.GONE, FaultKind.UNREADABLE, FaultKind.EMPTY, FaultKind.TRUNCATED, FaultKind.DAMAGED,
    FaultKind.TOO_LARGE, FaultKind.NOT_A_LOG,
})  # fmt: skip
_SHOWN: Final = 3


@dataclass(frozen=True)
class Fault:
    """Something wrong in one file, `count` times. `detail` is the reason in words, or empty."""

    kind: FaultKind
    file: str
    count: int = 1
    detail: str = ""

    @property
    def loses_events(self) -> bool:
        """True when events of the file may be missing for it."""
        return self.kind not in _WHOLE


@dataclass(frozen=True)
class Faults:
    """All that was wrong in a source, in the order of its files."""

    found: tuple[Fault, ...] = ()

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    @property
    def is_partial(self) -> bool:
        """True when events may be missing: a check over them is one over a part."""
        return any(fault.loses_events for fault in self.found)

    def counts(self) -> dict[FaultKind, int]:
        """Return how often each kind was met."""
        numbers: Counter[FaultKind] = Counter()
        for fault in self.found:
            numbers[fault.kind] += fault.count
        return dict(numbers)

    def of(self, kind: FaultKind) -> tuple[Fault, ...]:
        """Return the faults of one kind."""
        return tuple(fault for fault in self.found if fault.kind is kind)

    def lines(self) -> tuple[str, ...]:
        """Return a line of words for each kind, with the first files it was met in."""
        return tuple(
            _line(kind, number, self.of(kind)) for kind, number in sorted(self.counts().items())
        )


def gathered(found: Iterable[Fault]) -> Faults:
    """Return faults in the order of their files."""
    return Faults(tuple(sorted(found, key=lambda fault: (fault.file, fault.kind))))


def _line(kind: FaultKind, number: int, found: tuple[Fault, ...]) -> str:
    names = list(dict.fromkeys(_named(fault) for fault in found))
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    subject = "file" if kind in _OF_FILES else "time"
    times = f"{number:,} {subject}{'' if number == 1 else 's'}"
    return f"{times}: {kind} ({', '.join(names[:_SHOWN])}{more})"


def _named(fault: Fault) -> str:
    name = fault.file.rsplit("/", 1)[-1]
    return f"{name}: {fault.detail}" if fault.detail else name
