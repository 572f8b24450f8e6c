"""Rules and what they find, as values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from vaultaws.config.schema import Config

Key = tuple[str, ...]
"""A key of the declared file, one part a table: ("roles", "reader", "max_ttl")."""


class Severity(StrEnum):
    """ERROR: issuance or the write itself fails. WARNING: it works, and is probably not meant.
    NOTE: worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Hit:
    """One finding of a rule, not yet placed in the file.

    `policy_place` is the place inside a policy document, such as `Statement[0].Action[1]`;
    `in_policy` says that the finding is about the policy file that `where` names.
    """

    rule: Rule
    where: Key
    message: str
    do: str
    in_policy: bool = False
    policy_place: str = ""


@dataclass(frozen=True)
class Rule:
    """One thing that lint knows. `source` is the document or issue that says so."""

    id: str
    severity: Severity
    summary: str
    explanation: str
    source: str

    def at(self, where: Key, message: str, *, do: str) -> Hit:
        """Something found at a key of the file."""
        return Hit(self, where, message, do)

    def inside(self, where: Key, place: str, message: str, *, do: str) -> Hit:
        """Something found inside the policy document that the key names."""
        return Hit(self, where, message, do, in_policy=True, policy_place=place)


@dataclass(frozen=True)
class Finding:
    """One finding in its place. `line` and `column` count from 1.

    `reason` is what the waiver that allows it says; None for one that nothing allows.
    """

    rule: Rule
    where: Key
    file: Path
    line: int
    column: int
    message: str
    do: str
    policy_file: Path | None = None
    policy_place: str = ""
    reason: str | None = None

    @property
    def severity(self) -> Severity:
        return self.rule.severity

    @property
    def waived(self) -> bool:
        return self.reason is not None

    @property
    def key(self) -> str:
        """The dotted key as the file writes it."""
        return ".".join(self.where)


@dataclass(frozen=True)
class Findings:
    """Everything found in one file, in the file's order."""

    file: Path
    all: tuple[Finding, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        """What no waiver allows."""
        return tuple(finding for finding in self.all if not finding.waived)

    @property
    def waived(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.all if finding.waived)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """What no waiver allows, of one severity."""
        return tuple(finding for finding in self.open if finding.severity is severity)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return self.of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return self.of(Severity.WARNING)


Check = Callable[[Config], Iterator[Hit]]
