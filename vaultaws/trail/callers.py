"""Whose calls are Vault's own, as expressions over the tables of `tables.py`."""

from __future__ import annotations

from typing import Any, TypeAlias

import ibis

from vaultaws.trail.tables import RootKind

Table: TypeAlias = Any
"""An ibis table; ibis has no types of its own to import."""


def is_vaults(events: Table, roots: Table) -> Any:
    """True where Vault's identity made the call: one of its keys, its IAM user, or its role."""
    keys = roots.filter(roots.kind == RootKind.KEY.value).value
    users = roots.filter(roots.kind == RootKind.USER.value).value
    named = events.user_name.isin(users) & (events.identity_type == "IAMUser")
    roles = roots.filter(roots.kind == RootKind.ROLE.value).value
    assumed = events.user_name.isin(roles) & (events.identity_type == "AssumedRole")
    return events.access_key_id.isin(keys) | ((named | assumed) & _is_here(events, roots))


def _is_here(events: Table, roots: Table) -> Any:
    """False where the record says that its caller is of another account than Vault's user.

    The caller's account stands in its ARN; where there is none, the record's own account counts.
    """
    account = roots.filter(roots.kind == RootKind.ACCOUNT.value).value.max().as_scalar()
    told = events.principal_arn.contains(ibis.literal(":") + account + ":")
    received = (events.account == "") | (events.account == account)
    here = ibis.ifelse(events.principal_arn == "", received, told)
    return ibis.coalesce(here, ibis.literal(value=True))
