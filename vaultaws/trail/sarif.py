"""The report as SARIF 2.1.0: a run whose rules are the kinds of findings. Pure.

Findings are about credentials, not about files: they have logical locations (a key, a lease, an IAM
user) and no physical ones. What was not read stands among the run's notifications.

Source: OASIS SARIF 2.1.0, 3.33 (logicalLocation), 3.58 (notification).
"""

from __future__ import annotations

from typing import Any, Final

from vaultaws.errors import visible
from vaultaws.leases.words import iso
from vaultaws.lint.sarif import one_run, rule_of
from vaultaws.trail.findings import ACT, Finding, Severity
from vaultaws.trail.ocsf import evidence
from vaultaws.trail.page.reasons import BY_KIND, OTHER, REASONS, Reason
from vaultaws.trail.report import Judged, Report
from vaultaws.trail.verdicts import MarkKind, Standing

_LEVELS: Final = {Severity.CRITICAL: "error", Severity.WARNING: "warning"}
_CRITICAL: Final = frozenset({Standing.UNEXPLAINED, ACT, MarkKind.AFTER_END})
_PLACES: Final = {reason.kind: place for place, reason in enumerate(REASONS)}


def document(report: Report) -> dict[str, Any]:
    """Return the report as one run."""
    told = [
        *(("warning", f"not read: {visible(what)}") for what in report.unread),
        *(("note", visible(note)) for note in report.notes),
    ]
    results = [_result(judged) for judged in report.judged]
    made = one_run("vaultaws trail check", [_rule(each) for each in REASONS], results, told=told)
    made["runs"][0]["properties"] = {
        "start": iso(report.start),
        "end": iso(report.end),
        "complete_to": iso(report.watermark),
    }
    return made


def _rule(reason: Reason) -> dict[str, Any]:
    level = "error" if reason.kind in _CRITICAL else "warning"
    doubt = f"What could make it wrong: {reason.doubt}"
    steps = [line.replace("{", "").replace("}", "") for line in reason.then]
    text = f"{doubt}\n\nNext: {'; '.join(steps)}"
    markdown = f"{doubt}\n\n" + "\n".join(f"- `{step}`" for step in steps)
    return rule_of(_name(reason), reason.title, doubt, level, (text, markdown))


def _name(reason: Reason) -> str:
    return str(reason.kind).lower().replace(" ", "-")


def _result(judged: Judged) -> dict[str, Any]:
    finding = judged.finding
    reason = BY_KIND.get(finding.kind, BY_KIND[OTHER])
    return {
        "ruleId": _name(reason),
        "ruleIndex": _PLACES[reason.kind],
        "level": _LEVELS[finding.severity],
        "message": {"text": visible(finding.what)},
        "locations": [{"logicalLocations": _about(finding)}],
        "partialFingerprints": {"vaultawsFinding/v1": finding.uid},
        "properties": evidence(judged),
    }


def _about(finding: Finding) -> list[dict[str, str]]:
    """What the finding is about, the nearest first."""
    names = (
        ("iam user", finding.user),
        ("access key", finding.access_key_id),
        ("lease", finding.lease_id),
        ("event", finding.event_id),
    )
    return [{"kind": kind, "fullyQualifiedName": visible(name)} for kind, name in names if name]
