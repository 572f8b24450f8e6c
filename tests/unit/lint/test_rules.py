"""Every rule finds what it says, and nothing else; and does not find it where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.lint_cases import CASES, READER, Case
from vaultaws.config.load import load
from vaultaws.lint.check import check
from vaultaws.lint.registry import RULES
from vaultaws.lint.rule import Findings

NAMED = [pytest.param(case, id=f"{case.rule}-{n}") for n, case in enumerate(CASES)]
WITH_COMPANY = frozenset({"waiver-without-reason"})
"""A waiver without a reason always leaves something else open; it has a test of its own."""


def lint(folder: Path, text: str, policy: str = READER) -> Findings:
    (folder / "p.json").write_text(policy, encoding="utf-8")
    (folder / "q.json").write_text(READER, encoding="utf-8")
    file = folder / "vaultaws.toml"
    file.write_text(text, encoding="utf-8")
    return check(load(file))


@pytest.mark.parametrize("case", NAMED)
def test_the_rule_and_nothing_else_is_found(case: Case, tmp_path: Path) -> None:
    found = lint(tmp_path, case.bad, case.bad_policy)
    assert {finding.rule.id for finding in found.open} == {case.rule}, found.open


@pytest.mark.parametrize("case", NAMED)
def test_nothing_is_found_where_it_is_right(case: Case, tmp_path: Path) -> None:
    assert lint(tmp_path, case.good, case.good_policy).open == ()


def test_every_rule_has_its_pair() -> None:
    assert {case.rule for case in CASES} | WITH_COMPANY == set(RULES)


def test_a_waiver_without_a_reason_allows_nothing(tmp_path: Path) -> None:
    bad = '[roles.r]  # vaultaws: allow iam-user-without-rights\ncredential_type = "iam_user"\n'
    found = lint(tmp_path, bad)
    assert [finding.rule.id for finding in found.open] == [
        "iam-user-without-rights",
        "waiver-without-reason",
    ]
    good = bad.replace("rights\n", "rights for the demo\n")
    assert lint(tmp_path, good).open == ()


def test_what_is_repeated_is_short_harmless_and_no_secret(tmp_path: Path) -> None:
    text = (
        f'[root]\niam_endpoint = "http://ada:{"pass" + "word"}@iam.corp"\n'
        '[roles.r]\ncredential_type = "assumed_role"\n'
        f'role_arns = ["{"x" * 5000}"]\n'
    )
    found = lint(tmp_path, text).open
    said = [f"{finding.message} {finding.do}" for finding in found]
    assert {finding.rule.id for finding in found} >= {"arn-malformed", "endpoint-without-tls"}
    assert max(map(len, said)) < 300
    assert not any("password" in line for line in said)
