"""Revocation goes to the last lease and tells what stays alive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.memory_vault import MemoryVault, memory_vault
from vaultaws.aws.cutoff import Cut, Holder, HolderKind
from vaultaws.errors import AwsError, UsageError, VaultError
from vaultaws.leases import revoke_show as revoking
from vaultaws.leases.inventory import Inventory, take
from vaultaws.leases.issue import handing_over, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.person import UNKNOWN
from vaultaws.leases.request import IssueRequest
from vaultaws.leases.revoke import Cutting, fitting, holders_of, of_nobody, revoke, select
from vaultaws.leases.revoke_one import Fate
from vaultaws.model import CredentialType, Role

ROOT = Holder(HolderKind.USER, "vault-root")


class Denials:
    """What an operator's IAM would do: remember the denies, or refuse them."""

    def __init__(self, refusal: AwsError | None = None) -> None:
        self.made: list[tuple[Holder, datetime]] = []
        self._refusal = refusal

    def cut(self, holder: Holder, moment: datetime) -> Cut:
        if self._refusal:
            raise self._refusal
        self.made.append((holder, moment))
        return Cut(holder, "p", moment)


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


@pytest.fixture
def journal(tmp_path: Path, vault: MemoryVault) -> Iterator[Journal]:
    with Journal(tmp_path / "journal", vault.clock) as made:
        yield made


@pytest.fixture
def inventory(vault: MemoryVault, journal: Journal) -> Inventory:
    """An IAM user and a token of an hour, both ada's, both handed over."""
    for role in ("reader", "reader-sts"):
        handed = issue(vault, journal, vault.clock, IssueRequest("aws", role, None))
        with handing_over(vault, journal, handed):
            pass
    return take(vault, "aws", vault.clock, ledger=journal.ledger())


def test_an_iam_user_dies_and_a_token_lives_on(vault: MemoryVault, inventory: Inventory) -> None:
    done = revoke(vault, vault.clock, inventory.holdings)
    user, token = done.outcomes
    assert (user.fate, user.alive) == (Fate.REVOKED, False)
    assert (token.fate, token.alive) == (Fate.REVOKED, True)
    assert token.alive_until == vault.clock.now() + timedelta(hours=1)
    assert not done.failed
    assert vault.leases == {}
    text = revoking.render(done)
    assert "its token lives on in AWS, ends in 1 h (--cut denies it)" in text
    assert text.endswith("1 credential is still alive in AWS.")


def test_a_cut_kills_the_token_before_its_lease(vault: MemoryVault, inventory: Inventory) -> None:
    denials = Denials()
    done = revoke(
        vault,
        vault.clock,
        inventory.holdings,
        cutting=Cutting(denials, {"reader-sts": (ROOT,)}),
    )
    assert denials.made == [(ROOT, vault.clock.now())]
    assert done.still_alive == ()
    assert "its token is denied in AWS" in revoking.render(done)


def test_a_failed_cut_is_told_and_leases_go_anyway(
    vault: MemoryVault, inventory: Inventory
) -> None:
    denials = Denials(AwsError("no", why="AccessDenied", do="ask"))
    done = revoke(
        vault, vault.clock, inventory.holdings, cutting=Cutting(denials, {"reader-sts": (ROOT,)})
    )
    assert done.failed
    assert vault.leases == {}
    assert len(done.still_alive) == 1
    assert "user vault-root: failed: AccessDenied" in revoking.render(done)


def test_a_failure_stops_nothing_and_is_told(vault: MemoryVault, inventory: Inventory) -> None:
    stuck, good = (held.lease_id for held in inventory.holdings)
    vault.unrevocable[stuck] = VaultError("no", why="DeleteConflict", do="again")
    done = revoke(vault, vault.clock, inventory.holdings, workers=1)
    assert [found.fate for found in done.outcomes] == [Fate.FAILED, Fate.REVOKED]
    assert done.failed
    assert done.outcomes[0].alive
    assert good not in vault.leases
    assert "failed: DeleteConflict" in revoking.render(done)


def test_what_is_gone_already_is_no_failure(vault: MemoryVault, inventory: Inventory) -> None:
    for held in inventory.holdings:
        vault.leases.pop(held.lease_id)
        vault.unrevocable[held.lease_id] = _gone()
    done = revoke(vault, vault.clock, inventory.holdings)
    assert {found.fate for found in done.outcomes} == {Fate.GONE}
    assert not done.failed


def _gone() -> VaultError:
    from tests.support.memory_vault import not_found

    return not_found()


def test_the_journal_hears_of_it(
    vault: MemoryVault, inventory: Inventory, journal: Journal
) -> None:
    revoke(vault, vault.clock, inventory.holdings, journal=journal)
    assert all(record.closed for record in journal.ledger().records)


@pytest.mark.parametrize(
    ("wanted", "roles"),
    [
        ({"role": "reader"}, ["reader"]),
        ({"person": "ada"}, ["reader", "reader-sts"]),
        ({"everything": True}, ["reader", "reader-sts"]),
        ({"person": "ada", "role": "reader-sts"}, ["reader-sts"]),
    ],
)
def test_selection(inventory: Inventory, wanted: dict[str, str], roles: list[str]) -> None:
    assert [held.role for held in select(inventory, **wanted)] == roles  # type: ignore[arg-type]  # flags and texts in one table


def test_selection_by_lease_and_by_key_in_its_short_form(inventory: Inventory) -> None:
    first, second = inventory.holdings
    assert select(inventory, lease_id=first.lease_id) == (first,)
    assert select(inventory, key=second.access_key_id) == (second,)
    assert select(inventory, key=f"ASIA…{second.access_key_id[-3:]}") == (second,)


def test_selection_by_digest(vault: MemoryVault, inventory: Inventory) -> None:
    audited = take(vault, "aws", vault.clock, issuances=vault.audit)
    key = inventory.holdings[1].access_key_id
    (held,) = select(audited, key=key, key_hash=vault.audit_hash("file", key))
    assert held.lease_id == inventory.holdings[1].lease_id


def test_a_listing_is_narrowed_without_a_fuss(inventory: Inventory) -> None:
    assert fitting(inventory) == inventory.holdings
    assert fitting(inventory, role="nobody") == ()
    assert fitting(inventory, role="reader", person="ada") == inventory.holdings[:1]


def test_what_nobody_is_known_for_is_told_when_a_person_is_asked_for(inventory: Inventory) -> None:
    known, other = inventory.holdings
    nobodys = replace(inventory, holdings=(known, replace(other, person=UNKNOWN)))
    assert fitting(nobodys, person="ada") == (known,)
    assert of_nobody(nobodys, person="ada").startswith("1 more credential is of nobody known")
    assert of_nobody(nobodys, person="ada", role=known.role) == ""
    assert of_nobody(nobodys, role=other.role) == of_nobody(inventory, person="ada") == ""


@pytest.mark.parametrize("wanted", [{}, {"role": "nobody"}, {"key": "AKIA"}])
def test_selecting_nothing_is_wrong_use(inventory: Inventory, wanted: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        select(inventory, **wanted)  # type: ignore[arg-type]  # texts only


def test_a_short_key_that_fits_several_is_refused(vault: MemoryVault) -> None:
    journalled = take(vault, "aws", vault.clock)
    assert journalled.holdings == ()

    from tests.unit.leases.test_inventory import holding

    twins = (
        holding(access_key_id="AKIA" + "1" * 13 + "001"),
        holding(access_key_id="AKIA" + "2" * 13 + "001", lease_id="aws/creds/reader/2"),
    )
    with pytest.raises(UsageError, match="fits several"):
        select(replace(journalled, holdings=twins), key="AKIA…001")


def test_an_empty_mount_may_be_revoked_whole(vault: MemoryVault) -> None:
    nothing = select(take(vault, "aws", vault.clock), everything=True)
    done = revoke(vault, vault.clock, nothing)
    assert revoking.render(done) == "Nothing to revoke."


@pytest.mark.parametrize(
    ("kind", "holders"),
    [
        (CredentialType.IAM_USER, ()),
        (CredentialType.FEDERATION_TOKEN, (ROOT,)),
        (CredentialType.SESSION_TOKEN, (ROOT,)),
        (CredentialType.ASSUMED_ROLE, (Holder(HolderKind.ROLE, "ops"),)),
    ],
)
def test_whose_deny_kills_a_role_s_tokens(
    kind: CredentialType, holders: tuple[Holder, ...]
) -> None:
    role = Role("r", kind, role_arns=("arn:aws:iam::123456789012:role/team/ops",))
    assert holders_of(role, "vault-root") == holders


def test_json_tells_each_lease(vault: MemoryVault, inventory: Inventory) -> None:
    made = revoking.as_json(
        revoke(
            vault,
            vault.clock,
            inventory.holdings,
            cutting=Cutting(Denials(), {"reader-sts": (ROOT,)}),
        )
    )
    assert made["version"] == 1
    assert [found["fate"] for found in made["leases"]] == ["revoked", "revoked"]
    assert made["cuts"] == [{"holder": "user vault-root", "why": ""}]
