"""Many roles written at once, as `apply` does, with what came of each."""

from __future__ import annotations

from collections.abc import Sequence

from vaultaws.errors import VaultError
from vaultaws.model import Role
from vaultaws.vault.bulk import ask_all
from vaultaws.vault.gateway import HvacVault

Heard = dict[str, VaultError | None]


def write_all(
    vault: HvacVault, mount: str, roles: Sequence[Role], heard: Heard | None = None
) -> None:
    """Write many at once; `heard` gets every role that was tried, with its refusal if any."""
    tried: Heard = {} if heard is None else heard
    ask_all(
        lambda role: vault.write_role(mount, role),
        roles,
        lambda role, refusal: tried.update({role.name: refusal}),
    )
