"""One picture of a watch, made to fit a terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vaultaws.leases.inventory import Inventory, LeaseState
from vaultaws.leases.listing import summary, table_rows
from vaultaws.leases.watching import Change, ChangeKind
from vaultaws.leases.words import printable, table

MARKS: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.APPEARED: "+",
    ChangeKind.STATE: "~",
    ChangeKind.ENDED: "-",
}
_LEAST_ROWS: Final = 3


@dataclass(frozen=True)
class Picture:
    """What is shown: the last inventory, what changed with it, and what is wrong since.

    A first look has no changes: everything would be one.
    """

    seen: Inventory
    changes: tuple[Change, ...] = ()
    every_seconds: int = 5
    trouble: str = ""


def lines(picture: Picture, columns: int, height: int) -> list[str]:
    """The picture in at most `height` lines, none longer than `columns` (both at least 1).

    Where there is too little room those that changed come first, the rest is left out at the end,
    and its number is told; on a screen of a few lines what comes first counts.
    """
    seen = picture.seen
    head = [line for each in _head(picture) for line in wrapped([each], columns)]
    foot = wrapped([summary(seen), *(f"note: {printable(note)}" for note in seen.notes)], columns)
    rows = _rows(picture)
    room = height - len(head)
    foot = foot[: max(1, room - _LEAST_ROWS)]
    room -= len(foot)
    if len(rows) > max(room, 0):
        rows = sorted(rows, key=lambda line: (line is not rows[0], line[0] == " "))
    shown = [_cut(line, columns) for line in rows]
    if len(rows) > max(room, 0):
        kept = max(room - 1, 1)
        shown = [*shown[:kept], _cut(f"… {len(rows) - kept:,} more", columns)]
    return [*head, *shown, *foot][:height]


def _head(picture: Picture) -> list[str]:
    seen = picture.seen
    mounts = " ".join(f"{mount}/" for mount in seen.mounts)
    told = f"{mounts} · {_clock(seen.taken_at)} · every {picture.every_seconds} s · Ctrl-C ends it"
    return [told, f"! {picture.trouble}"] if picture.trouble else [told]


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S}"


def _rows(picture: Picture) -> list[str]:
    """The table with a mark before each row that changed; those that ended come last, once. The
    last column is left out: a watch does not ask when keys were used."""
    seen = picture.seen
    kinds = {change.held.lease_id: MARKS[change.kind] for change in picture.changes}
    marks = ["", *(kinds.get(held.lease_id, "") for held in seen.holdings)]
    ended = [
        replace(change.held, state=LeaseState.ENDED, stuck="")
        for change in picture.changes
        if change.kind is ChangeKind.ENDED
    ]
    rows = table_rows(replace(seen, holdings=(*seen.holdings, *ended), leaseless=None))
    marks += [MARKS[ChangeKind.ENDED]] * len(ended)
    if len(rows) == 1:
        return []
    marked = [(mark or " ", *cells[:-1]) for mark, cells in zip(marks, rows, strict=True)]
    return table(marked).split("\n")


def wrapped(texts: Iterable[str], columns: int) -> list[str]:
    """The texts in lines of at most `columns`."""
    parts = [
        textwrap.wrap(text, columns, break_on_hyphens=False, subsequent_indent="  "[: columns - 1])
        for text in texts
    ]
    return [line for part in parts for line in part]


def _cut(line: str, columns: int) -> str:
    return line if len(line) <= columns else line[: columns - 1] + "…"


def troubled(picture: Picture, trouble: str) -> Picture:
    """The same, with what is wrong now; nothing has changed with it."""
    return replace(picture, changes=(), trouble=trouble)


def drawn(picture_lines: Sequence[str]) -> str:
    """What a terminal is sent to show the lines in place of what it showed, without a flicker: each
    line is written over the old one, and its rest cleared (ECMA-48: CUP, EL, ED)."""
    return "\x1b[H" + "".join(f"{line}\x1b[K\n" for line in picture_lines) + "\x1b[J"


ENTER: Final = "\x1b[?1049h\x1b[?7l\x1b[?25l"
"""Another screen, lines that do not wrap, no cursor (xterm control sequences)."""
LEAVE: Final = "\x1b[?25h\x1b[?7h\x1b[?1049l"
