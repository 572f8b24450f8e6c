"""Whatever stands in a log, a terminal is told nothing that it obeys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.property.trail.test_page_text import TEXTS
from tests.support import reports
from vaultaws.trail import chart
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Matching, Standing, Verdict


@given(TEXTS, st.integers(40, 200), st.booleans())
def test_every_line_is_printable_and_ascii_where_it_must_be(
    text: str, width: int, blocks: bool
) -> None:
    verdict = Verdict(Standing.MISSING, text, None, None, text, text)
    report = Report(reports.BEGIN, reports.END, reports.END, Matching((verdict,)), notes=(text,))
    lines = chart.render(report, chart.Look(width, blocks=blocks)).split("\n")
    assert all(line.isprintable() for line in lines)
    assert blocks or all(line.isascii() for line in lines)
