"""What a change does to live leases, to keys and to people: one sentence each. Pure.

Sources: builtin/logical/aws of Vault 1.21.1 (path_config_root.go drops the cached clients;
path_static_roles.go and rotation.go make and delete keys), hashicorp/vault#1243 (a deleted role
leaves its leases), #21967 (the stored expiry of a static key).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from vaultaws.leases.words import count
from vaultaws.model import Role, RootConfig, StaticRole
from vaultaws.plan.changes import (
    AccessState,
    Action,
    Change,
    Field,
    Kind,
    MountSettings,
    Plan,
)
from vaultaws.plan.people import gains, losses

UNKNOWN_LEASES: Final = "live leases unknown (needs sudo on sys/leases/lookup)"
RIGHTS: Final = frozenset(
    {"policy_document", "policy_arns", "iam_groups", "permissions_boundary_arn", "role_arns"}
)
TTLS: Final = frozenset({"default_sts_ttl_seconds", "max_sts_ttl_seconds"})
SPANS: Final = frozenset({"default_lease_ttl", "max_lease_ttl"})


def touched_roles(plan: Plan) -> tuple[str, ...]:
    """The roles whose live leases are worth counting: those that change or go."""
    return tuple(
        change.name
        for change in plan.changes
        if change.kind is Kind.ROLE and change.action in {Action.CHANGE, Action.REMOVE}
    )


def with_effects(plan: Plan) -> Plan:
    """The plan with the effects of each change, by the lease counts of what was observed."""
    leases = dict(plan.observed.lease_counts)
    return replace(
        plan,
        changes=tuple(
            replace(change, effects=tuple(_effects(plan, change, leases)))
            for change in plan.changes
        ),
    )


def _effects(plan: Plan, change: Change, leases: Mapping[str, int | None]) -> Iterable[str]:
    if change.action is Action.UNMANAGED or change.kind is Kind.AUDIT:
        return ()
    if change.kind is Kind.ROLE:
        return _role(change, leases)
    if change.kind is Kind.ROOT:
        return _root(plan, change)
    alone = {Kind.STATIC_ROLE: _static_role, Kind.ACCESS: _access}
    return alone.get(change.kind, _bounds)(change)


def _role(change: Change, leases: Mapping[str, int | None]) -> Iterator[str]:
    if change.action is Action.ADD or change.name not in leases:
        return
    live = leases[change.name]
    if live is None:
        yield UNKNOWN_LEASES
    elif change.action is Action.REMOVE:
        yield from _orphans(change, live)
    elif live:
        yield _kept(change, live)


def _orphans(change: Change, live: int) -> Iterator[str]:
    if not live:
        yield "no live leases"
        return
    leave = "stays and goes on until it ends" if live == 1 else "stay and go on until they end"
    cut = isinstance(change.old, Role) and change.old.credential_type.is_sts
    yield f"{_leases(live)} {leave}"
    yield f"to end them: vaultaws leases revoke --role {change.name}{' --cut' if cut else ''}"


def _kept(change: Change, live: int) -> str:
    changed = {field.name for field in change.fields}
    keep = "keeps" if live == 1 else "keep"
    if isinstance(change.old, Role) and "credential_type" in changed:
        kind = change.old.credential_type.value
        return f"{_leases(live)} of type {kind} {keep} what they have until they end"
    if changed & RIGHTS:
        session = isinstance(change.old, Role) and change.old.credential_type.is_sts
        return f"{_leases(live)} {keep} the old {'session policy' if session else 'policy'}"
    if changed <= TTLS:
        return f"{_leases(live)} {keep} the old end"
    return f"{_leases(live)} {keep} the old settings"


def _leases(live: int) -> str:
    return count(live, "live lease", "live leases")


def _static_role(change: Change) -> Iterator[str]:
    match change.value:
        case StaticRole(username=user) if change.action is Action.ADD:
            yield f"makes a new key for {user} at once; of two keys it has, the older is deleted"
        case StaticRole() if _names(change.fields) & {"rotation_period_seconds"}:
            yield (
                "the key in use stays; its stored end stays the old one, and a restart of the "
                "server goes by that (hashicorp/vault#21967)"
            )
        case None if isinstance(change.old, StaticRole):
            yield f"the engine deletes its key of {change.old.username} in AWS at once"


def _access(change: Change) -> Iterator[str]:
    old = change.old if isinstance(change.old, AccessState) else None
    wanted = change.value if isinstance(change.value, AccessState) else None
    if old is None:
        return
    kept = wanted if wanted is not None and wanted.acl_text else None
    lost = losses(old, kept)
    yield from lost
    if kept is not None:
        yield from gains(old, kept)
    if lost:
        yield "credentials already issued to them live on until they end"


def _root(plan: Plan, change: Change) -> Iterator[str]:
    if not isinstance(change.value, RootConfig):
        return
    source = plan.root.credentials if plan.root is not None else "server"
    if source != "server":
        yield f"Vault's own key is written with it, from {source}"
    if change.action is Action.CHANGE:
        yield "the engine connects to AWS anew"
    if "username_template" in _names(change.fields) and change.action is Action.CHANGE:
        yield "IAM users already made keep their names"


def _bounds(change: Change) -> Iterator[str]:
    if change.action is not Action.CHANGE:
        return
    settings = change.value
    if isinstance(settings, MountSettings) and not SPANS & {name for name, _ in settings.settings}:
        return
    yield "live leases keep their end; renewals go by the new bounds"


def _names(fields: Iterable[Field]) -> frozenset[str]:
    return frozenset(field.name for field in fields)
