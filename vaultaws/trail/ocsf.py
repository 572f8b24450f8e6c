"""Findings for a SIEM: OCSF 1.3 Detection Findings (class 2004), one JSON object a line. Pure.

Source: schema.ocsf.io, class detection_finding; activity 1 is Create, severity 3 Medium and
5 Critical.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from vaultaws.trail.findings import Severity
from vaultaws.trail.report import Judged, Report
from vaultaws.version import VERSION

SCHEMA: Final = "1.3.0"
_CLASS: Final = 2004
_CATEGORY: Final = 2
_CREATE: Final = 1
_SEVERITIES: Final = {Severity.CRITICAL: (5, "Critical"), Severity.WARNING: (3, "Medium")}


def lines(report: Report) -> Iterator[str]:
    """Yield each finding as a line; the same finding has the same uid in every run."""
    for judged in report.judged:
        yield json.dumps(detection(judged, report.end))


def detection(judged: Judged, at: datetime) -> dict[str, Any]:
    """Return one Detection Finding; times are milliseconds since 1970."""
    finding, verdict = judged.finding, judged.verdict
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
        "evidences": [{"data": evidence(judged)}],
    }


def evidence(judged: Judged) -> dict[str, Any]:
    """Return what a finding is about, and on what it rests."""
    finding, verdict, why = judged.finding, judged.verdict, judged.grounds
    return {
        "access_key_id": finding.access_key_id or None,
        "event_id": finding.event_id or None,
        "lease_id": finding.lease_id or None,
        "iam_user": finding.user or None,
        "person": (verdict.person or None) if verdict else None,
        "role": (verdict.role or None) if verdict else None,
        "rests_on": why.rests_on if why else None,
        "could_be_wrong": why.could_be_wrong if why else None,
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
