"""The chart in a terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support import reports
from vaultaws.trail.chart import MOST_LINES, Look, cells, render
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Matching


def line_of(text: str, *begin: str) -> str:
    (found,) = [line for line in text.splitlines() if line.split()[:2] == list(begin)]
    return found


def test_a_line_tells_a_life_and_its_use() -> None:
    text = render(reports.report(0), Look(120))
    assert text.startswith("4 credentials issued by Vault, 91 calls, 7 findings (3 critical)")
    assert "  !! GetFederationToken by vault-root at 20:00 from 203.0.113.9" in text
    ben = line_of(text, "ben", "ec2readonly-sts")
    assert re.search(r"  +!░+▒+█+▒+  +1  +1  +41  +3$", ben)
    assert "partial: 2 CloudTrail records could not be read" in text


@pytest.mark.parametrize("width", [80, 100, 140, 200])
def test_it_fits(width: int) -> None:
    text = render(reports.report(80), Look(width))
    chart = text.split("\n\n")[1]
    assert {cells(line) for line in chart.splitlines()[:-1]} == {width}


def test_times_stand_above_their_cells() -> None:
    text = render(reports.report(0), Look(140))
    head = line_of(text, "PERSON", "ROLE")
    ben = line_of(text, "ben", "ec2readonly-sts")
    assert abs(head.index("18:00") - ben.index("▒")) < 6  # revoked at 17:00


@pytest.mark.parametrize("width", [60, 80, 100, 240])
def test_there_is_always_a_time_above(width: int) -> None:
    for hours in (1, 5, 24, 24 * 90):
        end = reports.BEGIN + timedelta(hours=hours)
        report = replace(reports.report(5), end=end)
        head = line_of(render(report, Look(width)), "PERSON", "ROLE")
        assert re.search(r" [01][0-9]-[0-3][0-9]\b", head)


def test_without_blocks_it_is_ascii() -> None:
    text = render(reports.report(30), Look(100, blocks=False))
    assert text.isascii()
    assert ". alive  # first to last call  x alive beyond its lease  ! finding" in text


def test_colour_only_marks() -> None:
    look = Look(100)
    plain, painted = (
        render(reports.report(30), look),
        render(reports.report(30), Look(100, colour=True)),
    )
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


def test_many_lines_are_counted() -> None:
    text = render(reports.report(2_000, people=300), Look(100))
    assert len(text.splitlines()) < MOST_LINES + 20
    assert re.search(r"^and [0-9]+ more lines: --html FILE has them all$", text, re.MULTILINE)


def test_nothing_is_a_line() -> None:
    empty = Report(reports.BEGIN, reports.END, reports.END, Matching())
    assert render(empty, Look()) == (
        "0 credentials issued by Vault, 0 calls, 0 findings · 24 h to 2026-11-22 08:00 UTC,"
        " complete to 08:00"
    )
