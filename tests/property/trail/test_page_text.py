"""Whatever stands in a log, the page holds it as text and nothing else."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support import reports
from tests.support.page import Page, parsed
from vaultaws.trail.page.data import shown
from vaultaws.trail.page.page import embedded, render
from vaultaws.trail.report import Report
from vaultaws.trail.verdicts import Matching

ENDS = ("</script>", "<!--", "-->", "<script", "]]>", "&lt;", "\\u003c", '"', "'", "`${")
SIGNS = ("é", "漢", "\x00", "\u2028", "\u202e", "\ud800", "\r\n")
PIECES = st.sampled_from(ENDS + SIGNS)
ANY = st.text(st.characters(exclude_categories=()), max_size=20)
TEXTS = st.lists(st.one_of(PIECES, ANY), max_size=6).map("".join)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@given(VALUES)
@example("</script><script>alert(1)</script>")
@example("<!--<script>")
def test_any_value_comes_back_and_never_ends_its_element(value: Any) -> None:
    text = embedded(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert text.isascii()
    page = parsed(f'<body><script type="application/json" id="data">{text}</script><p>after</p>')
    assert page.data == json.loads(json.dumps(value))
    assert page.elements == ["body", "script", "p"]
    assert page.words == ["after"]


@given(TEXTS)
def test_shown_text_hides_nothing_and_is_written_alike_only_when_it_is(text: str) -> None:
    assert shown(text).isprintable()
    assert shown(text).encode("utf-8").decode() == shown(text)


def page_of(text: str) -> Page:
    """The page of one credential in which all that a stranger may choose is `text`."""
    one = reports.hostile().matching.verdicts[0]
    assert one.minted
    assert one.issuance
    minted = dataclasses.replace(one.minted, user_agent=text, user_name=text, source_ip=text)
    issuance = dataclasses.replace(one.issuance, display_name=text, remote_address=text)
    verdict = dataclasses.replace(one, minted=minted, issuance=issuance, person=text, role=text)
    report = Report(reports.BEGIN, reports.END, reports.END, Matching((verdict,)))
    return parsed(render(report, written=reports.END))


SHAPE = page_of("plain").elements


@given(TEXTS.filter(bool))
@settings(max_examples=60)
def test_a_hostile_name_changes_no_element_of_the_page(text: str) -> None:
    page = page_of(text)
    assert page.elements == SHAPE
    rows, texts = page.data["rows"], page.data["texts"]
    for name in ("person", "role", "agent", "address", "remote"):
        assert texts[rows[name][0]] == shown(text)
