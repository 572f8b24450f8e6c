"""The engine's `config/root`: declared against observed. Pure."""

from __future__ import annotations

import dataclasses
from typing import Final

from vaultaws.config.schema import Config, Root
from vaultaws.model import RootConfig
from vaultaws.plan.changes import Action, Change, Kind, Observed
from vaultaws.plan.fields import differing
from vaultaws.vault.defaults import normal_root

FIELDS: Final = tuple(
    field.name for field in dataclasses.fields(RootConfig) if field.name != "access_key_id"
)


def root_changes(config: Config, observed: Observed) -> list[Change]:
    """Write `config/root` when a declared field differs, or when it was never written.

    The value is whole: what is not declared is what the server has. The secret key cannot be
    read, so a changed one is not seen.
    """
    if config.root is None:
        return []
    now = observed.root or RootConfig()
    wanted = _declared(config.root, now)
    fields = differing(FIELDS, normal_root(now), normal_root(wanted))
    if observed.root is None:
        return [Change(Action.ADD, Kind.ROOT, "root", fields, wanted)]
    return [Change(Action.CHANGE, Kind.ROOT, "root", fields, wanted)] if fields else []


def _declared(root: Root, now: RootConfig) -> RootConfig:
    declared = ((name, getattr(root, name)) for name in FIELDS)
    said = {name: value for name, value in declared if value is not None}
    return dataclasses.replace(now, **said)
