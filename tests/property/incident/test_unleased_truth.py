"""Whatever became of users behind Vault's back, the listing blames no one wrongly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_vault import START, made_up_key
from tests.unit.incident.test_unleased import PlayedIam, issuance, lease, named, seen, ways
from vaultaws.incident.unleased import Seen
from vaultaws.leases.inventory import Holding
from vaultaws.model import AuditIssuance


@dataclass(frozen=True)
class Issued:
    """One issuance: when, by whom, and what became of the lease and of the user."""

    second: int
    person: str
    has_lease: bool
    has_user: bool
    in_clear: bool


ISSUED = st.builds(
    Issued,
    second=st.one_of(st.integers(0, 3), st.integers(0, 1800)),
    person=st.sampled_from(["userpass-ada", "userpass-ben"]),
    has_lease=st.booleans(),
    has_user=st.booleans(),
    in_clear=st.booleans(),
)
APART = st.lists(ISSUED, max_size=9).map(
    lambda found: [replace(one, second=30 * number) for number, one in enumerate(found)]
)
"""No two within a few seconds: only then names alone lead from a lease to its user."""


def judged(issued: list[Issued], *, evidence: bool) -> tuple[set[int], set[int], Seen]:
    """Numbers of users that are told to have no lease, and of leases told to have no user."""
    iam, leases, entries = PlayedIam(), list[Holding](), dict[str, AuditIssuance]()
    for number, one in enumerate(issued):
        at, key = START + timedelta(seconds=one.second), made_up_key(number)
        if one.has_user:
            iam.add(named(number, at, person=one.person), at, key)
        if one.has_lease:
            told = {"access_key_id": key} if one.in_clear else {"key_hash": f"hmac-{key}"}
            held = lease(number, at, **(told if evidence else {}))
            leases.append(held)
            entries[held.lease_id] = issuance(held, one.person)
    known = ways(audited=evidence)
    found = seen(iam, *leases, known=replace(known, issuances=entries) if evidence else known)
    numbers = {made_up_key(number): number for number in range(len(issued))}
    strays = {numbers[key.id] for user in found.leaseless for key in user.keys}
    gone = {int(held.lease_id.rsplit("/", 1)[1]) for held in found.holdings if held.user_gone}
    return strays, gone, found


@given(APART)
def test_with_the_audit_log_the_truth_is_told_whole(issued: list[Issued]) -> None:
    strays, gone, found = judged(issued, evidence=True)
    assert strays == {n for n, one in enumerate(issued) if one.has_user and not one.has_lease}
    assert gone == {n for n, one in enumerate(issued) if one.has_lease and not one.has_user}
    assert found.notes == ()


@given(st.lists(ISSUED, max_size=9), st.booleans())
def test_nobody_is_blamed_wrongly(issued: list[Issued], evidence: bool) -> None:
    """Users of one second may be taken for one another, never for users of nobody."""
    strays, gone, _ = judged(issued, evidence=evidence)
    assert all(not issued[number].has_lease for number in strays)
    assert all(not issued[number].has_user for number in gone)
