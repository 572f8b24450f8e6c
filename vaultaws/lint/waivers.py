"""Waivers: comments in the declared file that allow a finding, with a reason.

    max_ttl = "6h"    # vaultaws: allow token-outlives-lease the nightly job needs it

On a key's line or right above it a waiver covers the key; on a table's header or right above it,
the table; before the first table, with a blank line after it, the file.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from vaultaws.config.faults import quoted
from vaultaws.config.places import Place, Places
from vaultaws.lint.rule import Finding, Key, Rule, Severity

MARK: Final = "vaultaws:"
_SHAPE: Final = re.compile(rf"{MARK}\s*allow\b\s*(\S*)\s*(.*)")
_SOURCE: Final = "vaultaws itself: docs/reference.md, lint"

NO_REASON: Final = Rule(
    "waiver-without-reason",
    Severity.ERROR,
    "a waiver that gives no reason",
    "A waiver is read by whoever comes next. Without a reason it allows nothing.",
    _SOURCE,
)
UNKNOWN: Final = Rule(
    "waiver-of-unknown-rule",
    Severity.ERROR,
    "a waiver of a rule that does not exist",
    "It allows nothing, and something else was probably meant.",
    _SOURCE,
)
UNUSED: Final = Rule(
    "waiver-without-finding",
    Severity.WARNING,
    "a waiver that allows nothing",
    "What it allowed is gone, or it stands at the wrong place. A waiver on a key's line or right "
    "above it covers the key, on a table's header the table, before the first table (with a blank "
    "line after it) the file.",
    _SOURCE,
)
RULES: Final = (NO_REASON, UNKNOWN, UNUSED)
_OWN: Final = frozenset(rule.id for rule in RULES)


@dataclass(frozen=True)
class Waiver:
    """One waiver: it covers what lies at or below `path`."""

    rule: str
    reason: str
    path: Key
    place: Place

    def covers(self, finding: Finding) -> bool:
        return (
            bool(self.reason)
            and finding.rule.id == self.rule
            and finding.where[: len(self.path)] == self.path
        )


def read(places: Places) -> tuple[Waiver, ...]:
    """The waivers of a file, in its order."""
    matches = ((comment, _SHAPE.match(comment.text)) for comment in places.comments().values())
    return tuple(
        Waiver(match[1], match[2].strip(), comment.path, comment.place)
        for comment, match in matches
        if match is not None
    )


def apply(
    findings: Sequence[Finding],
    waivers: Sequence[Waiver],
    *,
    known: Mapping[str, Rule],
    asked: Container[str],
    file: Path,
) -> tuple[Finding, ...]:
    """Mark what the waivers allow, and add what is wrong with the waivers themselves.

    A waiver of a rule that was not `asked` this time may well allow something.
    """
    used: set[Waiver] = set()
    marked = tuple(_marked(finding, waivers, used) for finding in findings)
    allowed = [name for name in known if name not in _OWN]
    idle = (waiver for waiver in waivers if waiver not in used)
    faults = (
        _fault(waiver, allowed, file)
        for waiver in idle
        if waiver.rule in asked or waiver.rule not in allowed or not waiver.reason
    )
    return (*marked, *faults)


def _marked(finding: Finding, waivers: Sequence[Waiver], used: set[Waiver]) -> Finding:
    covering = [waiver for waiver in waivers if waiver.covers(finding)]
    used.update(covering)
    return replace(finding, reason=covering[0].reason) if covering else finding


def _fault(waiver: Waiver, allowed: Sequence[str], file: Path) -> Finding:
    """Why a waiver that allowed nothing did not."""
    if waiver.rule not in allowed:
        close = get_close_matches(waiver.rule, allowed, n=1)
        rule, message = UNKNOWN, f"there is no rule {quoted(waiver.rule)} to allow"
        do = f"did you mean {close[0]}?" if close else "vaultaws lint --rules names them all"
    elif not waiver.reason:
        rule, message = NO_REASON, "it gives no reason, and so allows nothing"
        do = f"# {MARK} allow {waiver.rule} and why"
    else:
        rule, message = UNUSED, f"nothing here is {waiver.rule}"
        do = "remove it, or put it at the key or table that it is for"
    line, column = waiver.place
    return Finding(rule, waiver.path, file, line, column, message, do)
