"""Static roles that a case is about: their keys are replaced."""

from __future__ import annotations

from typing import Final

from vaultaws.errors import VaultDeniedError, VaultError, VaultNotFoundError
from vaultaws.incident import logins
from vaultaws.incident.looking import Looking
from vaultaws.incident.model import Scope
from vaultaws.incident.picture import StaticSeen
from vaultaws.trail import staticreads
from vaultaws.vault.abilities import lists_static_roles
from vaultaws.vault.administration import Administration

WHAT: Final = "static roles"
UNLISTED: Final = (
    "this server cannot list them, and nothing here names them; give each as --static-role NAME,"
    " or run where a vaultaws.toml of the mount is, or say --no-static-roles if there are none"
)
UNREAD: Final = (
    "only Vault's audit log tells who read them; name it (--audit-log), or contain each by --role"
)


def seen(look: Looking) -> tuple[StaticSeen, ...]:
    """Static roles in scope: all, the one named, the one with the key, those the person read."""
    vault, mount = look.sources.vault, look.sources.mount
    try:
        names = _names(look)
        roles = vault.read_static_roles(mount, names)
        found = [
            StaticSeen(role.name, role.username, _static_key(vault, mount, role.name))
            for role in roles
        ]
    except VaultDeniedError:
        look.notes.append("this token may not read static roles: their keys are not replaced")
        if _means_all(look):
            look.unseen[WHAT] = "the token that contained may not read them"
        return ()
    except VaultError as fault:
        look.vault_fault(fault)
        return ()
    may_be_there = found or _is_unlisted(look)
    if may_be_there and _turns_on_readers(look.scope) and not look.sources.audit_files:
        look.unseen[WHAT] = UNREAD
    return tuple(static for static in found if _is_static_meant(look, static))


def _names(look: Looking) -> list[str]:
    """Those that there are. Where the server cannot list them: those that a file or a person names,
    those that the audit log shows to have been read, and the one that the case is about. Of others
    nothing is known then, and it is said."""
    sources = look.sources
    if lists_static_roles(sources.vault.health()):
        return sources.vault.list_static_roles(sources.mount)
    named = {*(sources.static_names or ()), *filter(None, [look.scope.role])}
    namespace = sources.vault.namespace
    named |= staticreads.static_names(sources.audit_files, sources.mount, namespace=namespace)
    if _is_unlisted(look) and _means_all(look):
        look.unseen[WHAT] = UNLISTED
    return sorted(named)


def _is_unlisted(look: Looking) -> bool:
    """True where there may be static roles that nothing names."""
    sources = look.sources
    return sources.static_names is None and not lists_static_roles(sources.vault.health())


def _means_all(look: Looking) -> bool:
    return look.scope.everything and look.scope.since is None


def _turns_on_readers(scope: Scope) -> bool:
    """True where a static role is meant when somebody has read it."""
    if scope.key or scope.role:
        return False
    return bool(scope.person) or (scope.everything and scope.since is not None)


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
    if not _turns_on_readers(scope):
        return False
    sources = look.sources
    path = f"{sources.mount}/static-creds/{static.name}"
    namespace = sources.vault.namespace
    read_by = staticreads.readers(sources.audit_files, path, scope.since, namespace=namespace)
    return scope.everything or any(
        logins.names_person(scope.person, display_name) for display_name in read_by
    )
