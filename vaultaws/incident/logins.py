"""A person in Vault: entities and tokens. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from vaultaws.errors import UsageError, VaultError
from vaultaws.incident.model import Scope
from vaultaws.incident.picture import Login, Own
from vaultaws.leases import person
from vaultaws.leases.inventory import Holding
from vaultaws.model import TokenInfo
from vaultaws.vault.administration import Administration
from vaultaws.vault.bulk import ask_all

MOST_TOKENS: Final = 50_000

Told = Callable[[VaultError], None]
Found = tuple[Own, tuple[Login, ...], tuple[str, ...]]


def look(
    vault: Administration, scope: Scope, own: Own, chosen: Iterable[Holding], told: Told
) -> Found:
    """The responder, the entities of the person and the accessors of their tokens.

    A refusal goes to `told`. Raises UsageError where the responder is the person.
    """
    try:
        token = vault.whoami()
    except VaultError as fault:
        told(fault)
        return own, (), ()
    own = replace(own, accessor=token.accessor, entity_id=token.entity_id, name=token.display_name)
    if not scope.person:
        return own, (), ()
    try:
        logins = _logins(vault, scope.person, chosen)
        accessors = _accessors(vault, scope.person, logins)
    except VaultError as fault:
        told(fault)
        return own, (), ()
    _check(own, scope.person, logins)
    return own, logins, tuple(sorted(set(accessors) - {own.accessor}))


def names_person(wanted: str, display_name: str) -> bool:
    """True when a login's display name is the person's."""
    return wanted in {display_name, person.readable(display_name)}


def _logins(vault: Administration, name: str, chosen: Iterable[Holding]) -> tuple[Login, ...]:
    """By the entities that issued; else by the name at any way to log in."""
    found = {held.entity_id for held in chosen if held.entity_id}
    if not found:
        found = set(_entities_named(vault, name))
    return tuple(Login(entity_id, name) for entity_id in sorted(found))


def _entities_named(vault: Administration, name: str) -> list[str]:
    known = vault.entity(name)
    if known is not None:
        return [name]
    entities = [vault.find_entity(name=name)]
    entities += [
        vault.find_entity(alias=(method.accessor, name)) for method in vault.auth_mounts().values()
    ]
    return [entity.id for entity in entities if entity is not None]


def _accessors(vault: Administration, name: str, logins: Sequence[Login]) -> list[str]:
    """Tokens of the entities, and those without one that bear the person's name."""
    ids = {login.entity_id for login in logins}
    accessors = vault.token_accessors()[:MOST_TOKENS]
    tokens = ask_all(vault.token_of_accessor, accessors)
    return [token.accessor for token in tokens if token and _is_of(token, name, ids)]


def _is_of(token: TokenInfo, name: str, ids: set[str]) -> bool:
    if token.entity_id:
        return token.entity_id in ids
    return names_person(name, token.display_name)


def _check(own: Own, name: str, logins: Sequence[Login]) -> None:
    if own.entity_id and own.entity_id in {login.entity_id for login in logins}:
        raise UsageError(
            f"the token you work with is {name}'s own",
            why="disabling that entity would end it, and this run with it; nothing was done",
            do="go on with another token: VAULT_TOKEN=… vaultaws incident contain",
        )
