"""`[access.*]`: declared against observed, to what is to be written. Pure.

A value of a groups claim can have one external group only, and such a group one alias only
(identity_store_group_aliases.go). So one group of ours bears each claim, named after it, and its
policies are those of every access that names the claim, of whatever mount. A plan keeps the
policies of other mounts and sets its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vaultaws.config.schema import Access, Config
from vaultaws.model import AuthMount, Group
from vaultaws.plan import names
from vaultaws.plan.changes import (
    AccessState,
    Action,
    Change,
    Identity,
    Kind,
    Member,
    Observed,
)
from vaultaws.plan.names import Alias, acl_name, same_alias
from vaultaws.plan.people import access_fields, same_groups


def access_changes(config: Config, observed: Observed) -> tuple[list[Change], list[Change]]:
    """Removals, and additions with changes."""
    claims = claim_groups(config, observed)
    now = {state.name: state for state in observed.access}
    undeclared = sorted(now.keys() - {access.name for access in config.access})
    removals = [_removal(now[name], claims) for name in undeclared]
    others = [_change(config, observed, access, now, claims) for access in config.access]
    return removals, [change for change in others if change is not None]


def _change(
    config: Config,
    observed: Observed,
    access: Access,
    now: dict[str, AccessState],
    claims: dict[Alias, Group],
) -> Change | None:
    old = now.get(access.name)
    wanted = declared_access(config, observed.identity, access, claims)
    if old is None:
        note = _note(access, wanted)
        return Change(Action.ADD, Kind.ACCESS, access.name, value=wanted, note=note)
    value = _with_left_behind(old, wanted, claims)
    fields = access_fields(old, wanted)
    if not fields and not value.gone and same_groups(old, wanted):
        return None
    return Change(Action.CHANGE, Kind.ACCESS, access.name, fields, value, old=old)


def _note(access: Access, wanted: AccessState) -> str:
    roles = ", ".join((*access.roles, *access.static_roles)) or "no roles"
    who = [f"{member.name} ({member.auth_path})" for member in wanted.members]
    who += [f"{group.alias[1]} (claim)" for group in wanted.claims if group.alias]
    return f"{roles} for {', '.join(who) or 'nobody'}"


def declared_access(
    config: Config, identity: Identity, access: Access, claims: dict[Alias, Group]
) -> AccessState:
    """What an `[access.NAME]` table wants the server to have."""
    mount = config.mount.path
    name = acl_name(mount, access.name)
    members = declared_members(access, identity)
    groups = [claims[alias] for alias in declared_claims(access, identity)]
    if members:
        ids = sorted({member.entity_id for member in members if member.entity_id})
        data = names.metadata(mount, access.name)
        groups.insert(0, Group(name, False, (name,), tuple(ids), None, data))
    text = names.acl_text(mount, access)
    return AccessState(access.name, name, text, tuple(groups), members)


def declared_members(access: Access, identity: Identity) -> tuple[Member, ...]:
    """The people and programs that the table names one by one, as far as they exist."""
    found = {(member.auth_path, member.name): member for member in identity.members}
    named = ((path, name) for path, listed in access.members for name in listed)
    members = (found[key] for key in dict.fromkeys(named) if key in found)
    unique: dict[object, Member] = {}
    for member in members:
        unique.setdefault(member.entity_id or member.alias, member)
    return tuple(unique.values())


def declared_claims(access: Access, identity: Identity) -> dict[Alias, Alias]:
    """The values of groups claims that the table names, as Vault finds them and as written."""
    mounts = {mount.path: mount for mount in identity.auth_mounts}
    claims: dict[Alias, Alias] = {}
    for path, listed in access.members:
        mount = mounts.get(path)
        if mount is not None and takes_claims(mount):
            for value in listed:
                claims.setdefault(same_alias((mount.accessor, value)), (mount.accessor, value))
    return claims


def takes_claims(mount: AuthMount) -> bool:
    """True where names are values of a groups claim."""
    return mount.type in names.CLAIM_METHODS


def claim_groups(config: Config, observed: Observed) -> dict[Alias, Group]:
    """Each claim's group as it is to be: of every claim that the file names, or that a group of
    ours bears. One without policies is to go. A group without an alias, made by an apply that was
    broken off, stands under its own name until a table names its claim."""
    own = {state.acl_name for state in observed.access}
    ours = [group for group in observed.identity.groups if group.external and names.is_ours(group)]
    kept = [_without(group, own) for group in ours]
    found = {
        same_alias(group.alias) if group.alias else _halfway(group.name): group for group in kept
    }
    for access in config.access:
        for alias, written in declared_claims(access, observed.identity).items():
            name = names.claim_group_name(alias)
            group = (
                found.get(alias) or found.pop(_halfway(name), None) or Group(name, external=True)
            )
            policies = sorted({*group.policies, acl_name(config.mount.path, access.name)})
            found[alias] = replace(
                group,
                policies=tuple(policies),
                alias=group.alias or written,
                metadata=names.CLAIM_METADATA,
            )
    return found


def _halfway(name: str) -> Alias:
    """The key of a group that has no alias: no auth mount has an empty accessor."""
    return "", name


def _without(group: Group, policies: set[str]) -> Group:
    kept = tuple(policy for policy in group.policies if policy not in policies)
    return replace(group, policies=kept, member_entity_ids=())


def _removal(old: AccessState, claims: dict[Alias, Group]) -> Change:
    """Everything of an access goes; the groups of its claims stay while others need them."""
    internal = [group.name for group in old.groups if not group.external]
    shared, gone = _shared(old.claims, claims)
    value = AccessState(old.name, old.acl_name, groups=shared, gone=(*internal, *gone))
    return Change(Action.REMOVE, Kind.ACCESS, old.name, value=value, old=old)


def _with_left_behind(
    old: AccessState, wanted: AccessState, claims: dict[Alias, Group]
) -> AccessState:
    """With the groups that the access no longer has: written with less, or gone."""
    kept = {group.name.lower() for group in wanted.groups}
    dropped = [group for group in old.groups if group.name.lower() not in kept]
    internal = [group.name for group in dropped if not group.external]
    shared, gone = _shared([group for group in dropped if group.external], claims)
    return replace(wanted, groups=(*wanted.groups, *shared), gone=(*internal, *gone))


def _shared(
    dropped: Iterable[Group], claims: dict[Alias, Group]
) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Of the groups of claims: those to write with fewer policies, the names of those to delete."""
    by_name = {group.name: group for group in claims.values()}
    finals = [by_name[group.name] for group in dropped]
    return (
        tuple(group for group in finals if group.policies),
        tuple(group.name for group in finals if not group.policies),
    )
