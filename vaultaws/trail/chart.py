"""The report in a terminal: findings first, then a line for each person and role over the window.
Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vaultaws.config.durations import words
from vaultaws.errors import visible
from vaultaws.leases.words import count
from vaultaws.trail.findings import Severity
from vaultaws.trail.page.data import Holder, holders, minute, shown
from vaultaws.trail.page.reasons import Told, told
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Standing, Verdict

MOST_LINES: Final = 40
MOST_FINDINGS: Final = 10
NARROWEST_BAR: Final = 12
NARROWEST_NAME: Final = 12
WIDEST_NAME: Final = 24
NOBODY: Final = "—"
_TICK_CELLS: Final = 14
_DAY_SECONDS: Final = 86_400
_STEPS: Final = (60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000)
_RED, _YELLOW, _PLAIN = "\x1b[1;31m", "\x1b[33m", "\x1b[0m"


@dataclass(frozen=True)
class Look:
    """How a terminal shows it: its width in cells, whether it has colours and block characters."""

    width: int = 100
    colour: bool = False
    blocks: bool = True


@dataclass(frozen=True)
class Glyphs:
    """What stands for a moment of somebody's credentials, the stronger over the weaker."""

    alive: str
    used: str
    beyond: str
    finding: str = "!"


BLOCKS: Final = Glyphs("░", "█", "▒")
ASCII: Final = Glyphs(".", "#", "x")


def render(report: Report, look: Look) -> str:
    """Return the chart. Nothing of a log in it can act on a terminal; without `blocks` it is
    ASCII."""
    findings = told(report)
    text = "\n".join(
        [
            _head(report, findings),
            *_findings(findings, look),
            *_partial(report),
            *_chart(report, findings, look),
        ]
    )
    return text if look.blocks else _ascii(text)


def _head(report: Report, findings: Sequence[Told]) -> str:
    span = words((report.end - report.start).total_seconds())
    issued = report.matching.of(Standing.EXPLAINED, Standing.PENDING, Standing.MISSING)
    critical = sum(found.finding.severity is Severity.CRITICAL for found in findings)
    worst = f" ({critical:,} critical)" if critical else ""
    found = f"{count(len(findings), 'finding', 'findings')}{worst}"
    return (
        f"{count(len(issued), 'credential', 'credentials')} issued by Vault,"
        f" {count(report.calls, 'call', 'calls')}, {found}"
        f" · {span} to {minute(report.end)} UTC, complete to {report.watermark:%H:%M}"
    )


def _findings(findings: Sequence[Told], look: Look) -> Iterator[str]:
    for found in findings[:MOST_FINDINGS]:
        critical = found.finding.severity is Severity.CRITICAL
        mark = _painted("!!" if critical else "! ", _RED if critical else _YELLOW, look)
        yield f"  {mark} {_clipped(visible(found.finding.what), max(20, look.width - 5))}"
    if len(findings) > MOST_FINDINGS:
        yield f"     and {len(findings) - MOST_FINDINGS:,} more: vaultaws trail check"


def _partial(report: Report) -> Iterator[str]:
    for what in report.unread:
        yield f"partial: {_clipped(visible(what), 1_000)}"
    for note in report.notes:
        yield f"note: {_clipped(visible(note), 1_000)}"


def _chart(report: Report, findings: Sequence[Told], look: Look) -> Iterator[str]:
    lines = holders(report, findings)
    if not lines:
        return
    first = lines[:MOST_LINES]
    widest = min(WIDEST_NAME, max(NARROWEST_NAME, look.width // 6))
    people = _column(["PERSON", *(_clipped(one.person or NOBODY, widest) for one in first)])
    roles = _column(["ROLE", *(_clipped(one.role or NOBODY, widest) for one in first)])
    tails = _tails(first)
    bar = max(NARROWEST_BAR, look.width - cells(people[0]) - cells(roles[0]) - len(tails[0]) - 6)
    glyphs = BLOCKS if look.blocks else ASCII
    rows, flagged = _rows_of(report), {found.row for found in findings}
    bars = [_axis(report, bar)]
    for one in first:
        line = _bar(report, rows[one.person, one.role], flagged, bar, glyphs)
        bars.append(_coloured(line, glyphs, look))
    yield ""
    for parts in zip(people, roles, bars, tails, strict=True):
        yield "  ".join(parts)
    if len(lines) > MOST_LINES:
        yield f"and {len(lines) - MOST_LINES:,} more lines: --html FILE has them all"
    yield (
        f"{glyphs.alive} alive  {glyphs.used} first to last call  {glyphs.beyond} alive beyond its"
        f" lease  {glyphs.finding} finding"
    )


def _column(texts: Sequence[str]) -> list[str]:
    """Texts, all of one width."""
    width = max(map(cells, texts))
    return [text + " " * (width - cells(text)) for text in texts]


def _tails(lines: Sequence[Holder]) -> list[str]:
    """The numbers of each line, below their titles."""
    rows = [_TITLES, *(_numbers(one) for one in lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_TITLES))]
    return [
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    ]


_TITLES: Final = ("ISSUED", "ALIVE", "CALLS", "DENIED")


def _numbers(one: Holder) -> tuple[str, ...]:
    return tuple(f"{number:,}" for number in (one.issued, one.alive, one.calls, one.denied))


def _rows_of(report: Report) -> dict[tuple[str, str], list[tuple[int, Verdict]]]:
    found: dict[tuple[str, str], list[tuple[int, Verdict]]] = {}
    for row, verdict in enumerate(report.matching.verdicts):
        found.setdefault((shown(verdict.person), shown(verdict.role)), []).append((row, verdict))
    return found


def _axis(report: Report, width: int) -> str:
    """Times at whole steps of the clock, above the cells where they are; with dates where the day
    is new."""
    whole = (report.end - report.start).total_seconds() or 1.0
    step = next((one for one in _STEPS if one / whole * width >= _TICK_CELLS), whole)
    at = -(-report.start.timestamp() // step) * step
    line, day = "", ""
    while at < report.end.timestamp():
        moment = datetime.fromtimestamp(at, UTC)
        date = f"{moment:%m-%d}"
        label = f"{moment:%H:%M}" if date == day else f"{date} {moment:%H:%M}"
        if step >= _DAY_SECONDS:
            label = date
        place = _cell(report, moment, width)
        if place >= len(line) and place + len(label) <= width:
            line = line.ljust(place) + label + " "
            day = date
        at += step
    if not line:
        line = f"{report.start:%m-%d %H:%M}"
    return line[:width].ljust(width)


def _bar(
    report: Report,
    rows: Iterable[tuple[int, Verdict]],
    flagged: set[int],
    width: int,
    glyphs: Glyphs,
) -> str:
    line = [" "] * width
    strength = {" ": 0, glyphs.alive: 1, glyphs.beyond: 2, glyphs.used: 3, glyphs.finding: 4}

    def paint(begin: datetime | None, end: datetime | None, glyph: str) -> None:
        if begin is None or end is None or end < report.start or begin > report.end:
            return
        for place in range(_cell(report, begin, width), _cell(report, end, width) + 1):
            if strength[glyph] > strength[line[place]]:
                line[place] = glyph

    for row, verdict in rows:
        over = verdict.over or report.end
        born = verdict.time or verdict.use.first
        paint(born, over, glyphs.alive)
        if verdict.lives_beyond:
            paint(verdict.revoked or report.end, verdict.lives_beyond, glyphs.beyond)
        paint(verdict.use.first, verdict.use.last, glyphs.used)
        if row in flagged:
            paint(born, born, glyphs.finding)
        for mark in verdict.marks:
            paint(mark.first, mark.first, glyphs.finding)
    return "".join(line)


def _cell(report: Report, moment: datetime, width: int) -> int:
    whole = (report.end - report.start).total_seconds() or 1.0
    place = int((moment - report.start).total_seconds() / whole * width)
    return min(width - 1, max(0, place))


def _coloured(line: str, glyphs: Glyphs, look: Look) -> str:
    if not look.colour:
        return line
    paint = {glyphs.finding: _RED, glyphs.beyond: _YELLOW}
    return "".join(f"{paint[one]}{one}{_PLAIN}" if one in paint else one for one in line)


def _painted(text: str, colour: str, look: Look) -> str:
    return f"{colour}{text}{_PLAIN}" if look.colour else text


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def _clipped(text: str, width: int) -> str:
    if cells(text) <= width:
        return text
    kept = text[: width - 1]
    while cells(kept) > width - 1:
        kept = kept[:-1]
    return f"{kept}…"


def _ascii(text: str) -> str:
    plain = text.replace("—", "-").replace("…", "~").replace(" · ", ", ")
    return plain.encode("ascii", "backslashreplace").decode()
