"""The report as one HTML page that needs nothing else: no network, no other file. Pure, but for
reading the page's own parts from the package.

Whatever comes from a log is text: escaped in the HTML, JSON without `<` in the script's data, and
the page's script writes it with textContent only. A content security policy allows this page's
style and script by their digests and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from importlib import resources
from itertools import groupby
from string import Template
from typing import Any, Final

from vaultaws.config.durations import words
from vaultaws.leases.words import count
from vaultaws.trail.findings import Severity
from vaultaws.trail.page.data import Holder, holders, minute, shown, value
from vaultaws.trail.page.reasons import REASONS, Told, commands, evidence, told
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Standing, Verdict

MOST_OF_A_KIND: Final = 50
MOST_HOLDERS: Final = 200
SCRIPTS: Final = ("data.js", "timeline.js", "hands.js", "tables.js", "page.js")
NOBODY: Final = "—"
_ISSUED: Final = (Standing.EXPLAINED, Standing.PENDING, Standing.MISSING)
_STANDS: Final[Mapping[Standing, str]] = {
    Standing.EXPLAINED: "explained by a request in Vault's audit log",
    Standing.DESCENDANT: "minted with one of these",
    Standing.ROTATION: "rotated by Vault: its own root key",
    Standing.UNEXPLAINED: "unexplained",
    Standing.STATIC: "rotated by Vault: keys of static roles",
    Standing.ROLLED_BACK: "taken back by Vault: the issuance had failed",
    Standing.UNCOVERED: "cannot be judged",
    Standing.PENDING: "issued, not yet in CloudTrail",
    Standing.MISSING: "issued, and missing from CloudTrail",
}


def render(report: Report, *, written: datetime) -> str:
    """Return the page, whole."""
    findings = told(report)
    style, script = part("page.css"), "\n".join(map(part, SCRIPTS))
    page = Template(part("page.html")).substitute(
        csp=escape(policy(style, script)),
        title=escape(f"Trail report, {minute(report.start)} to {minute(report.end)} UTC"),
        style=style,
        script=script,
        window=_window(report),
        verdict=_verdict(report, findings),
        numbers=_numbers(report, findings),
        partial=_partial(report),
        standings=_standings(report),
        findings=_findings(report, findings),
        holders=_holders(holders(report, findings)),
        written=minute(written),
        data=embedded(value(report, findings, written=written)),
    )
    return f"{page}\n"


@cache
def part(name: str) -> str:
    """A part of the page from the package, with the line ends that HTML makes of all."""
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return text.replace("\r\n", "\n").strip("\n")


def policy(style: str, script: str) -> str:
    """What the page may do: its own style and script, and nothing else at all."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    found = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(found).decode()}"


def embedded(data: Any) -> str:
    """JSON that can stand in a script element: nothing in it can end that element."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(text: str) -> str:
    """Text from a log in HTML, on its own: its direction leaves its neighbours alone."""
    return f"<bdi>{escape(shown(text))}</bdi>" if text else NOBODY


def _window(report: Report) -> str:
    span = words((report.end - report.start).total_seconds())
    lag = (report.end - report.watermark).total_seconds()
    late = f" The last {words(lag)} may not yet be there." if lag > 0 else ""
    return (
        f"{_time(report.start)} to {_time(report.end)} UTC, {span}."
        f" CloudTrail is complete to {_time(report.watermark)}.{late}"
    )


def _time(moment: datetime) -> str:
    return f'<time datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{minute(moment)}</time>'


def is_partial(report: Report) -> bool:
    """True when something could not be read, or a note says what was not seen."""
    return bool(report.unread or report.notes)


def _verdict(report: Report, findings: Sequence[Told]) -> str:
    critical = sum(found.finding.severity is Severity.CRITICAL for found in findings)
    partial = " The data is partial: see below." if is_partial(report) else ""
    if not findings:
        return f"Nothing was found that should not be.{partial}"
    worst = f", {critical:,} critical" if critical else ""
    return f"{count(len(findings), 'finding', 'findings')}{worst}.{partial}"


def _numbers(report: Report, findings: Sequence[Told]) -> str:
    matching = report.matching
    explained = matching.of(Standing.EXPLAINED)
    numbers = (
        (len(matching.of(*_ISSUED)), "credentials issued"),
        (report.calls, "calls made with them"),
        (sum(verdict.use.denied for verdict in matching.verdicts), "calls denied"),
        (len({verdict.person for verdict in explained}), "people"),
        (len({verdict.role for verdict in explained}), "roles"),
        (len(findings), "findings"),
    )
    return "".join(f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for number, name in numbers)


def _partial(report: Report) -> str:
    lines = [f"{_text(what)}." for what in report.unread]
    lines += [_text(note) for note in report.notes]
    if not lines:
        return ""
    items = "".join(f"<li>{line}</li>" for line in lines)
    return (
        '<section class="partial" aria-labelledby="partial-title">'
        f'<h2 id="partial-title">Partial data</h2><ul>{items}</ul></section>'
    )


def _standings(report: Report) -> str:
    counted = {standing: len(report.matching.of(standing)) for standing in Standing}
    return "".join(
        f'<li class="is-{standing}"><b>{number:,}</b> {_STANDS[standing]}</li>'
        for standing, number in counted.items()
        if number
    )


def _findings(report: Report, findings: Sequence[Told]) -> str:
    if not findings:
        return (
            '<p class="none">None. Every credential seen is explained, or too young to judge.</p>'
        )
    order = {reason.kind: place for place, reason in enumerate(REASONS)}
    sorted_ = sorted(findings, key=lambda found: order[found.reason.kind])
    groups = groupby(sorted_, key=lambda found: found.reason)
    return "".join(_group(report, list(group)) for _, group in groups)


def _group(report: Report, group: Sequence[Told]) -> str:
    reason = group[0].reason
    critical = any(found.finding.severity is Severity.CRITICAL for found in group)
    severity = "critical" if critical else "warning"
    items = "".join(_finding(report, found) for found in group[:MOST_OF_A_KIND])
    rest = len(group) - MOST_OF_A_KIND
    more = (
        f'<p class="more">and {rest:,} more of this kind: choose “only findings” below, or'
        " <code>vaultaws trail check --json</code>.</p>"
        if rest > 0
        else ""
    )
    return (
        f'<section class="kind {severity}">'
        f'<h3><span class="badge">{severity}</span> {escape(reason.title)}'
        f' <span class="many">{len(group):,}</span></h3>'
        f'<ol>{items}</ol>{more}<p class="doubt"><b>What could make this wrong:</b>'
        f" {escape(reason.doubt)}</p></section>"
    )


def _finding(report: Report, found: Told) -> str:
    verdict = report.matching.verdicts[found.row] if found.row >= 0 else None
    key = verdict.access_key_id if verdict else found.finding.access_key_id
    lease = verdict.lease_id if verdict else found.finding.lease_id
    terms = "".join(
        f"<div><dt>{escape(term)}</dt><dd>{_text(said)}</dd></div>"
        for term, said in evidence(found, verdict)
    )
    next_ = "".join(
        f"<code>{escape(line)}</code>"
        for line in commands(found.reason, key=key, lease=lease, since=report.start)
    )
    name = f'<p class="key"><code>{_text(key)}</code>{_of(verdict)}</p>' if key else ""
    row = f' data-row="{found.row}"' if found.row >= 0 else ""
    return (
        f'<li{row}><p class="what">{_text(found.finding.what)}</p>{name}<dl>{terms}</dl>'
        f'<p class="next"><span>Next</span>{next_}</p></li>'
    )


def _of(verdict: Verdict | None) -> str:
    if verdict is None or not (verdict.person or verdict.role):
        return ""
    return f" {_text(verdict.person)} · {_text(verdict.role)}"


def _holders(found: Sequence[Holder]) -> str:
    rows = "".join(_holder(one) for one in found[:MOST_HOLDERS])
    rest = len(found) - MOST_HOLDERS
    more = f'<tr><td colspan="8">and {count(rest, "more", "more")}</td></tr>' if rest > 0 else ""
    return rows + more


def _holder(one: Holder) -> str:
    last = minute(one.last) if one.last else NOBODY
    numbers = (one.issued, one.alive, one.calls, one.denied, one.findings)
    cells = "".join(f'<td class="n">{number:,}</td>' for number in numbers)
    return (
        f'<tr><th scope="row">{_text(one.person)}</th><td>{_text(one.role)}</td>{cells}'
        f'<td class="t">{last}</td></tr>'
    )
