"""What is wrong with declared files: each fault with its place, all of them in one error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Self

from vaultaws.config import secrets
from vaultaws.errors import ConfigError, visible

SHOWN = 20  # faults that are printed; the others are counted
LONGEST_VALUE = 60  # characters of a value that are repeated
BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong: where (line and column from 1, 0 unknown), which key, what, what to do."""

    file: Path
    line: int
    column: int
    key: str
    what: str
    do: str

    @property
    def where(self) -> str:
        """`file:line:column`, as editors open it."""
        return ":".join((str(self.file), *(str(n) for n in (self.line, self.column) if n)))

    def sentence(self) -> str:
        """Key, fault and remedy on one line."""
        key = f"{self.key}: " if self.key else ""
        return visible(f"{key}{self.what} ({self.do})")


class DeclaredFileError(ConfigError):
    """Declared files that cannot be used. `faults` are in the order of the files and lines."""

    def __init__(self, faults: tuple[Fault, ...], *, what: str, why: str, do: str) -> None:
        super().__init__(what, why=why, do=do)
        self.faults = faults

    @classmethod
    def of(cls, faults: tuple[Fault, ...]) -> Self:
        """Say how many faults there are, and where."""
        files = {fault.file for fault in faults}
        where = visible(str(next(iter(files)))) if len(files) == 1 else f"{len(files)} files"
        many = len(faults) != 1
        return cls(
            faults,
            what=f"{len(faults):,} fault{'s' if many else ''} in {where}",
            why=f"{'each line' if many else 'the line'} above names the place and the key; "
            "nothing was asked of a server",
            do=f"mend {'them' if many else 'it'}, then run it again",
        )

    def describe(self) -> str:
        """The faults, one a line, then the three lines."""
        shown = self.faults[:SHOWN]
        width = max((len(fault.where) for fault in shown), default=0) + 1
        lines = [f"{visible(fault.where) + ':':<{width}}  {fault.sentence()}" for fault in shown]
        if left := len(self.faults) - len(shown):
            lines.append(f"… and {left:,} more")
        return "\n".join((*lines, super().describe()))


def dotted(path: tuple[str, ...]) -> str:
    """A path of keys as TOML writes it; a key that looks like a secret is masked."""
    return ".".join(
        secrets.MASK if secrets.looks_secret(key) else key if BARE.fullmatch(key) else quoted(key)
        for key in path
    )


def quoted(text: str) -> str:
    """Text in quotes, short, with nothing that a terminal would obey; a secret is masked."""
    if secrets.looks_secret(text):
        return secrets.MASK
    short = text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
    return visible(json.dumps(short, ensure_ascii=False))


def shown(value: Any) -> str:
    """A value of the file as a sentence can carry it."""
    match value:
        case str():
            return quoted(value)
        case int() | float():
            return _number(value)
        case datetime() | date() | time():
            return f"the date {value.isoformat()}"
        case _:
            return "a table" if isinstance(value, Mapping) else "a list"


def _number(value: float) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    long = isinstance(value, int) and abs(value) >= 10**LONGEST_VALUE
    return "that number" if long else str(value)
