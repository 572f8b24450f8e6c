"""Findings for a SIEM: OCSF 1.3 Detection Findings (class 2004), one JSON object a line. Pure.

Source: schema.ocsf.io, class detection_finding; activity 1 is Create, severity 3 Medium and
5 Critical.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from vaultaws.trail.grounds import grounds
from vaultaws.trail.report import Finding, Report, Severity
from vaultaws.trail.verdicts import Verdict
from vaultaws.version import VERSION

SCHEMA: Final = "1.3.0"
_CLASS: Final = 2004
_CATEGORY: Final = 2
_CREATE: Final = 1
_SEVERITIES: Final = {Severity.CRITICAL: (5, "Critical"), Severity.WARNING: (3, "Medium")}


def lines(report: Report) -> Iterator[str]:
    """Yield each finding as a line; the same finding has the same uid in every run."""
    for finding, verdict in report.judged():
        yield json.dumps(detection(finding, verdict, report.end))


def detection(finding: Finding, verdict: Verdict | None, at: datetime) -> dict[str, Any]:
    """Return one Detection Finding; times are milliseconds since 1970."""
    number, name = _SEVERITIES[finding.severity]
    seen = verdict.time if verdict and verdict.time else at
    return {
        "activity_id": _CREATE,
        "category_uid": _CATEGORY,
        "class_uid": _CLASS,
        "type_uid": _CLASS * 100 + _CREATE,
        "severity_id": number,
        "severity": name,
        "status_id": 1,
        "time": _milliseconds(at),
        "message": finding.what,
        "metadata": {
            "version": SCHEMA,
            "product": {"name": "vaultaws", "vendor_name": "vaultaws", "version": VERSION},
        },
        "finding_info": {
            "uid": finding.uid,
            "title": str(finding.kind),
            "desc": finding.what,
            "types": [str(finding.kind)],
            "first_seen_time": _milliseconds(seen),
        },
        "evidences": [{"data": _evidence(finding, verdict)}],
    }


def _evidence(finding: Finding, verdict: Verdict | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "access_key_id": finding.access_key_id or None,
        "event_id": finding.event_id or None,
        "lease_id": finding.lease_id or None,
    }
    if verdict is None:
        return told
    why = grounds(verdict)
    return told | {
        "person": verdict.person or None,
        "role": verdict.role or None,
        "rests_on": why.rests_on,
        "could_be_wrong": why.could_be_wrong,
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
