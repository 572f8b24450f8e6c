"""Where a waiver may stand, and what it covers there."""

from __future__ import annotations

from pathlib import Path

import pytest

from vaultaws.config.load import load
from vaultaws.lint.check import check
from vaultaws.lint.rule import Findings

WAIVER = "# vaultaws: allow token-outlives-lease as agreed"
STATEMENT = '{"Effect": "Allow", "Action": "a:B", "Resource": "*"}'
POLICY = f'{{"Version": "2012-10-17", "Statement": {STATEMENT}}}'
ROLE = """\
{above_table}[roles.{name}]{table}
credential_type = "assumed_role"
role_arns = ["arn:aws:iam::111122223333:role/x"]
{above_key}max_ttl = "2h"{key}
"""


def role(name: str, **waivers: str) -> str:
    places = dict.fromkeys(("above_table", "table", "above_key", "key"), "")
    return ROLE.format(name=name, **(places | waivers))


def lint(folder: Path, text: str) -> Findings:
    file = folder / "vaultaws.toml"
    file.write_text(f"[mount]\n\n{text}" if not text.startswith("#") else text)
    return check(load(file))


def outliving(found: Findings) -> list[str]:
    """The roles whose tokens outlive their leases, with no waiver."""
    return [each.where[1] for each in found.open if each.rule.id == "token-outlives-lease"]


@pytest.mark.parametrize("place", ["above_table", "table", "above_key", "key"])
def test_it_covers_one_role_from_each_place(place: str, tmp_path: Path) -> None:
    said = f"{WAIVER}\n" if place.startswith("above") else f"  {WAIVER}"
    found = lint(tmp_path, role("a", **{place: said}) + role("b"))
    assert outliving(found) == ["b"]
    assert [each.reason for each in found.waived] == ["as agreed"]
    assert "waiver-without-finding" not in {each.rule.id for each in found.open}


def test_at_the_top_with_a_blank_line_it_covers_the_file(tmp_path: Path) -> None:
    found = lint(tmp_path, f"{WAIVER}\n\n" + role("a") + role("b"))
    assert outliving(found) == []


def test_right_above_the_first_table_it_covers_that_table(tmp_path: Path) -> None:
    found = lint(tmp_path, f"{WAIVER}\n" + role("a") + role("b"))
    assert outliving(found) == ["b"]


def test_on_another_key_it_allows_nothing_and_is_found_itself(tmp_path: Path) -> None:
    text = role("a").replace('"assumed_role"', f'"assumed_role"  {WAIVER}')
    found = lint(tmp_path, text)
    assert outliving(found) == ["a"]
    (idle,) = [each for each in found.open if each.rule.id == "waiver-without-finding"]
    assert (idle.line, idle.where) == (4, ("roles", "a", "credential_type"))


def test_waivers_of_waivers_do_not_exist(tmp_path: Path) -> None:
    text = "# vaultaws: allow waiver-without-finding as agreed\n" + role("a")
    assert "waiver-of-unknown-rule" in {each.rule.id for each in lint(tmp_path, text).open}


def test_a_waiver_of_a_rule_that_is_not_asked_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(POLICY)
    waiver = 'policy = "p.json"  # vaultaws: allow policy-unknown-service ours has it'
    file = tmp_path / "vaultaws.toml"
    file.write_text(f'[roles.a]\ncredential_type = "iam_user"\n{waiver}\n')
    for asked in (True, False):
        found = check(load(file), action_data=asked)
        assert found.open == ()
        assert len(found.waived) == asked
