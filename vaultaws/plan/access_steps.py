"""Who may issue what, as requests: an ACL policy, entities, groups.

What is taken away goes first and what is given comes last, so that nobody holds for a moment
both what a group had and what its policy becomes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from vaultaws.errors import VaultRefusedError
from vaultaws.model import Group
from vaultaws.plan.changes import AccessState, Member
from vaultaws.vault.administration import Administration


def take(wanted: AccessState, old: AccessState | None, vault: Administration) -> None:
    """Write one access whole, or take it away. `old` is what the plan saw. Raises VaultError."""
    before = {group.name: group for group in old.groups} if old is not None else {}
    for name in wanted.gone:
        _delete(name, before.get(name), vault)
    if old is None or wanted.acl_text != old.acl_text:
        for group in _narrowed(wanted, before):
            _write(group, before.get(group.name), wanted.acl_name, vault)
            before[group.name] = group
        _write_policy(wanted, vault)
    for group in _with_members(wanted, vault):
        if not _is_written(group, before.get(group.name)):
            _write(group, before.get(group.name), wanted.acl_name, vault)


def entity_name(member: Member) -> str:
    """What an entity is called that is made for a login: as Vault names the login itself."""
    return f"{member.auth_path.replace('/', '-')}-{member.name}"


def _narrowed(wanted: AccessState, before: dict[str, Group]) -> Iterator[Group]:
    """Groups that lose people or policies, with what is both in the old one and the new."""
    for group in wanted.groups:
        old = before.get(group.name)
        if old is None:
            continue
        policies = tuple(name for name in old.policies if name in group.policies)
        members = tuple(each for each in old.member_entity_ids if each in group.member_entity_ids)
        kept = dataclasses.replace(
            old, policies=policies, member_entity_ids=members, member_group_ids=()
        )
        if kept != old:
            yield kept


def _write_policy(wanted: AccessState, vault: Administration) -> None:
    if wanted.acl_text:
        vault.write_acl_policy(wanted.acl_name, wanted.acl_text)
    else:
        vault.delete_acl_policy(wanted.acl_name)


def _with_members(wanted: AccessState, vault: Administration) -> Iterator[Group]:
    made = [_make(member, vault) for member in wanted.members if not member.entity_id]
    for group in wanted.groups:
        if group.external or not made:
            yield group
        else:
            everybody = {*group.member_entity_ids, *made}
            yield dataclasses.replace(group, member_entity_ids=tuple(sorted(everybody)))


def _make(member: Member, vault: Administration) -> str:
    """The id of the entity for a login, made when there is none.

    An entity of the same name that other logins lead to is somebody else: it is left alone.
    """
    found = vault.find_entity(alias=member.alias) if member.alias else None
    if found is not None:
        return found.id
    name = entity_name(member) if member.alias else member.name
    same = vault.find_entity(name=name)
    if member.alias and same is not None and same.aliases:
        raise VaultRefusedError(
            f"no entity can be made for {member.name} at {member.auth_path}",
            why=f"an entity {name} exists, and another login leads to it",
            do="rename that entity, or have the person log in once, then run apply again",
        )
    return vault.create_entity(name, member.alias).id


def _is_written(group: Group, now: Group | None) -> bool:
    """True when the server has the group as it is wanted, in whatever order."""
    return now is not None and _essence(group) == _essence(now)


def _essence(group: Group) -> tuple[object, ...]:
    return (
        group.external,
        sorted(group.policies),
        sorted(group.member_entity_ids),
        sorted(group.member_group_ids),
        sorted(group.metadata),
        group.alias,
    )


def _write(group: Group, old: Group | None, acl_name: str, vault: Administration) -> None:
    """Write a group; one of a claim keeps what others have done to it since the plan was made."""
    if group.external:
        now = vault.read_groups([group.name]).get(group.name)
        group = dataclasses.replace(group, policies=_merged(group, old, now, acl_name))
    vault.write_group(group)


def _delete(name: str, old: Group | None, vault: Administration) -> None:
    """Delete a group; one of a claim that bears others' policies by now only loses ours."""
    if old is not None and old.external:
        now = vault.read_groups([name]).get(name)
        others = tuple(each for each in now.policies if each not in old.policies) if now else ()
        if now is not None and others:
            vault.write_group(dataclasses.replace(now, policies=others))
            return
    vault.delete_group(name)


def _merged(group: Group, old: Group | None, now: Group | None, acl_name: str) -> tuple[str, ...]:
    """What is there now, less what the plan takes, and the one policy that this step gives.

    The plan's group also has the policies of other accesses: each is given by a step of its own,
    and may have been taken away since by another file's apply.
    """
    there = set(now.policies) if now is not None else set()
    taken = set(old.policies) - set(group.policies) if old is not None else set()
    return tuple(sorted((there - taken) | ({acl_name} & set(group.policies))))
