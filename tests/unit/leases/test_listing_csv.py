"""The inventory as CSV: one line a credential, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.leases.listing import as_csv

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def rows(*held: Holding) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(Inventory("aws", NOW, held)))))


def holding(person: str) -> Holding:
    return Holding("aws/creds/reader/one", "aws", "creds", "reader", LeaseState.LIVE, person=person)


def test_a_line_a_credential_with_the_names_of_the_json() -> None:
    (row,) = rows(holding("ada"))
    assert (row["person"], row["role"], row["lease_state"]) == ("ada", "reader", "live")
    assert row["token_ends_at"] == row["access_key_id"] == ""
    assert rows() == []


FULL_WIDTH = ["\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"]
FORMULAS = ["=HYPERLINK(1)", "+1", "-1", "@x", " =1", f"{' ' * 20}=1", "|x", "%x", *FULL_WIDTH]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_is_a_formula(name: str) -> None:
    (row,) = rows(holding(name))
    assert row["person"].startswith("'")


@pytest.mark.parametrize("name", ['a,"b"', "a\nb", "a\r\nb", "\x1b[2J", "ä"])
def test_hostile_names_stay_in_their_cell(name: str) -> None:
    first, second = rows(holding(name), holding("ben"))
    assert first["role"] == "reader"
    assert second["person"] == "ben"
    assert first["person"].isprintable()
