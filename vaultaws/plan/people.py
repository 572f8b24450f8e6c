"""Who gains and who loses what by a change of access, in words. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vaultaws.leases.words import count
from vaultaws.plan.changes import AccessState, Field, Member
from vaultaws.plan.fields import said
from vaultaws.plan.names import roles_in_text, same_alias

_NAMED: Final = 3  # so many people are named; more are counted


def access_fields(old: AccessState, new: AccessState) -> tuple[Field, ...]:
    """What differs, as people speak of it: roles, members, claims; else the policy's text."""
    before, after = roles_in_text(old.acl_text), roles_in_text(new.acl_text)
    lines = (
        ("roles", _lines(before, after)),
        ("members", _lines(member_names(old), member_names(new))),
        ("claims", _lines(claim_names(old), claim_names(new))),
    )
    fields = [Field(name, lines=found) for name, found in lines if found]
    if before == after and old.acl_text.strip() != new.acl_text.strip():
        fields.append(Field("policy", lines=tuple(_text_lines(old.acl_text, new.acl_text))))
    return (*fields, *_group_fields(old, new))


def _group_fields(old: AccessState, new: AccessState) -> Iterator[Field]:
    """What somebody changed by hand in the group of the members."""
    before, after = old.internal, new.internal
    if before is None or after is None:
        return
    for name in ("policies", "metadata"):
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
    return members and _claims(old) == _claims(new)


def _claims(state: AccessState) -> set[tuple[str, str] | None]:
    return {same_alias(group.alias) if group.alias else None for group in state.claims}


def _lines(before: Iterable[str], after: Iterable[str]) -> tuple[str, ...]:
    old, new = set(before), set(after)
    return (
        *(f"- {name}" for name in sorted(old - new)),
        *(f"+ {name}" for name in sorted(new - old)),
    )


def _text_lines(old: str, new: str) -> Iterator[str]:
    for line in difflib.ndiff(old.strip().splitlines(), new.strip().splitlines()):
        if line.startswith(("- ", "+ ")):
            yield line.rstrip()


def member_names(state: AccessState) -> list[str]:
    """The members of the internal group, each with where it comes from."""
    return [member_name(member) for member in state.members]


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
