"""Each credential once, whatever each observation knew of it and in whatever order they came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.incidents import AT, PLACE, key
from vaultaws.incident import entries
from vaultaws.incident.entries import Found, Opened
from vaultaws.incident.identity import united
from vaultaws.incident.model import Scope, Suspect
from vaultaws.model import CredentialType

OPENED = Opened("ben", AT, "ada", Scope(person="ben"), PLACE)


@dataclass(frozen=True)
class Seen:
    """One observation of credential `number`, and what it knew of it."""

    number: int
    has_key: bool
    has_lease: bool
    has_user: bool

    @property
    def suspect(self) -> Suspect:
        return Suspect(
            access_key_id=key(self.number, "AKIA") if self.has_key else "",
            lease_id=f"aws/creds/reader/{self.number}" if self.has_lease else "",
            user=f"vault-ben-{self.number}" if self.has_user else "",
            role="reader",
            credential_type=CredentialType.IAM_USER,
        )


SIGHTS = st.lists(
    st.builds(Seen, st.integers(1, 4), st.booleans(), st.booleans(), st.booleans()).filter(
        lambda seen: seen.has_key or seen.has_lease or seen.has_user
    ),
    max_size=10,
)
MADE = st.builds(
    Suspect,
    user=st.sampled_from(["mallory", "bob"]),
    access_key_id=st.sampled_from(["", key(8, "AKIA"), key(9, "AKIA")]),
    made_by=st.sampled_from(["CreateUser", "CreateLoginProfile", "CreateAccessKey"]),
    parent_key=st.just(key(1)),
)


def tells(suspect: Suspect, seen: Suspect) -> bool:
    """True when all that was seen is told."""
    return all(
        getattr(seen, field) in {"", getattr(suspect, field)}
        for field in ("access_key_id", "lease_id", "user")
    )


def names(suspects: tuple[Suspect, ...]) -> set[str]:
    found = [suspect.name for suspect in suspects]
    assert len(found) == len(set(found))
    return set(found)


@given(SIGHTS, st.randoms(use_true_random=False))
def test_no_order_matters_and_nothing_is_lost(sights: list[Seen], chance: object) -> None:
    seen = [sight.suspect for sight in sights]
    found = united(seen)
    shuffled = list(seen)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert set(united(shuffled)) == set(found)
    assert united(found) == found
    for suspect in seen:
        assert any(tells(kept, suspect) for kept in found)
    for number in {sight.number for sight in sights}:
        of_it = [each for each in found if tells(Seen(number, True, True, True).suspect, each)]
        if Seen(number, True, True, True) in sights:
            assert len(of_it) == 1


@given(SIGHTS, st.integers(0, 10))
def test_a_journal_in_pieces_comes_to_the_same(sights: list[Seen], at: int) -> None:
    seen = tuple(sight.suspect for sight in sights)
    case = entries.fold([OPENED, Found(AT, seen[:at]), Found(AT, seen[at:])])
    assert case is not None
    assert set(case.suspects) == set(united((*united(seen[:at]), *seen[at:])))


@given(st.lists(MADE, max_size=8), SIGHTS)
def test_every_way_in_that_a_suspect_made_stays(made: list[Suspect], sights: list[Seen]) -> None:
    found = names(united([*made, *(sight.suspect for sight in sights)]))
    assert {suspect.name for suspect in made} <= found


def test_two_users_that_may_be_of_one_lease_are_both_kept() -> None:
    lease = Suspect(lease_id="aws/creds/reader/1", role="reader", person="ben")
    one, other = (Suspect(lease_id=lease.lease_id, user=user) for user in ("u1", "u2"))
    for order in permutations([lease, one, other]):
        kept = united(order)
        assert {suspect.user for suspect in kept} == {"u1", "u2"}
        assert {suspect.person for suspect in kept} == {"ben"}


def test_one_known_by_its_lease_first_and_by_its_key_later_stands_once() -> None:
    early = Suspect(lease_id="aws/creds/reader/1", user="u1", ends_at=AT + timedelta(hours=1))
    late = Suspect(lease_id="aws/creds/reader/1", access_key_id=key(1, "AKIA"))
    for order in ((early, late), (late, early)):
        (kept,) = united(order)
        assert (kept.access_key_id, kept.user, kept.ends_at) == (
            late.access_key_id,
            "u1",
            early.ends_at,
        )


def test_the_later_word_counts() -> None:
    first = Suspect(access_key_id=key(1), person="ben", session="one")
    again = Suspect(access_key_id=key(1), person="", session="two")
    (kept,) = united([first, again])
    assert (kept.person, kept.session) == ("ben", "two")


def test_what_vault_issued_is_of_vault_whoever_met_its_key() -> None:
    """The trail of Vault's own key leads to the same token: it is no suspect's making."""
    leased = Suspect(access_key_id=key(1), lease_id="aws/sts/fed/1", role="fed")
    followed = Suspect(access_key_id=key(1), parent_key=key(2, "AKIA"), made_by="AssumeRole")
    for order in ((leased, followed), (followed, leased)):
        (kept,) = united(order)
        assert (kept.lease_id, kept.parent_key, kept.made_by) == (leased.lease_id, "", "")
