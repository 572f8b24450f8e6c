"""One credential, with all that is known of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import made_up_key
from vaultaws.aws.identity import AccessKey
from vaultaws.errors import UsageError
from vaultaws.leases.inventory import Holding, Inventory, LastUse, LeaseState
from vaultaws.leases.showing import InAws, Shown, as_json, find, render, todo
from vaultaws.leases.words import short_key
from vaultaws.model import AuditIssuance

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
KEY = made_up_key(1)
HELD = Holding(
    "aws/creds/reader/abc",
    "aws",
    "creds",
    "reader",
    LeaseState.LIVE,
    person="ada",
    entity_id="7f3a",
    access_key_id=KEY,
    issued_at=NOW - timedelta(minutes=4),
    lease_ends=NOW + timedelta(minutes=11),
    is_sts=False,
    renewable=True,
)
ASKED = AuditIssuance(
    NOW, "1", "aws/creds/reader", HELD.lease_id, KEY, "7f3a", "userpass-ada", "acc", "10.0.0.9"
)
IAM_KEY = AccessKey(KEY, "vault-ada-reader", active=True, created_at=NOW - timedelta(days=3))
FORMS = [HELD.lease_id, KEY, short_key(KEY)]


def inventory(*holdings: Holding) -> Inventory:
    return Inventory("aws", NOW, holdings)


def shown(held: Holding | None, aws: InAws | None = None) -> Shown:
    return Shown("aws", NOW, KEY, held, ASKED if held else None, aws or InAws())


@pytest.mark.parametrize("what", FORMS)
def test_it_is_found_by_lease_and_by_key_in_both_forms(what: str) -> None:
    other = replace(HELD, lease_id="aws/creds/reader/def", access_key_id=made_up_key(2222))
    assert find(inventory(HELD, other), what) == HELD
    assert find(inventory(other), what) is None


def test_it_is_found_by_the_digest_of_its_key() -> None:
    hashed = replace(HELD, access_key_id="", key_hash="hmac-sha256:1")
    assert find(inventory(hashed), KEY, "hmac-sha256:1") == hashed


def test_a_short_form_that_fits_two_keys_is_refused_with_both() -> None:
    twin = replace(HELD, lease_id="aws/creds/reader/def", access_key_id=made_up_key(7001))
    with pytest.raises(UsageError) as refused:
        find(inventory(HELD, twin), short_key(KEY))
    assert KEY in refused.value.why
    assert twin.access_key_id in refused.value.why


def test_every_fact_has_its_line() -> None:
    use = LastUse("ec2", NOW - timedelta(seconds=20))
    text = render(shown(HELD, InAws(IAM_KEY, use)))
    for fact in (
        "key          " + KEY,
        "role         reader (IAM user)",
        "person       ada (login userpass-ada, entity 7f3a)",
        "issued       4 min ago",
        "lease ends   in 11 min",
        "token ends   with lease",
        "renewable    yes",
        "asked with   acc",
        "asked from   10.0.0.9",
        "IAM user     vault-ada-reader · key active",
        "last used    ec2 · 20 s ago",
    ):
        assert fact in text.splitlines()


def test_a_key_without_a_lease_says_so_and_what_to_do() -> None:
    orphan = shown(None, InAws(IAM_KEY))
    assert "lease        (no lease)" in render(orphan)
    assert "--user-name vault-ada-reader" in todo(orphan)[0]
    assert todo(replace(orphan, aws=InAws(replace(IAM_KEY, active=False)))) == ()
    assert "root show" in todo(replace(orphan, is_root=True))[0]


def test_what_helps_an_irrevocable_lease_and_a_token_that_outlives_its_own() -> None:
    stuck = replace(HELD, stuck="cannot\ndelete the user")
    assert todo(shown(stuck)) == (f"vaultaws leases revoke {HELD.lease_id}",)
    assert "irrevocable  cannot delete the user" in render(shown(stuck))
    ended = replace(
        HELD, state=LeaseState.ENDED, is_sts=True, token_ends=NOW + timedelta(minutes=29)
    )
    assert todo(shown(ended)) == (f"vaultaws leases revoke --key {short_key(KEY)} --cut",)


@given(st.text(), st.text())
def test_no_name_from_a_log_reaches_the_terminal_raw(name: str, reason: str) -> None:
    held = replace(HELD, person=name, stuck=reason)
    asked = replace(ASKED, display_name=name, remote_address=name)
    text = render(replace(shown(held), asked=asked, notes=(reason,)))
    assert all(line.isprintable() for line in text.split("\n"))


def test_json_says_null_where_nothing_is_known() -> None:
    bare = as_json(Shown("aws", NOW, ""))
    assert {name for name, value in bare.items() if value is None} == {
        "access_key_id",
        "credential",
        "display_name",
        "remote_address",
        "iam_user",
        "last_used",
    }
