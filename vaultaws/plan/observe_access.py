"""Read who may issue what: ACL policies, groups, and the people whom the file names. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from vaultaws.config.schema import Config
from vaultaws.errors import VaultDeniedError
from vaultaws.model import AuthMount, Group
from vaultaws.plan import names
from vaultaws.plan.changes import AccessState, Identity, Member, Observed
from vaultaws.vault import decode_access
from vaultaws.vault.administration import Administration
from vaultaws.vault.bulk import ask_all

Named = tuple[str, str]
"""(path of an auth method or `entities`, name)."""


def observe_access(vault: Administration, config: Config, seen: Observed) -> Observed:
    """Read what is ours, declared or not, and what the declared members are on the server.

    A token that may not list policies and groups is no fault where the file declares no access;
    `unseen` says so.
    """
    try:
        identity = _identity(vault, config)
    except VaultDeniedError as refusal:
        if config.access:
            raise
        left_out = f"access left by an earlier file was not looked for: {refusal.what}"
        return replace(seen, unseen=(*seen.unseen, left_out))
    states = tuple(_states(config, identity))
    identity = _relevant(config, identity, states)
    return replace(seen, identity=identity, access=_named(vault, identity, states))


def _identity(vault: Administration, config: Config) -> Identity:
    prefix = names.acl_prefix(config.mount.path)
    policies = [name for name in vault.list_acl_policies() if name.startswith(prefix)]
    acl = vault.read_acl_policies(policies)
    mounts = vault.auth_mounts() if config.access or policies else {}
    claims = set(_claims(config, mounts))
    wanted = [
        name
        for name in vault.list_groups()
        if name.lower().startswith((prefix, names.CLAIM_PREFIX))
    ]
    groups = {group.name: group for group in vault.read_groups(wanted).values()}
    borne = {names.same_alias(group.alias) for group in groups.values() if group.alias}
    for group in _foreign_groups(vault, sorted(claims - borne)):
        groups[group.name] = group
    return Identity(
        auth_mounts=tuple(mounts[path] for path in sorted(mounts)),
        members=tuple(_members(vault, config, mounts)),
        groups=tuple(groups[name] for name in sorted(groups)),
        acl=tuple(sorted(acl.items())),
    )


def _relevant(config: Config, identity: Identity, states: tuple[AccessState, ...]) -> Identity:
    """Without what belongs to other mounts and has no say in this plan."""
    declared = {names.acl_name(config.mount.path, access.name) for access in config.access}
    policies = declared | {state.acl_name for state in states}
    mounts = {mount.path: mount for mount in identity.auth_mounts}
    claims = set(_claims(config, mounts))
    wanted = declared | set(map(names.claim_group_name, claims))
    wanted |= {group.name for state in states for group in state.groups}
    return replace(
        identity,
        acl=tuple((name, text) for name, text in identity.acl if name in policies),
        groups=tuple(
            group
            for group in identity.groups
            if group.name in wanted
            or group.name.lower() in wanted
            or (group.alias and names.same_alias(group.alias) in claims)
        ),
    )


def _claims(config: Config, mounts: dict[str, AuthMount]) -> Iterator[names.Alias]:
    for path, name in _declared(config):
        mount = mounts.get(path)
        if mount is not None and mount.type in names.CLAIM_METHODS:
            yield names.same_alias((mount.accessor, name))


def _declared(config: Config) -> tuple[Named, ...]:
    """Every member that the file names, once."""
    named = (
        (path, name)
        for access in config.access
        for path, listed in access.members
        for name in listed
    )
    return tuple(dict.fromkeys(named))


def _foreign_groups(vault: Administration, aliases: Sequence[names.Alias]) -> Iterator[Group]:
    """Groups that bear a declared claim and are not named as ours are."""
    for answer in ask_all(lambda alias: _lookup_group(vault, alias), aliases):
        if answer is not None:
            yield answer


def _lookup_group(vault: Administration, alias: names.Alias) -> Group | None:
    asked = {"alias_mount_accessor": alias[0], "alias_name": alias[1]}
    answer = vault.write("identity/lookup/group", asked)  # a read that takes a body
    data = (answer or {}).get("data")
    return decode_access.group(data) if data else None


def _members(
    vault: Administration, config: Config, mounts: dict[str, AuthMount]
) -> Iterator[Member]:
    """The declared members that exist or can be made, in the order of the file."""
    one_by_one = [
        (path, name)
        for path, name in _declared(config)
        if path == names.ENTITIES
        or (path in mounts and mounts[path].type not in names.CLAIM_METHODS)
    ]
    for member in ask_all(lambda named: _member(vault, mounts, named), one_by_one):
        if member is not None:
            yield member


def _member(vault: Administration, mounts: dict[str, AuthMount], named: Named) -> Member | None:
    path, name = named
    if path == names.ENTITIES:
        entity = vault.find_entity(name=name)
        return Member(path, name, entity.id) if entity else None
    mount = mounts[path]
    login: str | None = names.alias_name(mount.type, name)
    if mount.type == "approle":
        login = vault.approle_role_id(path, name)
    if login is None:
        return None
    alias = (mount.accessor, login)
    entity = vault.find_entity(alias=alias)
    return Member(path, name, entity.id if entity else "", alias)


def _states(config: Config, identity: Identity) -> Iterator[AccessState]:
    """Each access of this mount that left a trace: a policy of its name with our mark, a group
    with our metadata, a policy's name in the group of a claim, or, where the file declares it, a
    policy of its name whose mark is gone. A copy under another name is nobody's here."""
    mount, texts = config.mount.path, dict(identity.acl)
    found = {
        owner[1]: name
        for name, text in texts.items()
        if (owner := names.owner_of_text(text))
        and owner[0] == mount
        and names.acl_name(*owner) == name
    }
    for declared in config.access:
        name = names.acl_name(mount, declared.name)
        if name in texts and names.owner_of_text(texts[name]) is None:
            found.setdefault(declared.name, name)
    for group in identity.groups:
        owner = names.owner_of_group(group)
        if owner is not None and owner[0] == mount:
            found.setdefault(owner[1], names.acl_name(*owner))
    known = set(found.values())
    for policy in _stale(mount, identity, texts):
        if policy not in known:
            found[policy.removeprefix(names.acl_prefix(mount))] = policy
    for access, name in sorted(found.items()):
        groups = tuple(_groups(mount, access, name, identity.groups))
        yield AccessState(access, name, texts.get(name, ""), groups)


def _stale(mount: str, identity: Identity, texts: dict[str, str]) -> Iterator[str]:
    for group in identity.groups:
        if group.external and names.is_ours(group):
            for policy in group.policies:
                if policy.startswith(names.acl_prefix(mount)) and policy not in texts:
                    yield policy


def _groups(mount: str, access: str, acl: str, groups: Iterable[Group]) -> Iterator[Group]:
    for group in groups:
        shared = group.external and names.is_ours(group) and acl in group.policies
        if shared or names.owner_of_group(group) == (mount, access):
            yield group


def _named(
    vault: Administration, identity: Identity, states: tuple[AccessState, ...]
) -> tuple[AccessState, ...]:
    """The states with their members as people know them: as declared, else as the server says."""
    known = {member.entity_id: member for member in reversed(identity.members) if member.entity_id}
    ids = {one for state in states if state.internal for one in state.internal.member_entity_ids}
    unknown = sorted(ids - known.keys())
    paths = {
        mount.accessor: mount.path
        for mount in identity.auth_mounts
        if mount.type != "approle"  # its alias is a role's id, which nobody names
    }
    for member in ask_all(lambda one: _stranger(vault, one, paths), unknown):
        known[member.entity_id] = member
    return tuple(replace(state, members=_of(state, known)) for state in states)


def _of(state: AccessState, known: dict[str, Member]) -> tuple[Member, ...]:
    ids = state.internal.member_entity_ids if state.internal else ()
    return tuple(sorted((known[one] for one in ids), key=lambda member: member.name))


def _stranger(vault: Administration, entity_id: str, paths: dict[str, str]) -> Member:
    """A member that the file does not name: by its login, else by the entity's name, else by the
    entity's id where it is gone or may not be read."""
    try:
        answer = vault.read(f"identity/entity/id/{entity_id}")
    except VaultDeniedError:
        answer = None
    data = (answer or {}).get("data")
    if not data:
        return Member(names.ENTITIES, entity_id, entity_id)
    entity = decode_access.entity(data)
    for accessor, login in entity.aliases:
        if accessor in paths:
            return Member(paths[accessor], login, entity.id)
    return Member(names.ENTITIES, entity.name or entity.id, entity.id)
