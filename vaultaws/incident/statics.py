"""Static roles that a case is about: their keys are replaced."""

from __future__ import annotations

from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError
from vaultaws.incident import logins
from vaultaws.incident.looking import Looking
from vaultaws.incident.picture import StaticSeen
from vaultaws.trail import audit
from vaultaws.vault.administration import Administration


def seen(look: Looking) -> tuple[StaticSeen, ...]:
    """Static roles in scope: all, the one named, the one with the key, those the person read."""
    vault, mount = look.sources.vault, look.sources.mount
    try:
        names = vault.list_static_roles(mount) or list(look.sources.static_names)
        roles = vault.read_static_roles(mount, names)
        found = [
            StaticSeen(role.name, role.username, _static_key(vault, mount, role.name))
            for role in roles
        ]
    except VaultDeniedError:
        look.notes.append("this token may not read static roles: their keys are not replaced")
        return ()
    except VaultError as fault:
        look.vault_fault(fault)
        return ()
    return tuple(static for static in found if _is_static_meant(look, static))


def _static_key(vault: Administration, mount: str, name: str) -> str:
    try:
        return vault.static_key(mount, name)[0]
    except (VaultDeniedError, VaultNotFoundError):
        return ""


def _is_static_meant(look: Looking, static: StaticSeen) -> bool:
    scope = look.scope
    if scope.everything and scope.since is None:
        return True
    if scope.key:
        return static.key_id == scope.key
    if scope.role:
        return scope.role == static.name
    if not (scope.person or scope.everything) or not look.sources.audit_files:
        return False
    path = f"{look.sources.mount}/static-creds/{static.name}"
    read_by = audit.readers(look.sources.audit_files, path, scope.since)
    return scope.everything or any(
        logins.names_person(scope.person, display_name) for display_name in read_by
    )
