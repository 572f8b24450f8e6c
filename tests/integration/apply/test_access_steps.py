"""Access as requests: what is taken goes before what is given, and nobody else's is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.relay import Relay
from tests.support.wired import Wired, must
from vaultaws.errors import VaultRefusedError
from vaultaws.model import Group
from vaultaws.plan import access_steps
from vaultaws.plan.changes import AccessState, Member
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

TEXT = 'path "{mount}/creds/{role}" {{ capabilities = ["read"] }}'


class People:
    """Auth methods on the server, ways to it, and a name for everything of this test."""

    def __init__(self, wired: Wired) -> None:
        self.wired = wired
        self.relay = Relay(wired.server.address)
        settings = ConnectionSettings(address=self.relay.address, token=wired.server.root_token)
        self.vault = HvacVault(settings)
        self.name = f"vaultaws-{wired.mount}-analysts"
        self.auth = f"userpass-{wired.mount}"
        self.jwt = f"jwt-{wired.mount}"
        for path, kind in ((self.auth, "userpass"), (self.jwt, "jwt")):
            must(wired.ask(f"sys/auth/{path}", {"type": kind}))
        self.accessors = {path: found.accessor for path, found in self.vault.auth_mounts().items()}

    def member(self, name: str) -> Member:
        return Member(self.auth, name, alias=(self.accessors[self.auth], name))

    def access(self, role: str, *groups: Group, members: tuple[Member, ...] = ()) -> AccessState:
        text = TEXT.format(mount=self.wired.mount, role=role)
        return AccessState("analysts", self.name, text, groups, members)

    def internal(self, *ids: str) -> Group:
        return Group(self.name, policies=(self.name,), member_entity_ids=ids)

    def claim(self, *policies: str) -> Group:
        alias = (self.accessors[self.jwt], "ops")
        return Group(f"claim-{self.wired.mount}", True, policies, alias=alias)

    def close(self) -> None:
        self.vault.close()
        self.relay.stop()
        for path in (self.auth, self.jwt):
            must(self.wired.ask(f"sys/auth/{path}", method="DELETE"))


@pytest.fixture
def people(wired: Wired) -> Iterator[People]:
    made = People(wired)
    yield made
    made.close()


def read(people: People, name: str) -> Group | None:
    return people.vault.read_groups([name]).get(name)


def granted(people: People) -> AccessState:
    """Ada and ben may issue; return what the server has then."""
    members = (people.member("ada"), people.member("ben"))
    access_steps.take(
        people.access("reader", people.internal(), members=members), None, people.vault
    )
    group = read(people, people.name)
    assert group is not None
    assert len(group.member_entity_ids) == 2
    return people.access("reader", group)


def test_who_goes_is_gone_before_the_policy_grants_more(people: People) -> None:
    old = granted(people)
    stays = old.groups[0].member_entity_ids[:1]
    before = len(people.relay.writes)
    access_steps.take(people.access("admin", people.internal(*stays)), old, people.vault)
    written = [asked.path.split("/")[1] for asked in people.relay.writes[before:]]
    assert written == ["group", "policies"]
    group = read(people, people.name)
    assert group is not None
    assert group.member_entity_ids == stays


def test_who_comes_comes_after_the_policy_grants_less(people: People) -> None:
    old = granted(people)
    before = len(people.relay.writes)
    wanted = people.access("less", people.internal(*old.groups[0].member_entity_ids))
    wanted = replace(wanted, members=(people.member("eve"),))
    access_steps.take(wanted, old, people.vault)
    written = [asked.path.split("/")[1] for asked in people.relay.writes[before:]]
    assert written == ["policies", "entity", "entity-alias", "group"]
    group = read(people, people.name)
    assert group is not None
    assert len(group.member_entity_ids) == 3


def test_what_goes_leaves_neither_group_nor_policy(people: People) -> None:
    old = granted(people)
    gone = AccessState("analysts", people.name, gone=(people.name,))
    access_steps.take(gone, old, people.vault)
    assert read(people, people.name) is None
    assert people.name not in people.vault.list_acl_policies()
    access_steps.take(gone, old, people.vault)


def test_a_claim_keeps_what_others_gave_it_since_the_plan(people: People) -> None:
    """And gets the policy of another access only by the step of that."""
    access_steps.take(people.access("reader", people.claim(people.name)), None, people.vault)
    seen = read(people, people.claim().name)
    assert seen is not None
    old = people.access("reader", seen)
    people.vault.write_group(replace(seen, policies=(people.name, "others")))
    access_steps.take(
        people.access("reader", people.claim(people.name, "another")), old, people.vault
    )
    now = read(people, seen.name)
    assert now is not None
    assert sorted(now.policies) == sorted([people.name, "others"])
    gone = AccessState("analysts", people.name, gone=(seen.name,))
    access_steps.take(
        gone, people.access("reader", replace(now, policies=(people.name,))), people.vault
    )
    left = read(people, seen.name)
    assert left is not None
    assert left.policies == ("others",)
    assert left.alias == people.claim().alias


def test_an_entity_that_another_login_leads_to_is_left_alone(people: People) -> None:
    """Else whoever logs in as ada at one method would become somebody at another."""
    member = people.member("ada")
    name = access_steps.entity_name(member)
    other = people.vault.create_entity(name, (people.accessors[people.jwt], "somebody"))
    wanted = people.access("reader", people.internal(), members=(member,))
    with pytest.raises(VaultRefusedError) as refused:
        access_steps.take(wanted, None, people.vault)
    assert name in refused.value.why
    found = people.vault.find_entity(name=name)
    assert found is not None
    assert found.aliases == other.aliases
    assert read(people, people.name) is None
