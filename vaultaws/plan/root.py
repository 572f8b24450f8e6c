"""The engine's `config/root`: declared against observed. Pure."""

from __future__ import annotations

import dataclasses
from typing import Final

from vaultaws.config.schema import Config, Root
from vaultaws.model import RootConfig
from vaultaws.plan.changes import Action, Change, Field, Kind, Observed
from vaultaws.plan.fields import NOTHING, differing
from vaultaws.vault.defaults import normal_root

KEY: Final = "key"
FIELDS: Final = tuple(
    field.name for field in dataclasses.fields(RootConfig) if field.name != "access_key_id"
)


def root_changes(config: Config, observed: Observed) -> list[Change]:
    """Write `config/root` when a declared field differs, or when it has no key and one is declared.

    The value is whole: what is not declared is what the server has. The secret key cannot be
    read, so a changed one is not seen. An engine whose root was never written works as one whose
    root says nothing, with what its server has.
    """
    if config.root is None:
        return []
    now = observed.root or RootConfig()
    wanted = _declared(config.root, now)
    fields = differing(FIELDS, normal_root(now), normal_root(wanted))
    if _lacks_key(config.root, wanted):
        fields = (Field(KEY, NOTHING, f"from {config.root.credentials}"), *fields)
    if not fields:
        return []
    action = Action.ADD if observed.root is None else Action.CHANGE
    return [Change(action, Kind.ROOT, "root", fields, wanted)]


def _lacks_key(root: Root, wanted: RootConfig) -> bool:
    """True when a key is declared and the engine has none: Terraform, for one, writes no key. With
    an identity token the engine needs none."""
    return root.credentials != "server" and not wanted.access_key_id and not wanted.role_arn


def _declared(root: Root, now: RootConfig) -> RootConfig:
    declared = ((name, getattr(root, name)) for name in FIELDS)
    said = {name: value for name, value in declared if value is not None}
    return dataclasses.replace(now, **said)
