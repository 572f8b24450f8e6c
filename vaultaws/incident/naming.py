"""Which IAM users the engine made, told by their names alone. Pure.

A lease does not name its user and the audit log has a digest of its key, so the way from an
issuance to its user is the name that the mount's template gave it: person, role and second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from vaultaws.lint.gotemplate import TemplateNotFollowedError, TemplateRefusedError
from vaultaws.lint.username import SAMPLE_PERSON, Sample, user_name

AROUND_SECONDS: Final = (0, -1, 1, -2, 2)
"""The engine takes its time first, the audit log its own after AWS's answer."""
_ONE, _OTHER = Sample("x"), Sample("y")
_SECONDS: Final = str(_ONE.unix_seconds)
_THEN: Final = 1_834_567_891
_THEN_OTHER: Final = Sample("y", _THEN)
_PARTS: Final = re.compile(
    rf"(?P<person>{SAMPLE_PERSON})|(?P<time>{_ONE.unix_seconds}(?:000)?)|(?P<chance>x+)"
)


def prefixes(
    template: str,
    role: str,
    person: str,
    issued_at: datetime,
    around: tuple[int, ...] = AROUND_SECONDS,
) -> tuple[str, ...]:
    """How the name of the user of one issuance begins: up to what is random in it; one for each of
    the seconds `around` its time.

    Empty where the template cannot be followed, or where its names say too little to tell.
    """
    start = _start(template, role, person)
    if not start:
        return ()
    at = int(issued_at.timestamp())
    return tuple(start.replace(_SECONDS, str(at + off)) for off in around)


def stem(template: str, role: str, person: str) -> str:
    """How the names of one person's users of a role begin, up to the time in them; empty where
    `prefixes` is."""
    return _start(template, role, person).partition(_SECONDS)[0]


@lru_cache(maxsize=8192)
def _start(template: str, role: str, person: str) -> str:
    """How names begin that are made at one certain second; empty where they tell nothing. Of a time
    in milliseconds only the second counts: nobody knows the rest."""
    try:
        start, again = (
            _common(*(user_name(template, role, person=person, sample=each) for each in pair))
            for pair in ((_ONE, _OTHER), (replace(_ONE, unix_seconds=_THEN), _THEN_OTHER))
        )
    except (TemplateRefusedError, TemplateNotFollowedError):
        return ""
    if _SECONDS not in start or again != start.replace(_SECONDS, str(_THEN)):
        return ""
    before, milliseconds, _ = start.partition(f"{_SECONDS}000")
    return f"{before}{_SECONDS}" if milliseconds else start


def pattern(template: str, role: str) -> re.Pattern[str] | None:
    """The names of all users of a role, whoever asked (the group `person`, where it is told); None
    where the template does not tell them from other names."""
    try:
        name = user_name(template, role, sample=_ONE)
        other = user_name(template, role + "-", sample=_ONE)
    except (TemplateRefusedError, TemplateNotFollowedError):
        return None
    if name == other or role not in name:
        return None
    text, at = "", 0
    for found in _PARTS.finditer(name):
        text += re.escape(name[at : found.start()])
        part = {"person": ".+", "time": r"\d+", "chance": "[A-Za-z0-9]+"}[found.lastgroup or ""]
        is_first = found.lastgroup == "person" and "?P<person>" not in text
        text += f"(?P<person>{part})" if is_first else part
        at = found.end()
    return re.compile(text + re.escape(name[at:]))


def _common(one: str, other: str) -> str:
    """What both begin with."""
    length = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
    return one[:length]


class Names:
    """Names of IAM users, searched by how they begin."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_start: dict[int, dict[str, list[str]]] = {}
        self._names = tuple(names)

    def starting(self, start: str) -> list[str]:
        """All names that begin so. The first question of a length sorts them by it."""
        length = len(start)
        if length not in self._by_start:
            sorted_in: dict[str, list[str]] = {}
            for name in self._names:
                sorted_in.setdefault(name[:length], []).append(name)
            self._by_start[length] = sorted_in
        return self._by_start[length].get(start, [])

    def fitting(self, wanted: re.Pattern[str]) -> list[str]:
        return [name for name in self._names if wanted.fullmatch(name)]
