"""Findings as SARIF 2.1.0, as GitHub code scanning and others read it.

Sources: OASIS SARIF 2.1.0; GitHub documentation, "SARIF support for code scanning".
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from vaultaws.lint.rule import Finding, Findings, Rule

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE: Final = "%SRCROOT%"


def document(
    checked: Sequence[Findings], rules: Iterable[Rule], *, root: Path, usable: bool = True
) -> dict[str, Any]:
    """One run. Files are named relative to `root`; `usable` is false when loading failed."""
    listed = sorted(rules, key=lambda rule: rule.id)
    index = {rule.id: number for number, rule in enumerate(listed)}
    every = [finding for found in checked for finding in found.all]
    prints = _fingerprints(every, root)
    results = [
        _result(finding, index[finding.rule.id], mark, root)
        for finding, mark in zip(every, prints, strict=True)
    ]
    return one_run("vaultaws lint", [_rule(rule) for rule in listed], results, usable=usable)


def one_run(
    tool: str,
    rules: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    *,
    usable: bool = True,
    told: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return a document of one run. `told` are levels and sentences about the run itself."""
    said = [{"level": level, "message": {"text": text}} for level, text in told]
    invocation: dict[str, Any] = {"executionSuccessful": usable}
    if said:
        invocation["toolExecutionNotifications"] = said
    run = {
        "tool": {"driver": {"name": tool, "rules": list(rules)}},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": list(results),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def rule_of(
    name: str, summary: str, explanation: str, level: str, help_: tuple[str, str]
) -> dict[str, Any]:
    """Return what a run says of one of its rules; `help_` is text and Markdown."""
    text, markdown = help_
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": explanation},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": level},
    }


def _rule(rule: Rule) -> dict[str, Any]:
    waiver = f"# vaultaws: allow {rule.id} and why"
    text = f"{rule.explanation}\n\nSource: {rule.source}.\nTo allow it: {waiver}"
    markdown = f"{rule.explanation}\n\nSource: {rule.source}.\n\nTo allow it: `{waiver}`"
    told = rule_of(rule.id, rule.summary, rule.explanation, rule.severity.value, (text, markdown))
    return told | {
        "properties": {"problem.severity": _problem(rule), "precision": "high", "tags": ["aws"]}
    }


def _problem(rule: Rule) -> str:
    """GitHub's word for a note is recommendation."""
    return {"note": "recommendation"}.get(rule.severity.value, rule.severity.value)


def _result(finding: Finding, index: int, mark: str, root: Path) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": f"{finding.message}. Do: {finding.do}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(finding.file, root),
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.key}] if finding.key else [],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": mark},
    }
    if finding.policy_file is not None:
        result["relatedLocations"] = [_policy(finding, finding.policy_file, root)]
    if finding.reason is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.reason}]
    return result


def _policy(finding: Finding, file: Path, root: Path) -> dict[str, Any]:
    return {
        "id": 1,
        "physicalLocation": {"artifactLocation": _artifact(file, root)},
        "message": {"text": finding.policy_place or "the policy"},
    }


def _artifact(file: Path, root: Path) -> dict[str, str]:
    """A file below the root by its relative URI; another one by its whole."""
    whole = file if file.is_absolute() else root / file
    try:
        return {"uri": quote(whole.relative_to(root).as_posix()), "uriBaseId": _BASE}
    except ValueError:
        return {"uri": whole.as_uri()}


def _fingerprints(findings: Sequence[Finding], root: Path) -> list[str]:
    """Marks that stay when lines move: of the rule, the file, the key and the place in a policy.
    What is alike is told apart by its number."""
    seen: Counter[str] = Counter()
    marks = []
    for finding in findings:
        parts = (
            finding.rule.id,
            _artifact(finding.file, root)["uri"],
            finding.key,
            finding.policy_place,
        )
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
        seen[digest] += 1
        marks.append(f"{digest}:{seen[digest]}")
    return marks
