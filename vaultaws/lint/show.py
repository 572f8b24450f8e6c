"""Findings as people and machines read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from vaultaws.leases.words import count, printable
from vaultaws.lint.rule import Finding, Findings, Rule, Severity

JSON_VERSION: Final = 1
_INDENT: Final = "    "


def text(checked: Sequence[Findings], *, show_waived: bool = False) -> str:
    """Each finding in two or three lines, then the summary."""
    shown = [finding for found in checked for finding in (found.all if show_waived else found.open)]
    places = [
        f"{printable(str(finding.file))}:{finding.line}:{finding.column}" for finding in shown
    ]
    width = max(map(len, places), default=0)
    lines = [
        line
        for place, finding in zip(places, shown, strict=True)
        for line in _lines(place.ljust(width), finding)
    ]
    return "\n".join([*lines, *([""] if lines else []), summary(checked)])


def summary(checked: Sequence[Findings]) -> str:
    """How many of each severity, and how many are allowed."""
    found = [finding for each in checked for finding in each.open]
    waived = sum(len(each.waived) for each in checked)
    one = printable(str(checked[0].file)) if len(checked) == 1 else ""
    where = one or count(len(checked), "file", "files")
    counts = [
        count(number, severity.value, f"{severity.value}s")
        for severity in Severity
        if (number := sum(finding.severity is severity for finding in found))
    ]
    allowed = f" ({waived} allowed by waivers)" if waived else ""
    return f"{', '.join(counts) or 'nothing found'} in {where}{allowed}"


def _lines(place: str, finding: Finding) -> Iterable[str]:
    waived = "waived" if finding.waived else finding.severity.value
    yield f"{place}  {waived:<7}  {finding.rule.id}  {printable(finding.message)}"
    if finding.policy_file is not None:
        inside = f" {finding.policy_place}" if finding.policy_place else ""
        yield f"{_INDENT}in: {printable(str(finding.policy_file))}{printable(inside)}"
    if finding.reason is not None:
        yield f"{_INDENT}allowed: {printable(finding.reason)}"
    else:
        yield f"{_INDENT}do: {printable(finding.do)}"


def document(checked: Sequence[Findings]) -> dict[str, Any]:
    """Findings for machines; keys are stable within `version`."""
    every = [finding for found in checked for finding in found.all]
    counts = {
        severity.value: sum(finding.severity is severity for finding in every if not finding.waived)
        for severity in Severity
    }
    return {
        "version": JSON_VERSION,
        "files": [str(found.file) for found in checked],
        "findings": [_document(finding) for finding in every],
        "counts": {**counts, "waived": sum(finding.waived for finding in every)},
    }


def _document(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "severity": finding.severity.value,
        "file": str(finding.file),
        "line": finding.line,
        "column": finding.column,
        "key": finding.key,
        "message": finding.message,
        "do": finding.do,
        "policy_file": str(finding.policy_file) if finding.policy_file else None,
        "policy_place": finding.policy_place or None,
        "waived": finding.waived,
        "reason": finding.reason,
    }


def rules(known: Iterable[Rule]) -> str:
    """Every rule in a line."""
    listed = sorted(known, key=lambda rule: rule.id)
    width = max((len(rule.id) for rule in listed), default=0)
    return "\n".join(f"{rule.id:<{width}}  {rule.severity:<7}  {rule.summary}" for rule in listed)


def rules_document(known: Iterable[Rule]) -> dict[str, Any]:
    """Every rule for machines."""
    return {
        "version": JSON_VERSION,
        "rules": [
            {
                "rule": rule.id,
                "severity": rule.severity.value,
                "summary": rule.summary,
                "explanation": rule.explanation,
                "source": rule.source,
            }
            for rule in sorted(known, key=lambda rule: rule.id)
        ],
    }


def explanation(rule: Rule) -> str:
    """One rule at length."""
    return "\n".join(
        (
            f"{rule.id} ({rule.severity}): {rule.summary}",
            "",
            rule.explanation,
            "",
            f"source  {rule.source}",
            f"allow   # vaultaws: allow {rule.id} and why",
        )
    )
