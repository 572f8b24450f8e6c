"""Declared against observed: a pure function to a frozen plan."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from vaultaws.config.schema import Config
from vaultaws.plan.access import access_changes
from vaultaws.plan.audit import audit_changes
from vaultaws.plan.changes import Action, Change, Observed, Plan
from vaultaws.plan.effects import with_effects
from vaultaws.plan.fingerprint import fingerprint
from vaultaws.plan.mount import lease_changes, mount_changes
from vaultaws.plan.refusals import refuse
from vaultaws.plan.roles import role_changes, static_changes, undeclared
from vaultaws.plan.root import root_changes


def diff(config: Config, observed: Observed, *, prune: bool = False) -> Plan:
    """Compare; the same declared state and the same server give the same plan.

    The order is that of apply: access goes first, so that nothing is issued to those who lose
    it; then the audit devices, for a server may have them closed to its API, and nothing should
    be written before it says so; roles go last. `prune` removes what only the server has.
    Raises ConfigError for what the server cannot do.
    """
    refuse(config, observed)
    removed, granted = access_changes(config, observed)
    changes: Iterable[Change] = chain(
        removed,
        audit_changes(config, observed),
        mount_changes(config, observed),
        lease_changes(config, observed),
        root_changes(config, observed),
        role_changes(config, observed),
        static_changes(config, observed),
        granted,
        sorted(undeclared(config, observed, prune=prune), key=_is_unmanaged),
    )
    plan = Plan(
        config,
        observed,
        tuple(changes),
        fingerprint(config, observed, prune=prune),
        prune=prune,
    )
    return with_effects(plan)


def _is_unmanaged(change: Change) -> bool:
    return change.action is Action.UNMANAGED
