"""Users without a lease in listings: rows, JSON, CSV, filters; and several mounts as one."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.memory_vault import START, made_up_key
from tests.unit.leases.test_inventory import holding
from vaultaws.aws.identity import AccessKey
from vaultaws.leases import listing
from vaultaws.leases.inventory import Inventory, joined
from vaultaws.leases.leaseless import Leaseless
from vaultaws.leases.words import short_key

MADE = START - timedelta(days=3)
KEY = AccessKey(made_up_key(1), "vault-ben", True, MADE)
USED = replace(KEY, id=made_up_key(2), active=False, last_used_at=MADE, last_used_service="s3")
USER = Leaseless("vault-ben", "aws", "reader", MADE, "ben", (KEY, USED))


def inventory(*users: Leaseless) -> Inventory:
    return Inventory("aws", START, (holding(),), leaseless=users)


def test_each_key_is_a_row_and_the_closing_sentence_names_the_command() -> None:
    text = listing.render_table(inventory(USER))
    first, second = text.splitlines()[2:4]
    assert first.split()[:3] == ["ben", "reader", short_key(KEY.id)]
    assert first.endswith("(no lease)  never !!      never")
    assert second.endswith("(no lease)  switched off  s3 · 3 d ago")
    assert text.splitlines()[-1] == (
        f"3 credentials: 1 IAM user has no lease (vaultaws leases show {short_key(KEY.id)})"
    )


def test_a_user_without_keys_or_with_unseen_ones_is_a_row_too() -> None:
    bare, hidden = replace(USER, keys=()), replace(USER, keys=(), unseen="AccessDenied")
    text = listing.render_table(inventory(bare, hidden))
    assert "no key" in text
    assert "unknown" in text
    assert text.splitlines()[-1].endswith("2 IAM users have no lease (vault-ben)")


def test_json_tells_not_looked_for_from_none() -> None:
    assert listing.as_json(Inventory("aws", START, ()))["users_without_lease"] is None
    assert listing.as_json(inventory())["users_without_lease"] == []
    (user,) = listing.as_json(inventory(USER))["users_without_lease"]
    assert user["access_keys"][1]["last_used"] == {"service": "s3", "at": "2026-11-18T08:00:00Z"}


def test_csv_has_a_line_for_each_key_with_the_user_s_name() -> None:
    read = csv.DictReader(io.StringIO(listing.as_csv(inventory(USER, replace(USER, keys=())))))
    lines = list(read)[1:]
    assert [line["access_key_id"] for line in lines] == [KEY.id, USED.id, ""]
    assert {(line["lease_id"], line["lease_state"], line["iam_user"]) for line in lines} == {
        ("", "none", "vault-ben")
    }


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"role": "reader", "person": "ben", "key": short_key(KEY.id)}, True),
        ({"role": "other"}, False),
        ({"person": "ada"}, False),
        ({"key": made_up_key(7)}, False),
        ({"accessor": "a"}, False),
        ({"older_than": 86_400}, True),
        ({"older_than": 4 * 86_400}, False),
    ],
)
def test_filters_narrow_users_as_they_do_leases(wanted: dict[str, str], fits: bool) -> None:
    assert USER.fits(START, **wanted) is fits  # type: ignore[arg-type]  # older_than is an int


def test_a_hostile_name_cannot_move_the_cursor() -> None:
    hostile = replace(USER, name="x\x1b[2J", person="\x1b[2J", role="r\x1b", keys=())
    assert "\x1b" not in listing.render_table(inventory(hostile))
    assert "\x1b" not in listing.as_csv(inventory(hostile))


def test_a_user_that_is_gone_is_told_with_the_cure() -> None:
    lost = replace(holding(is_sts=False), user_gone=True)
    text = listing.render_table(Inventory("aws", START, (lost,)))
    assert "user gone !" in text
    assert text.endswith(f"1 has an IAM user that is gone (vaultaws leases revoke {lost.lease_id})")


def test_several_mounts_are_one_listing() -> None:
    one = replace(inventory(USER), notes=("everywhere", "here"))
    other = replace(holding(), mount="two", lease_id="two/creds/reader/1")
    two = Inventory("two", START, (other,), ("everywhere",))
    both = joined([one, two])
    assert both.notes == ("everywhere", "aws/: here")
    assert both.leaseless == (USER,)
    made = listing.as_json(both)
    assert (made["mount"], made["mounts"]) == (None, ["aws", "two"])
    head, *rows = listing.render_table(both).splitlines()
    assert head.split()[:4] == ["PERSON", "ROLE", "MOUNT", "KEY"]
    assert [row.split()[2] for row in rows[:4]] == ["aws", "two", "aws", "aws"]
    assert joined([one]) is one
    empty = joined([Inventory("aws", START, ()), Inventory("two", START, ())])
    assert listing.render_table(empty) == "No credentials of aws/ and two/ are out."
