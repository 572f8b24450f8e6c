"""The IAM users behind leases, told without asking for each of them.

By a key in clear that has an owner; by the name that the mount's template gave an issuance of the
audit log; and where whole roles are meant by the template alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vaultaws.errors import AwsError, VaultError
from vaultaws.incident.looking import Looking
from vaultaws.incident.model import Suspect
from vaultaws.incident.naming import AROUND_SECONDS, Names, pattern, prefixes
from vaultaws.model import AuditIssuance, CredentialType, Role


def named(
    look: Looking,
    suspects: list[Suspect],
    roles: Mapping[str, Role],
) -> list[Suspect]:
    """Name the IAM users: by a key in clear, by person and second, or by the role's template."""
    wanted = [s for s in suspects if s.credential_type is CredentialType.IAM_USER]
    wanted += [s for s in suspects if s.credential_type is None]
    if not wanted and not any(not role.credential_type.is_sts for role in roles.values()):
        return suspects
    try:
        listed = list(look.sources.cloud.users())
        names = Names(user.name for user in listed)
        template = _template(look)
        found = _users_of(look, suspects, names, template)
    except AwsError as fault:
        look.aws_fault(fault)
        return suspects
    claimed = set(found.values())
    claimed |= _explained_elsewhere(look, names, template)
    named = [replace(suspect, user=found.get(suspect.name) or suspect.user) for suspect in suspects]
    since = look.scope.since
    later = Names(user.name for user in listed if since is None or user.created_at >= since)
    return named + _by_template(look, later, template, roles, claimed)


def _template(look: Looking) -> str:
    try:
        root = look.sources.vault.read_root(look.sources.mount)
    except VaultError:
        return ""
    return root.username_template if root else ""


def _users_of(
    look: Looking, suspects: Sequence[Suspect], names: Names, template: str
) -> dict[str, str]:
    """The user of each suspect, by its name among them. Users of one person, role and second
    cannot be told apart: each is given to one of their leases."""
    issued = {found.lease_id: found for found in look.sources.issuances}
    found: dict[str, str] = {}
    open_starts: dict[str, tuple[str, ...]] = {}
    for suspect in suspects:
        if suspect.credential_type not in {CredentialType.IAM_USER, None}:
            continue
        entry = issued.get(suspect.lease_id)
        if suspect.access_key_id.startswith("AKIA"):
            found[suspect.name] = look.sources.cloud.key_owner(suspect.access_key_id)
        elif entry is not None and not entry.is_sts:
            open_starts[suspect.name] = _starts(template, entry)
    taken = set(found.values())
    for place in range(len(AROUND_SECONDS)):
        for name, starts in open_starts.items():
            if name in found or place >= len(starts):
                continue
            user = next((u for u in names.starting(starts[place]) if u not in taken), "")
            if user:
                found[name] = user
                taken.add(user)
    return found


def _explained_elsewhere(look: Looking, names: Names, template: str) -> set[str]:
    """Users that the audit log shows to be of other mounts."""
    return {
        name
        for entry in look.sources.issuances
        if not entry.is_sts and entry.path.rsplit("/", 2)[0] != look.sources.mount
        for start in _starts(template, entry)
        for name in names.starting(start)
    }


def _by_template(
    look: Looking,
    names: Names,
    template: str,
    roles: Mapping[str, Role],
    claimed: set[str],
) -> list[Suspect]:
    """Users whose names are a role's and that no issuance leads to: only where whole roles, or
    the mount, are meant, and no other mount has a role of that name."""
    scope = look.scope
    if scope.person or scope.key or not (scope.role or scope.everything):
        return []
    patterns = {
        name: found
        for name in sorted({*roles, *filter(None, [scope.role])}, key=len, reverse=True)
        if (found := pattern(template, name)) is not None
    }
    foreign = _roles_elsewhere(look) if patterns else set()
    taken, found_users = set(claimed), []
    for name, wanted in patterns.items():
        fitting = [user for user in names.fitting(wanted) if user not in taken]
        taken.update(fitting)
        if scope.role not in {"", name} or not fitting:
            continue
        if name in foreign:
            look.notes.append(
                f"{len(fitting)} IAM users may be of the role {name} here or of its namesake on"
                " another mount: they die with their leases"
            )
            continue
        found_users += [
            Suspect(role=name, credential_type=CredentialType.IAM_USER, user=user)
            for user in fitting
        ]
    return found_users


def _roles_elsewhere(look: Looking) -> set[str]:
    """Names of roles on the server's other AWS mounts."""
    vault = look.sources.vault
    try:
        mounts = [path for path, mount in vault.mounts().items() if mount.type == "aws"]
        return {
            role for path in mounts if path != look.sources.mount for role in vault.list_roles(path)
        }
    except VaultError:
        return set()


def _starts(template: str, entry: AuditIssuance) -> tuple[str, ...]:
    """How the name of an issuance's user begins. The names that the engine writes keep the login's
    display name, as the audit log does."""
    return prefixes(template, entry.path.rsplit("/", 1)[-1], entry.display_name, entry.time)
