"""The page as it is written, before any browser: findings and numbers stand in the HTML itself."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from tests.support import reports
from tests.support.page import parsed
from vaultaws.trail.page.page import MOST_OF_A_KIND, SCRIPTS, part, render
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Matching, Standing, Verdict

MOST_LINES = 400
FORBIDDEN = (
    *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("),
    *("fetch(", "XMLHttpRequest", "import ", "http:", "https:"),
)


def test_findings_and_numbers_are_read_without_a_script() -> None:
    text = parsed(render(reports.report(20), written=reports.END)).text
    assert "7 findings, 3 critical. The data is partial: see below." in text
    assert (
        "CloudTrail is complete to 2026-11-22 07:45. The last 15 min may not yet be there." in text
    )
    assert "2 CloudTrail records could not be read." in text
    assert "1 line of the audit log could not be read" in text
    assert "Vault's root key id is not known" in text
    assert "What could make this wrong: Another mount or server may use the same root key" in text
    assert "vaultaws incident contain --key ASIA0000000000900000 --dry-run" in text
    assert "ben ec2readonly-sts" in text


def test_nothing_found_is_said() -> None:
    text = parsed(render(reports.report(3, clean=True), written=reports.END)).text
    assert "Nothing was found that should not be." in text
    assert "partial" not in text.lower()


def test_a_report_of_nothing_at_all() -> None:
    empty = Report(reports.BEGIN, reports.BEGIN, reports.BEGIN, Matching())
    assert "Nothing was found" in parsed(render(empty, written=reports.END)).text


def test_many_findings_of_a_kind_are_counted_not_all_written() -> None:
    many = tuple(
        Verdict(Standing.UNEXPLAINED, f"ASIA{number:016d}", reports.event(number, reports.BEGIN))
        for number in range(MOST_OF_A_KIND + 1_000)
    )
    report = Report(reports.BEGIN, reports.END, reports.END, Matching(many))
    html = render(report, written=reports.END)
    assert html.count('<li data-row="') == MOST_OF_A_KIND
    assert "and 1,000 more of this kind" in html


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_asks_for_nothing() -> None:
    html = render(reports.report(5), written=reports.END)
    reader = Elements()
    reader.feed(html)
    for tag, attributes in reader.found:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "a"} or (
            attributes.get("href") == "#findings"
        )
        assert not any(name.startswith("on") or name in {"src", "style"} for name in attributes)


def test_only_its_own_script_and_style_may_run() -> None:
    html = render(reports.report(5), written=reports.END)
    (csp,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    rules = dict(rule.strip().split(" ", 1) for rule in csp.replace("&#x27;", "'").split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for element, rule in (("style", "style-src"), ('script type="module"', "script-src")):
        (body,) = re.findall(rf"<{element}>(.*?)</{element.split()[0]}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_no_part_of_the_script_can_make_markup() -> None:
    for name in SCRIPTS:
        script = part(name)
        assert len(script.splitlines()) <= MOST_LINES
        for way in FORBIDDEN:
            assert way not in script, (name, way)
