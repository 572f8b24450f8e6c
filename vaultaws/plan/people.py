"""Who gains and who loses what by a change of access, in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vaultaws.leases.words import count
from vaultaws.plan.changes import AccessState, Field, Member
from vaultaws.plan.fields import said
from vaultaws.plan.names import roles_in_text, same_alias

_RULES: Final = re.compile(r"^(?=path\b)", re.MULTILINE)
_NAMED: Final = 3  # so many people are named; more are counted


def access_fields(old: AccessState, new: AccessState) -> tuple[Field, ...]:
    """What differs, as people speak of it: roles, members, claims; else the policy's text."""
    before, after = roles_in_text(old.acl_text), roles_in_text(new.acl_text)
    lines = (
        ("roles", _lines({role: role for role in before}, {role: role for role in after})),
        ("members", _lines(_members(old), _members(new))),
        ("claims", _lines(_claims(old), _claims(new))),
    )
    fields = [Field(name, lines=found) for name, found in lines if found]
    if before == after and (rules := _rule_lines(old.acl_text, new.acl_text)):
        fields.append(Field("policy", lines=rules))
    return (*fields, *_group_fields(old, new))


def _group_fields(old: AccessState, new: AccessState) -> Iterator[Field]:
    """What somebody changed by hand in the group of the members."""
    before, after = old.internal, new.internal
    if before is None or after is None:
        return
    for name in ("policies", "metadata", "member_group_ids"):
        was, wanted = getattr(before, name), getattr(after, name)
        if sorted(was) != sorted(wanted):
            yield Field(f"group {name}", said(name, was), said(name, wanted))


def same_groups(old: AccessState, new: AccessState) -> bool:
    """True when the members' group and the claims are those wanted."""
    before, after = old.internal, new.internal
    if before is None or after is None:
        members = before is after
    else:
        members = set(before.member_entity_ids) == set(after.member_entity_ids)
    return members and _aliases(old) == _aliases(new)


def _aliases(state: AccessState) -> set[tuple[str, str] | None]:
    return {same_alias(group.alias) if group.alias else None for group in state.claims}


def _members(state: AccessState) -> dict[object, str]:
    """The members' names, by who they are: one entity may be known by several names."""
    return {_identity(member): member_name(member) for member in state.members}


def _claims(state: AccessState) -> dict[object, str]:
    return {same_alias(group.alias): group.alias[1] for group in state.claims if group.alias}


def _lines(old: Mapping[object, str], new: Mapping[object, str]) -> tuple[str, ...]:
    gone = sorted(name for key, name in old.items() if key not in new)
    come = sorted(name for key, name in new.items() if key not in old)
    return (*(f"- {name}" for name in gone), *(f"+ {name}" for name in come))


def _rule_lines(old: str, new: str) -> tuple[str, ...]:
    """The rules of an ACL policy that differ, each on one line."""
    before, after = (
        [" ".join(rule.split()) for rule in _RULES.split(text.strip())] for text in (old, new)
    )
    return _lines({rule: rule for rule in before}, {rule: rule for rule in after})


def member_name(member: Member) -> str:
    new = "" if member.entity_id else ", a new entity"
    return f"{member.name} ({member.auth_path}{new})"


def claim_names(state: AccessState) -> list[str]:
    """The values of claims whose bearers have the access, in lower case as Vault finds them."""
    return [group.alias[1].lower() for group in state.claims if group.alias]


def losses(old: AccessState, new: AccessState | None = None) -> tuple[str, ...]:
    """Who loses which roles; everything when there is no `new`."""
    return tuple(_moves(old, new, ("loses", "lose")))


def gains(old: AccessState, new: AccessState) -> tuple[str, ...]:
    """Who gains which roles."""
    return tuple(_moves(new, old, ("gains", "gain")))


def _moves(here: AccessState, there: AccessState | None, verbs: tuple[str, str]) -> Iterator[str]:
    """Who has here what is not there: the leavers all roles, those who stay what differs."""
    roles = roles_in_text(here.acl_text)
    left = roles_in_text(there.acl_text) if there else ()
    differing = [role for role in roles if role not in left]
    stay_people = {_identity(member) for member in there.members} if there else set()
    stay_claims = set(claim_names(there)) if there else set()
    leavers = [member for member in here.members if _identity(member) not in stay_people]
    others = [member for member in here.members if _identity(member) in stay_people]
    claims = [name for name in claim_names(here) if name not in stay_claims]
    yield from _said(leavers, claims, roles, verbs)
    stay = [name for name in claim_names(here) if name in stay_claims]
    yield from _said(others, stay, differing, verbs)


def _said(
    members: Sequence[Member], claims: Sequence[str], roles: Sequence[str], verbs: tuple[str, str]
) -> Iterator[str]:
    if not roles:
        return
    what = ", ".join(roles)
    if members:
        verb = verbs[0] if len(members) == 1 else verbs[1]
        yield f"{_people(members)} {verb} {what}"
    if claims:
        yield f"everyone with the claim {' or '.join(claims)} {verbs[0]} {what}"


def _people(members: Sequence[Member]) -> str:
    if len(members) == 1:
        return members[0].name
    counted = count(len(members), "person", "people")
    if len(members) > _NAMED:
        return counted
    return f"{counted} ({', '.join(member.name for member in members)})"


def _identity(member: Member) -> object:
    return member.entity_id or (member.auth_path, member.alias)
