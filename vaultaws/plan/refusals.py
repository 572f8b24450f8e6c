"""What the declared state asks of a server that it cannot give, all at once, with places. Pure.

Checked for all that is declared, whether it would change or not, before anything is written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from vaultaws.config.faults import DeclaredFileError, Fault, dotted
from vaultaws.config.places import KeyPath as Path
from vaultaws.config.places import Places
from vaultaws.config.schema import Access, Config, Root
from vaultaws.model import Role, ServerHealth, StaticRole
from vaultaws.plan import audit, names
from vaultaws.plan.access import declared_claims, takes_claims
from vaultaws.plan.changes import Observed
from vaultaws.vault.abilities import missing

NOT_SERVER = frozenset({"credentials", "policy"})  # keys of [root] that no server is told
Draft = tuple[Path, str, str]
"""A key's path in the file, what is wrong, what to do."""


def refuse(config: Config, observed: Observed) -> None:
    """Raise DeclaredFileError with every reason why this server cannot be as declared."""
    drafts = [
        *_unable(config, observed),
        *_other_users(config, observed),
        *_audit(config, observed),
        *_access(config, observed),
    ]
    if not drafts:
        return
    places = Places.of(config.text)
    faults = sorted(
        Fault(config.file, *places.place(path), dotted(path), what, do) for path, what, do in drafts
    )
    many = len(faults) != 1
    raise DeclaredFileError(
        tuple(faults),
        what=f"{config.file} asks for {len(faults):,} thing{'s' if many else ''} that the "
        f"server at {observed.address} cannot do",
        why=f"{'each line' if many else 'the line'} above says which; nothing was written",
        do=f"mend {'them' if many else 'it'}, then run it again",
    )


def _unable(config: Config, observed: Observed) -> Iterator[Draft]:
    """Fields that the server's engine or its edition does not have."""
    health = observed.health
    if config.root is not None:
        said = [
            field.name
            for field in dataclasses.fields(Root)
            if field.name not in NOT_SERVER and getattr(config.root, field.name) is not None
        ]
        for name in said:
            reason = missing(f"root.{name}", health)
            if reason:
                yield ("root", _key(name)), f"this server cannot take it: {reason}", "leave it out"
    yield from _unable_roles("roles", Role, config.roles, health)
    yield from _unable_roles("static_roles", StaticRole, config.static_roles, health)


def _unable_roles(
    table: str,
    kind: type[Role | StaticRole],
    roles: Sequence[Role | StaticRole],
    health: ServerHealth,
) -> Iterator[Draft]:
    reasons = {
        field.name: reason
        for field in dataclasses.fields(kind)
        if (reason := missing(f"{table}.{field.name}", health))
    }
    for role in roles if reasons else ():
        for name, reason in reasons.items():
            if getattr(role, name):
                yield (
                    (table, role.name, _key(name)),
                    f"this server cannot take it: {reason}",
                    "leave it out",
                )


def _key(name: str) -> str:
    """The key of the file that a field of the model comes from."""
    return name.removesuffix("_seconds")


def _other_users(config: Config, observed: Observed) -> Iterator[Draft]:
    """The engine keeps a static role's user (path_static_roles.go, validateIAMUserExists)."""
    users = {role.name: role.username for role in observed.static_roles}
    for role in config.static_roles:
        if users.get(role.name, role.username) != role.username:
            yield (
                ("static_roles", role.name, "username"),
                f"the static role is of the user {users[role.name]}; the engine takes no other",
                "give it another name, or delete the static role first",
            )


def _audit(config: Config, observed: Observed) -> Iterator[Draft]:
    now = {device.path: device for device in observed.audit}
    for device in config.audit:
        if device.path in now and (found := audit.differences(device, now[device.path])):
            yield (
                ("audit", device.path),
                f"the device is there and differs: {'; '.join(found)}",
                f"a device cannot be changed in place: vault audit disable {device.path}",
            )


def _access(config: Config, observed: Observed) -> Iterator[Draft]:
    for access in config.access:
        yield from _taken(config, observed, access)
        yield from _strangers(observed, access)
        yield from _foreign_claims(config, observed, access)


def _taken(config: Config, observed: Observed, access: Access) -> Iterator[Draft]:
    """Names on the server that are somebody else's."""
    mount = config.mount.path
    name = names.acl_name(mount, access.name)
    text = dict(observed.identity.acl).get(name)
    owner = names.owner_of_text(text) if text is not None else None
    path = ("access", access.name)
    if owner is not None and owner != (mount, access.name):
        yield (
            path,
            f"its ACL policy {name} is that of [access.{owner[1]}] on {owner[0]}/",
            "give the table another name",
        )
    for group in observed.identity.groups:
        if group.name.lower() == name and names.owner_of_group(group) != (mount, access.name):
            whose = names.owner_of_group(group)
            said = f"that of [access.{whose[1]}] on {whose[0]}/" if whose else "not of vaultaws"
            do = "give the table another name, or delete that group"
            yield path, f"a group {group.name} exists that is {said}", do


def _strangers(observed: Observed, access: Access) -> Iterator[Draft]:
    """Members that the server does not know."""
    identity = observed.identity
    mounts = {mount.path: mount for mount in identity.auth_mounts}
    known = {(member.auth_path, member.name) for member in identity.members}
    for path, listed in access.members:
        place = ("access", access.name, "members", path)
        mount = mounts.get(path)
        if path != names.ENTITIES and mount is None:
            yield place, f"no auth method is mounted at {path}/", _there_are(tuple(mounts))
            continue
        if mount is not None and takes_claims(mount):
            continue
        for index, name in enumerate(listed):
            if (path, name) not in known:
                yield (*place, str(index)), *_unknown(path, name)


def _there_are(paths: tuple[str, ...]) -> str:
    return f"there are {', '.join(sorted(paths))}" if paths else "there is none; enable one first"


def _unknown(path: str, name: str) -> tuple[str, str]:
    if path == names.ENTITIES:
        what = f"no identity entity is named {name}"
        return what, "see vault list identity/entity/name"
    return f"the auth method at {path}/ has no role {name}", f"see vault list auth/{path}/role"


def _foreign_claims(config: Config, observed: Observed, access: Access) -> Iterator[Draft]:
    """Claims that a group of others bears: the alias is theirs."""
    bearers = {
        names.same_alias(group.alias): group
        for group in observed.identity.groups
        if group.alias and not names.is_ours(group)
    }
    squatters = {
        group.name: group for group in observed.identity.groups if not names.is_ours(group)
    }
    for alias, written in declared_claims(access, observed.identity).items():
        group = bearers.get(alias) or squatters.get(names.claim_group_name(alias))
        if group is None:
            continue
        policy = names.acl_name(config.mount.path, access.name)
        what = (
            f"the claim {written[1]} leads to the group {group.name}, which is not of vaultaws, "
            "and a claim leads to one group only"
        )
        do = f"give that group the policy {policy} and leave the claim out here"
        yield ("access", access.name, "members"), what, do
