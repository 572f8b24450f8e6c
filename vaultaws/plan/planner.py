"""Observe, compare, count the leases that a change touches: one plan. Reads only."""

from __future__ import annotations

from dataclasses import replace

from vaultaws.config.schema import Config
from vaultaws.plan.changes import Plan
from vaultaws.plan.diff import diff
from vaultaws.plan.effects import touched_roles, with_effects
from vaultaws.plan.observe import observe
from vaultaws.vault.administration import Administration


def make_plan(vault: Administration, config: Config, *, prune: bool = False) -> Plan:
    """Plan one file against one server, with what each change does to live leases."""
    plan = diff(config, observe(vault, config), prune=prune)
    touched = touched_roles(plan)
    if not touched:
        return plan
    counts = vault.count_leases(config.mount.path, touched)
    observed = replace(plan.observed, lease_counts=tuple(sorted(counts.items())))
    return with_effects(replace(plan, observed=observed))
