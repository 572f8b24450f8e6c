"""The figures of a watch in Prometheus' text format 0.0.4. Pure.

No figure tells of a person, a key or an address: whoever reads metrics need not be allowed those.
Source: prometheus.io, "Exposition formats".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from vaultaws.trail.heardlog import Heard
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Standing

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Mapping[str, str], float]


@dataclass(frozen=True)
class Figures:
    """What is known after a round. `findings` are those of the window, `told` those told since the
    start, each by kind and severity; `credentials` by standing."""

    findings: Mapping[tuple[str, str], int] = field(default_factory=dict)
    told: Mapping[tuple[str, str], int] = field(default_factory=dict)
    credentials: Mapping[str, int] = field(default_factory=dict)
    unread: int = 0
    rounds: int = 0
    failed: int = 0
    watermark: datetime | None = None
    succeeded: datetime | None = None
    waiting: int = 0
    waiting_since: datetime | None = None

    def of(self, report: Report) -> Self:
        """Return these with a round's report."""
        kinds = Counter((str(found.kind), found.severity.value) for found in report.findings)
        standings = Counter(found.standing for found in report.matching.verdicts)
        counts = {standing.value: standings[standing] for standing in Standing}
        return replace(self, findings=kinds, credentials=counts, unread=len(report.unread))


def render(figures: Figures, heard: Heard | None = None) -> str:
    """Return the text that is scraped; `heard` is what came to the listener, None without one. A
    time that is not known yet is left out."""
    families = (
        _family("findings", "gauge", "Findings in the window.", _kinds(figures.findings)),
        _family("told_findings_total", "counter", "Findings told.", _kinds(figures.told)),
        _family(
            "credentials",
            "gauge",
            "Credentials in the window by standing.",
            [({"standing": name}, count) for name, count in sorted(figures.credentials.items())],
        ),
        _family("unread", "gauge", "Sorts of evidence that were not read.", _one(figures.unread)),
        _family("rounds_total", "counter", "Rounds.", _one(figures.rounds)),
        _family("failed_rounds_total", "counter", "Rounds that failed.", _one(figures.failed)),
        _family(
            "watermark_timestamp_seconds",
            "gauge",
            "All that happened before is settled.",
            _time(figures.watermark),
        ),
        _family(
            "last_success_timestamp_seconds",
            "gauge",
            "When the last round began that did not fail.",
            _time(figures.succeeded),
        ),
        _family(
            "waiting_findings", "gauge", "Findings not yet taken by all.", _one(figures.waiting)
        ),
        _family(
            "waiting_since_timestamp_seconds",
            "gauge",
            "When the oldest of those was found.",
            _time(figures.waiting_since),
        ),
    )
    return "".join((*families, *(_heard(heard) if heard is not None else ())))


def _heard(heard: Heard) -> tuple[str, ...]:
    return (
        _family("heard_lines_total", "counter", "Lines of Vault.", _one(heard.lines)),
        _family("heard_torn_total", "counter", "Lines without an end.", _one(heard.torn)),
        _family("heard_connections_total", "counter", "Connections.", _one(heard.connections)),
        _family("heard_refused_total", "counter", "One too many.", _one(heard.refused)),
        _family(
            "heard_blocked", "gauge", "1 while nothing can be kept.", _one(int(bool(heard.fault)))
        ),
    )


def _family(name: str, kind: str, told: str, samples: Iterable[Sample]) -> str:
    full = f"vaultaws_trail_{name}"
    lines = [f"{full}{_labels(labels)} {value!r}\n" for labels, value in samples]
    return "".join((f"# HELP {full} {told}\n", f"# TYPE {full} {kind}\n", *lines)) if lines else ""


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _kinds(counts: Mapping[tuple[str, str], int]) -> list[Sample]:
    return [
        ({"kind": kind, "severity": severity}, count)
        for (kind, severity), count in sorted(counts.items())
    ]


def _one(value: int) -> list[Sample]:
    return [({}, value)]


def _time(moment: datetime | None) -> list[Sample]:
    return [] if moment is None else [({}, moment.timestamp())]
