"""May the token do what a rotation asks of Vault? Looked at before anything is done."""

from __future__ import annotations

from collections.abc import Iterable

from vaultaws.errors import VaultDeniedError
from vaultaws.model import Role
from vaultaws.root import probe
from vaultaws.root.ready import Ready
from vaultaws.vault.administration import Administration

_WRITES = frozenset({"create", "update", "root"})
_READS = frozenset({"read", "root"})
_DELETES = frozenset({"delete", "root"})
Wish = tuple[str, str, frozenset[str]]
"""A path, the capability in words, and those that will do."""


def readable_roles(vault: Administration, mount: str) -> tuple[Role, ...] | None:
    """The roles of a mount; None where the token may not read them."""
    try:
        return vault.read_roles(mount, vault.list_roles(mount))
    except VaultDeniedError:
        return None


def check_rotation(vault: Administration, ready: Ready, *, proving: bool) -> None:
    """Raises VaultDeniedError, naming the path, for a capability that is missing."""
    mount = ready.mount
    wishes: list[Wish] = [(f"{mount}/config/rotate-root", "update", _WRITES)]
    if proving:
        wishes.append((probe.iam_path(mount), "update", _WRITES))
    if proving and ready.uses_sts:
        name = probe.new_role_name()
        wishes += [
            (f"{mount}/roles/{name}", "update", _WRITES),
            (f"{mount}/roles/{name}", "delete", _DELETES),
            (f"{mount}/sts/{name}", "read", _READS),
        ]
    _check(vault, wishes)


def check_static(vault: Administration, mount: str, name: str) -> None:
    """What replacing the key of a static role takes. Raises VaultDeniedError."""
    path = f"{mount}/static-roles/{name}"
    _check(
        vault,
        [
            (path, "update", _WRITES),
            (path, "delete", _DELETES),
            (f"{mount}/static-creds/{name}", "read", _READS),
        ],
    )


def _check(vault: Administration, wishes: Iterable[Wish]) -> None:
    listed = list(wishes)
    granted = vault.capabilities(*dict.fromkeys(path for path, _, _ in listed))
    for path, words, enough in listed:
        if enough.isdisjoint(granted.get(path, ())):
            raise VaultDeniedError(
                f"the rotation needs {words} on {path}",
                why="the token's policies do not grant it; nothing was done",
                do=f"ask for a policy with {words} on {path}",
            )
