"""Roles and static roles: declared against observed. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, TypeVar

from vaultaws.config import durations
from vaultaws.config.schema import Config
from vaultaws.model import Role, StaticRole
from vaultaws.plan.changes import Action, Change, Field, Kind, Observed
from vaultaws.plan.fields import differing
from vaultaws.plan.policydiff import policy_lines
from vaultaws.vault.defaults import normal, normal_static

POLICY: Final = "policy_document"
PLAIN: Final = tuple(
    field.name for field in dataclasses.fields(Role) if field.name not in {"name", POLICY}
)
STATIC: Final = tuple(
    field.name for field in dataclasses.fields(StaticRole) if field.name != "name"
)
UNMANAGED: Final = "on the server, not in the file (left alone; --prune removes it)"

Named = TypeVar("Named", Role, StaticRole)


def role_changes(config: Config, observed: Observed) -> list[Change]:
    """Additions and changes of roles, in the order of the file."""
    now = {role.name: role for role in observed.roles}
    changes = []
    for role in config.roles:
        old = now.get(role.name)
        if old is None:
            changes.append(_added(role, config))
        elif fields := role_fields(normal(old), normal(role)):
            changes.append(Change(Action.CHANGE, Kind.ROLE, role.name, fields, role, old=old))
    return changes


def _added(role: Role, config: Config) -> Change:
    note = ", ".join(part for part in (role.credential_type.value, _spans(role, config)) if part)
    return Change(Action.ADD, Kind.ROLE, role.name, value=role, note=note)


def _spans(role: Role, config: Config) -> str:
    """The default and the longest life, as people say them; empty where the role sets none."""
    short, long = role.default_sts_ttl_seconds, role.max_sts_ttl_seconds
    if not role.credential_type.is_sts:
        lease = config.lease
        short = lease.default_seconds if lease else config.mount.default_lease_ttl_seconds
        long = lease.max_seconds if lease else config.mount.max_lease_ttl_seconds
    return " … ".join(durations.words(span) for span in (short, long) if span)


def role_fields(old: Role, new: Role) -> tuple[Field, ...]:
    """In which fields two roles differ; the policy as IAM means it."""
    if old == new:
        return ()
    fields = differing(PLAIN, old, new)
    lines = policy_lines(old.policy_document, new.policy_document)
    return (*fields, Field(POLICY, lines=lines)) if lines else fields


def static_changes(config: Config, observed: Observed) -> list[Change]:
    """Additions and changes of static roles, in the order of the file."""
    now = {role.name: role for role in observed.static_roles}
    changes = []
    for role in config.static_roles:
        old = now.get(role.name)
        if old is None:
            span = durations.words(role.rotation_period_seconds)
            note = f"{role.username}, a new key every {span}"
            changes.append(Change(Action.ADD, Kind.STATIC_ROLE, role.name, value=role, note=note))
        elif fields := differing(STATIC, normal_static(old), normal_static(role)):
            changes.append(
                Change(Action.CHANGE, Kind.STATIC_ROLE, role.name, fields, role, old=old)
            )
    return changes


def undeclared(config: Config, observed: Observed, *, prune: bool) -> list[Change]:
    """Roles and static roles that only the server has: removed when pruning, else shown."""
    action = Action.REMOVE if prune else Action.UNMANAGED
    note = "" if prune else UNMANAGED
    kinds = (
        (Kind.ROLE, _only(observed.roles, config.roles)),
        (Kind.STATIC_ROLE, _only(observed.static_roles, config.static_roles)),
    )
    return [
        Change(action, kind, role.name, note=note, old=role)
        for kind, roles in kinds
        for role in roles
    ]


def _only(observed: Sequence[Named], declared: Sequence[Named]) -> list[Named]:
    known = {role.name for role in declared}
    return sorted((role for role in observed if role.name not in known), key=lambda role: role.name)
