"""Denies in force, read back: what they killed is not offered again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tests.support.memory_vault import START
from tests.unit.leases.test_inventory import holding
from vaultaws.aws.cutoff import POLICY_NAME, Cut, Holder, HolderKind
from vaultaws.leases import cuts, listing
from vaultaws.leases.inventory import Holding, Inventory, LeaseState

ROOT = Holder(HolderKind.USER, "vault-root")
OPS = (Holder(HolderKind.ROLE, "ops-a"), Holder(HolderKind.ROLE, "ops-b"))


class Standing:
    """The denies there are."""

    def __init__(self, denies: dict[Holder, datetime], name: str = POLICY_NAME) -> None:
        self._denies, self._name = denies, name

    def find(self, holder: Holder, policy_name: str) -> Cut | None:
        moment = self._denies.get(holder) if policy_name == self._name else None
        return Cut(holder, policy_name, moment) if moment else None


def token(state: LeaseState = LeaseState.REVOKED, minutes: int = -10, role: str = "sts") -> Holding:
    """A token of an hour, issued so many minutes from the start."""
    issued = START + timedelta(minutes=minutes)
    made = holding(role=role, state=state, issued_at=issued, is_sts=True)
    return replace(made, token_ends=issued + timedelta(hours=1))


def test_a_role_of_several_principals_is_cut_when_each_denies() -> None:
    later = START + timedelta(minutes=5)
    roles = {"sts": (ROOT,), "ops": OPS, "lost": ()}
    assert cuts.moments(Standing({ROOT: START, OPS[0]: START}), roles) == {"sts": START}
    both = Standing({OPS[0]: later, OPS[1]: START})
    assert cuts.moments(both, roles) == {"ops": START}


def test_the_deny_of_an_incident_counts_where_it_is_named() -> None:
    standing, roles = Standing({ROOT: START}, "vaultaws-incident-ben"), {"sts": (ROOT,)}
    assert cuts.moments(standing, roles) == {}
    names = (POLICY_NAME, "vaultaws-incident-ben")
    assert cuts.moments(standing, roles, names) == {"sts": START}


def test_what_is_denied_and_has_no_lease_is_dead() -> None:
    found = Inventory("aws", START, (token(), token(minutes=1), token(role="other")))
    left = cuts.without_dead(found, {"sts": START})
    assert left.holdings == found.holdings[1:]


def test_what_is_denied_and_has_a_lease_is_marked() -> None:
    found = Inventory("aws", START, (token(LeaseState.LIVE),))
    left = cuts.without_dead(found, {"sts": START})
    (held,) = left.holdings
    assert held.denied
    assert not held.outlives_lease()
    assert "denied in AWS" in listing.render_table(left)
    assert listing.as_json(left)["credentials"][0]["denied"] is True


def test_only_what_outlives_its_lease_is_asked_about() -> None:
    user = replace(token(), is_sts=False, token_ends=None)
    assert cuts.in_question(Inventory("aws", START, (user,))) == set()
    assert cuts.in_question(Inventory("aws", START, (user, token()))) == {"sts"}


def test_a_dead_token_is_marked_and_stays_where_it_is_asked_for() -> None:
    found = Inventory("aws", START, (token(), token(role="other")))
    dead, alive = cuts.marked(found, {"sts": START}).holdings
    assert (dead.denied, alive.denied) == (True, False)
    assert not dead.outlives_lease()
