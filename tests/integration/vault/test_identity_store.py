"""Entities and groups on real servers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Thread

import pytest

from tests.support.connections import settings_for
from vaultaws.errors import VaultRefusedError
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import Entity, Group
from vaultaws.vault.gateway import HvacVault


@dataclass(frozen=True)
class Store:
    """A server with two login methods of the test's own."""

    vault: HvacVault
    people: str
    staff: str


def fresh(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


@pytest.fixture
def store(server: RunningServer) -> Iterator[Store]:
    with HvacVault(settings_for(server)) as vault:
        paths = (fresh("people"), fresh("staff"))
        for path in paths:
            vault.write(f"sys/auth/{path}", {"type": "userpass"})
        mounts = vault.auth_mounts()
        yield Store(vault, *(mounts[path].accessor for path in paths))


class TestEntities:
    def test_nobody_is_nobody(self, store: Store) -> None:
        assert store.vault.find_entity(name=fresh("nobody")) is None
        assert store.vault.find_entity(alias=(store.people, "nobody")) is None

    def test_one_with_a_login_is_found_both_ways(self, store: Store) -> None:
        name = fresh("Ada Lovelace")
        made = store.vault.create_entity(name, (store.people, "ada"))
        assert made == Entity(made.id, name, (), ((store.people, "ada"),))
        assert store.vault.find_entity(name=name) == made
        assert store.vault.find_entity(alias=(store.people, "ada")) == made
        assert store.vault.find_entity(alias=(store.staff, "ada")) is None

    def test_one_without_a_login(self, store: Store) -> None:
        made = store.vault.create_entity(fresh("robot"), None)
        assert made.aliases == ()
        assert store.vault.create_entity(made.name, None) == made

    def test_a_login_that_exists_keeps_its_entity(self, store: Store) -> None:
        """Who has logged in before has an entity already, by a name the server made up."""
        made = store.vault.create_entity(fresh("first"), (store.people, "ben"))
        assert store.vault.create_entity(fresh("second"), (store.people, "ben")) == made

    def test_an_entity_of_the_name_gets_the_login(self, store: Store) -> None:
        name = fresh("cleo")
        before = store.vault.create_entity(name, (store.people, "cleo"))
        after = store.vault.create_entity(name, (store.staff, "cleo"))
        assert after.id == before.id
        assert set(after.aliases) == {(store.people, "cleo"), (store.staff, "cleo")}

    def test_an_entity_keeps_its_policies(self, store: Store) -> None:
        name = fresh("dora")
        store.vault.write("identity/entity", {"name": name, "policies": ["default"]})
        assert store.vault.create_entity(name, (store.people, "dora")).policies == ("default",)

    def test_two_processes_at_the_same_moment_make_one(
        self, store: Store, server: RunningServer
    ) -> None:
        name, made = fresh("eve"), []

        def make() -> None:
            with HvacVault(settings_for(server)) as vault:
                made.append(vault.create_entity(name, (store.people, "eve")))

        threads = [Thread(target=make) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(made) == 6
        assert {entity.id for entity in made} == {made[0].id}
        assert store.vault.find_entity(alias=(store.people, "eve")) == made[0]

    def test_an_accessor_that_is_none_is_refused(self, store: Store) -> None:
        with pytest.raises(VaultRefusedError):
            store.vault.create_entity(fresh("fay"), ("auth_userpass_none", "fay"))


class TestGroups:
    def test_a_group_in_a_group_is_read_and_taken_out(self, store: Store) -> None:
        inner, outer = Group(fresh("inner")), Group(fresh("outer"), policies=("default",))
        store.vault.write_group(inner)
        store.vault.write_group(outer)
        inside = store.vault.read_groups([inner.name])[inner.name].id
        store.vault.write_group(replace(outer, member_group_ids=(inside,)))
        assert store.vault.read_groups([outer.name])[outer.name].member_group_ids == (inside,)
        store.vault.write_group(outer)
        assert store.vault.read_groups([outer.name])[outer.name].member_group_ids == ()

    def test_a_life_of_an_internal_one(self, store: Store) -> None:
        vault, name = store.vault, fresh("analysts")
        ada = vault.create_entity(fresh("ada"), (store.people, "ada"))
        ben = vault.create_entity(fresh("ben"), (store.people, "ben"))
        group = Group(name, False, ("reader",), (ada.id,), None, (("made-by", "vaultaws"),))
        vault.write_group(group)
        written = self.read(store, name)
        assert replace(written, id="") == group
        changed = replace(group, policies=("a", "b"), member_entity_ids=(ada.id, ben.id))
        vault.write_group(changed)
        found = self.read(store, name)
        assert found.id == written.id
        assert set(found.member_entity_ids) == {ada.id, ben.id}
        assert found.policies == ("a", "b")
        vault.write_group(Group(name))
        assert replace(self.read(store, name), id="") == Group(name)
        assert name in vault.list_groups()
        vault.delete_group(name)
        assert vault.read_groups([name]) == {}
        assert vault.find_entity(name=ada.name) == ada

    def test_a_life_of_an_external_one(self, store: Store) -> None:
        vault, name = store.vault, fresh("claims")
        group = Group(name, True, ("reader",), (), (store.people, fresh("analysts")))
        vault.write_group(group)
        assert replace(self.read(store, name), id="") == group
        vault.write_group(group)
        for alias in ((store.people, fresh("other")), (store.staff, fresh("other")), None):
            changed = replace(group, alias=alias)
            vault.write_group(changed)
            assert replace(self.read(store, name), id="") == changed

    def test_its_kind_does_not_change(self, store: Store) -> None:
        name = fresh("kind")
        store.vault.write_group(Group(name))
        with pytest.raises(VaultRefusedError) as caught:
            store.vault.write_group(Group(name, True, alias=(store.people, "x")))
        assert "type" in caught.value.why
        assert not self.read(store, name).external

    def test_many_are_read_by_name_and_those_missing_left_out(self, store: Store) -> None:
        names = [fresh(f"g{number}") for number in range(20)]
        for name in names[::2]:
            store.vault.write_group(Group(name, policies=(name,)))
        found = store.vault.read_groups(names)
        assert list(found) == names[::2]
        assert all(group.policies == (name,) for name, group in found.items())

    def read(self, store: Store, name: str) -> Group:
        return store.vault.read_groups([name])[name]
