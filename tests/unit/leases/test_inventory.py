"""The inventory: what is out, whose it is, and what outlives its lease."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.memory_vault import IAM_ROLE, MemoryVault, made_up_key, memory_vault
from vaultaws.errors import VaultUnreachableError
from vaultaws.leases import listing
from vaultaws.leases.inventory import Holding, Inventory, LastUse, LeaseState, take
from vaultaws.leases.issue import give_back, handing_over, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.request import IssueRequest


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


@pytest.fixture
def journal(tmp_path: Path, vault: MemoryVault) -> Iterator[Journal]:
    with Journal(tmp_path / "journal", vault.clock) as made:
        yield made


def end_lease(vault: MemoryVault, lease_id: str) -> None:
    vault.leases.pop(lease_id)


def only(inventory: Inventory) -> Holding:
    (held,) = inventory.holdings
    return held


def test_both_prefixes_are_listed(vault: MemoryVault) -> None:
    vault.issue("aws", "reader", sts=False)
    vault.issue("aws", "reader-sts", sts=True)
    vault.issue("aws", "reader-sts", sts=False)
    vault.issue("other", "reader", sts=False)
    found = take(vault, "aws", vault.clock)
    assert [(held.endpoint, held.role) for held in found.holdings] == [
        ("creds", "reader"),
        ("creds", "reader-sts"),
        ("sts", "reader-sts"),
    ]


def test_the_journal_knows_key_person_and_the_token_s_own_end(
    vault: MemoryVault, journal: Journal
) -> None:
    handed = issue(vault, journal, vault.clock, IssueRequest("aws", "reader-sts", 3600))
    held = only(take(vault, "aws", vault.clock, ledger=journal.ledger()))
    assert held.person == "ada"
    assert held.access_key_id == handed.issued.credentials.access_key_id
    assert held.token_ends == handed.issued.credentials.expires_at
    assert held.token_ends_exact
    assert held.outlives_lease()


def test_the_audit_log_knows_the_person_and_the_end_but_only_a_digest(vault: MemoryVault) -> None:
    issued = vault.issue("aws", "reader-sts", sts=True, ttl_seconds=900)
    held = only(take(vault, "aws", vault.clock, issuances=vault.audit))
    assert (held.person, held.entity_id, held.access_key_id) == ("ada", "e1", "")
    assert held.key_hash == vault.audit_hash("file", issued.credentials.access_key_id)
    assert held.token_ends == issued.credentials.expires_at
    assert not held.outlives_lease()


def test_with_neither_the_role_bounds_the_end(vault: MemoryVault) -> None:
    vault.roles["reader-sts"] = replace(vault.roles["reader-sts"], max_sts_ttl_seconds=7200)
    vault.issue("aws", "reader-sts", sts=True)
    vault.issue("aws", "reader", sts=False)
    user, token = take(vault, "aws", vault.clock).holdings
    assert user.is_sts is False
    assert token.token_ends == vault.clock.now() + timedelta(hours=2)
    assert not token.token_ends_exact
    assert "at most in 2 h" in listing.render_table(take(vault, "aws", vault.clock))


def test_an_unknown_role_leaves_the_end_unknown(vault: MemoryVault) -> None:
    vault.issue("aws", "gone", sts=True)
    held = only(take(vault, "aws", vault.clock))
    assert (held.is_sts, held.token_ends) == (None, None)
    assert "unknown" in listing.render_table(take(vault, "aws", vault.clock))


def test_an_ended_lease_stays_while_its_token_lives(vault: MemoryVault) -> None:
    issued = vault.issue("aws", "reader-sts", sts=True, ttl_seconds=3600)
    user = vault.issue("aws", "reader", sts=False)
    end_lease(vault, issued.lease.id)
    end_lease(vault, user.lease.id)
    held = only(take(vault, "aws", vault.clock, issuances=vault.audit))
    assert (held.lease_id, held.state) == (issued.lease.id, LeaseState.ENDED)
    assert held.outlives_lease()
    vault.clock.moment += timedelta(hours=1)
    assert take(vault, "aws", vault.clock, issuances=vault.audit).holdings == ()


def test_a_revoked_lease_says_so(vault: MemoryVault, journal: Journal) -> None:
    handed = issue(vault, journal, vault.clock, IssueRequest("aws", "reader-sts", 3600))
    with handing_over(vault, journal, handed):
        pass
    give_back(vault, journal, handed)
    held = only(take(vault, "aws", vault.clock, ledger=journal.ledger()))
    assert held.state is LeaseState.REVOKED


def test_without_the_right_to_list_the_known_are_shown(
    vault: MemoryVault, journal: Journal
) -> None:
    issue(vault, journal, vault.clock, IssueRequest("aws", "reader"))
    vault.issue("aws", "reader", sts=False)
    vault.forbidden = {"list_leases"}
    found = take(vault, "aws", vault.clock, ledger=journal.ledger())
    assert len(found.holdings) == 1
    assert found.notes == (
        "this token may not list leases: only those known on this machine are shown",
    )


def test_a_lease_that_ends_between_listing_and_look_up_is_left_out(vault: MemoryVault) -> None:
    vault.issue("aws", "reader", sts=False)
    kept = vault.list_leases("aws/creds")
    vault.leases.clear()
    vault.list_leases = lambda prefix: kept if prefix == "aws/creds" else []  # type: ignore[method-assign]  # a list that is already old
    assert take(vault, "aws", vault.clock).holdings == ()


def test_an_unreachable_server_is_an_error_not_an_empty_list(vault: MemoryVault) -> None:
    vault.issue("aws", "reader", sts=False)

    def fail(lease_id: str) -> None:
        raise VaultUnreachableError("gone", why="no answer", do="check")

    vault.lookup_lease = fail  # type: ignore[method-assign,assignment]  # the server dies midway
    with pytest.raises(VaultUnreachableError):
        take(vault, "aws", vault.clock)


def test_many_are_looked_up_side_by_side(vault: MemoryVault) -> None:
    for _ in range(300):
        vault.issue("aws", "reader", sts=False)
    assert len(take(vault, "aws", vault.clock).holdings) == 300


def holding(**changes: object) -> Holding:
    now = memory_vault().clock.now()
    base = Holding(
        "aws/creds/reader/1",
        "aws",
        "creds",
        "reader",
        LeaseState.LIVE,
        person="ada",
        access_key_id=made_up_key(1),
        issued_at=now - timedelta(minutes=4),
        lease_ends=now + timedelta(minutes=11),
        is_sts=False,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # a test's shorthand


def test_the_table_reads_as_people_expect() -> None:
    now = memory_vault().clock.now()
    ben = holding(
        person="ben",
        role="reader-sts",
        access_key_id=made_up_key(2, "ASIA"),
        lease_id="aws/sts/reader-sts/2",
        state=LeaseState.ENDED,
        issued_at=now - timedelta(minutes=31),
        is_sts=True,
        token_ends=now + timedelta(minutes=29),
        last_use=LastUse("s3", now - timedelta(minutes=2)),
    )
    text = listing.render_table(Inventory("aws", now, (holding(), ben)))
    assert text.splitlines() == [
        "PERSON  ROLE        KEY       ISSUED      LEASE ENDS  TOKEN ENDS   LAST USED",
        "ada     reader      AKIA…001  4 min ago   in 11 min   with lease   —",
        "ben     reader-sts  ASIA…002  31 min ago  ended       in 29 min !  s3 · 2 min ago",
        "2 credentials: 1 outlives its lease (vaultaws leases revoke --key ASIA…002 --cut)",
    ]


def test_an_empty_mount_says_so() -> None:
    empty = Inventory("aws", memory_vault().clock.now(), (), ("a note",))
    assert listing.render_table(empty) == "No credentials of aws/ are out.\nnote: a note"


def test_hostile_names_cannot_move_the_cursor() -> None:
    shown = Inventory("aws", memory_vault().clock.now(), (holding(person="a\x1b[2Jda"),))
    assert "\x1b" not in listing.render_table(shown)


def test_json_has_a_version_and_plain_values() -> None:
    now = memory_vault().clock.now()
    made = listing.as_json(Inventory("aws", now, (holding(last_use=LastUse("s3", now)),)))
    assert made["version"] == 1
    assert made["taken_at"] == "2026-11-21T08:00:00Z"
    (held,) = made["credentials"]
    assert held["token_ends_at"] is None
    assert held["lease_ends_at"] == "2026-11-21T08:11:00Z"
    assert held["last_used"] == {"service": "s3", "at": "2026-11-21T08:00:00Z"}


def test_iam_users_are_never_said_to_outlive_their_lease() -> None:
    assert IAM_ROLE.name == holding().role
    assert not holding(state=LeaseState.ENDED).outlives_lease()


def test_an_issuance_of_another_namespace_is_of_another_mount(vault: MemoryVault) -> None:
    vault.issue("aws", "reader-sts", sts=True, ttl_seconds=900)
    there = [replace(found, namespace="team") for found in vault.audit]
    assert only(take(vault, "aws", vault.clock, issuances=there)).person == ""
    vault.namespace = "team/"
    assert only(take(vault, "aws", vault.clock, issuances=there)).person == "ada"
