"""Which roles somebody is told of: all of a mount, else those that the token's policies name."""

from __future__ import annotations

from dataclasses import dataclass

from vaultaws.errors import VaultDeniedError
from vaultaws.vault.protocol import Vault


@dataclass(frozen=True)
class Offered:
    """Names of roles, sorted. `complete` is False where the token may not list the mount's."""

    names: tuple[str, ...]
    complete: bool


def offered(vault: Vault, mount: str) -> Offered:
    """Look which roles there are. Raises the server's refusal where no policy names one."""
    try:
        return Offered(tuple(vault.list_roles(mount)), complete=True)
    except VaultDeniedError:
        own = vault.own_roles(mount)
        if not own:
            raise
        return Offered(tuple(own), complete=False)
