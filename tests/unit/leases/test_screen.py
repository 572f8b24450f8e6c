"""The picture of a watch: it fits, it marks what changed, it says what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import START
from tests.unit.leases.test_inventory import holding
from vaultaws.leases.inventory import Holding, Inventory, LeaseState
from vaultaws.leases.screen import Picture, drawn, lines, troubled
from vaultaws.leases.watching import Change, ChangeKind


def held(number: int, person: str = "ada") -> Holding:
    return holding(lease_id=f"aws/creds/reader/{number}", person=person)


def picture(*holdings: Holding, changes: tuple[Change, ...] = (), notes: int = 0) -> Picture:
    return Picture(Inventory("aws", START, holdings, ("a note of some length",) * notes), changes)


def test_what_came_changed_and_went_is_marked() -> None:
    changes = (
        Change(ChangeKind.APPEARED, held(1)),
        Change(ChangeKind.STATE, held(2, "ben")),
        Change(ChangeKind.ENDED, held(3, "cid")),
    )
    _, head, *rows = lines(
        picture(held(0, "zoe"), held(1), held(2, "ben"), changes=changes), 100, 20
    )
    assert head.split()[0] == "PERSON"
    assert [row[0] for row in rows[:4]] == [" ", "+", "~", "-"]
    assert "cid" in rows[3]
    assert "ended" in rows[3]


def test_trouble_is_said_above_and_marks_go() -> None:
    shown = picture(held(1), changes=(Change(ChangeKind.APPEARED, held(1)),))
    text = lines(troubled(shown, "the server is sealed: it answers nothing"), 100, 20)
    assert text[1] == "! the server is sealed: it answers nothing"
    assert not any(line.startswith("+") for line in text)


def test_rows_without_room_are_counted() -> None:
    text = lines(picture(*(held(number) for number in range(50))), 80, 12)
    assert len(text) == 12
    assert any(line.startswith("… 4") and line.endswith(" more") for line in text)
    assert text[-1].startswith("50 credentials")


def test_a_change_is_seen_however_many_rows_there_are() -> None:
    changes = (Change(ChangeKind.APPEARED, held(49, "zoe")),)
    shown = picture(*(held(number) for number in range(49)), held(49, "zoe"), changes=changes)
    _, head, first, *_ = lines(shown, 80, 12)
    assert head.split()[0] == "PERSON"
    assert first.startswith("+  zoe")


def test_several_mounts_have_a_column() -> None:
    other = replace(held(2), mount="aws-two", lease_id="aws-two/creds/reader/2")
    seen = Inventory("aws", START, (held(1), other), others=("aws-two",))
    text = lines(Picture(seen, (Change(ChangeKind.ENDED, other),)), 100, 20)
    assert text[0].startswith("aws/ aws-two/ · ")
    assert "MOUNT" in text[1]


def test_an_empty_mount_is_a_picture_too() -> None:
    assert lines(picture(), 80, 24)[1] == "No credentials of aws/ are out."


@pytest.mark.parametrize("state", list(LeaseState))
def test_what_is_drawn_clears_what_was_there(state: LeaseState) -> None:
    text = drawn(lines(picture(replace(held(1), state=state)), 80, 24))
    assert text.startswith("\x1b[H")
    assert text.count("\x1b[K\n") == len(lines(picture(held(1)), 80, 24))
    assert text.endswith("\x1b[J")


@given(
    counts=st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 3)),
    columns=st.integers(1, 200),
    height=st.integers(1, 60),
    trouble=st.sampled_from(["", "the server is sealed: " + "it answers nothing " * 5]),
)
def test_it_always_fits(
    counts: tuple[int, int, int], columns: int, height: int, trouble: str
) -> None:
    there, changed, notes = counts
    changes = tuple(Change(ChangeKind.ENDED, held(100 + number)) for number in range(changed))
    shown = picture(*(held(number) for number in range(there)), changes=changes, notes=notes)
    text = lines(replace(shown, trouble=trouble), columns, height)
    assert 1 <= len(text) <= height
    assert all(len(line) <= columns and "\n" not in line for line in text)
