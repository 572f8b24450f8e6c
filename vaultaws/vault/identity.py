"""Entities and groups of the identity store."""

from __future__ import annotations

from collections.abc import Sequence

from vaultaws.errors import VaultNotFoundError, VaultRefusedError
from vaultaws.model import Entity, EntityState, Group, JsonObject
from vaultaws.vault import decode, decode_access
from vaultaws.vault.base import Server
from vaultaws.vault.decode import not_understood

Alias = tuple[str, str]
"""(auth mount accessor, name at that method)."""


class IdentityCalls(Server):
    """`identity/`."""

    def find_entity(self, *, name: str = "", alias: Alias | None = None) -> Entity | None:
        asked: JsonObject = {"name": name}
        if alias is not None:
            asked = {"alias_mount_accessor": alias[0], "alias_name": alias[1]}
        answer = self._request("POST", "identity/lookup/entity", asked)
        if answer is None or answer.get("data") is None:
            return None
        return decode_access.entity(decode.payload(answer))

    def create_entity(self, name: str, alias: Alias | None) -> Entity:
        """Make what is missing of an entity and its login.

        Another process, or the person's first login, may be faster at each step: what then is
        there is taken. A login that leads to an entity stays with it, whatever its name.
        """
        found = self.find_entity(alias=alias) if alias else self.find_entity(name=name)
        if found is not None:
            return found
        made = self._entity_named(name)
        return made if alias is None else self._with_alias(made, alias)

    def _entity_named(self, name: str) -> Entity:
        """Writing a name that is taken changes nothing of its entity."""
        refusal: VaultRefusedError | None = None
        try:
            self._request("POST", "identity/entity", {"name": name})
        except VaultRefusedError as error:
            refusal = error
        made = self.find_entity(name=name)
        if made is None:
            raise refusal or not_understood("entity")
        return made

    def _with_alias(self, made: Entity, alias: Alias) -> Entity:
        body = {"mount_accessor": alias[0], "name": alias[1], "canonical_id": made.id}
        refusal: VaultRefusedError | None = None
        try:
            self._request("POST", "identity/entity-alias", body)
        except VaultRefusedError as error:
            refusal = error
        found = self.find_entity(alias=alias)
        if found is None:
            raise refusal or not_understood("alias")
        return found

    def entity(self, entity_id: str) -> EntityState | None:
        data = self._config(f"identity/entity/id/{entity_id}")
        return None if data is None else decode_access.entity_state(data)

    def set_entity_disabled(self, entity_id: str, disabled: bool) -> None:
        """A write by id of one field leaves the others; of an id that is unknown it would make an
        entity on some servers, so it is looked up first."""
        if self.entity(entity_id) is None:
            raise VaultNotFoundError(
                f"there is no entity {entity_id}",
                why="the identity store has none of that id in this namespace",
                do="vault list identity/entity/id",
            )
        self._request("POST", f"identity/entity/id/{entity_id}", {"disabled": disabled})

    def list_groups(self) -> list[str]:
        return sorted(self._keys("identity/group/name"))

    def read_groups(self, names: Sequence[str]) -> dict[str, Group]:
        found = self._each(lambda name: self._config(f"identity/group/name/{name}"), names)
        return {
            name: decode_access.group(data)
            for name, data in zip(names, found, strict=True)
            if data is not None
        }

    def write_group(self, group: Group) -> None:
        path = f"identity/group/name/{group.name}"
        self._request("POST", path, _group_fields(group))
        stored = self._config(path)
        if stored is None:
            raise not_understood("group")
        self._write_group_alias(group, stored)

    def _write_group_alias(self, group: Group, stored: JsonObject) -> None:
        """Create, change or remove the one alias an external group may have."""
        now = decode_access.group(stored).alias
        if now == group.alias:
            return
        alias_id = decode_access.group_alias_id(stored)
        if group.alias is None:
            self._request("DELETE", f"identity/group-alias/id/{alias_id}")
            return
        body = {
            "mount_accessor": group.alias[0],
            "name": group.alias[1],
            "canonical_id": decode.required_text(stored, "id"),
        }
        at = f"identity/group-alias/id/{alias_id}" if alias_id else "identity/group-alias"
        self._request("POST", at, body)

    def delete_group(self, name: str) -> None:
        self._request("DELETE", f"identity/group/name/{name}")


def _group_fields(group: Group) -> JsonObject:
    """The whole group. Members of an external group come from its alias and cannot be said."""
    members = {
        "member_entity_ids": list(group.member_entity_ids),
        "member_group_ids": list(group.member_group_ids),
    }
    return {
        "type": "external" if group.external else "internal",
        "policies": list(group.policies),
        "metadata": dict(group.metadata),
        **({} if group.external else members),
    }
