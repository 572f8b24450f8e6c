"""What there is: leases, users, logins, static roles; only reads. Fast at thousands of leases.

The server is asked for lists and roles, never for each lease. Where Vault or AWS does not answer,
the rest is seen all the same, and the picture says what it is blind for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.aws.identity import IamUser
from vaultaws.aws.moment import Answered
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, VaultawsError, VaultDeniedError, VaultError, VaultNotFoundError
from vaultaws.incident import logins, scope as scopes
from vaultaws.incident.model import Case, Place, Scope, Suspect
from vaultaws.incident.naming import Names, pattern, prefixes
from vaultaws.incident.picture import Own, Picture, StaticSeen
from vaultaws.leases import inventory
from vaultaws.leases.inventory import Holding
from vaultaws.leases.ledger import Ledger
from vaultaws.leases.revoke import holders_of
from vaultaws.model import AuditIssuance, CredentialType, Role
from vaultaws.trail import audit
from vaultaws.vault.administration import Administration

VAULT: Final = "vault"
AWS: Final = "aws"
TRAIL: Final = "trail"


class Cloud(Protocol):
    """AWS, as far as an observation asks it. Every method raises AwsError."""

    def ask_time(self) -> Answered: ...
    def users(self) -> Iterable[IamUser]: ...
    def key_owner(self, access_key_id: str) -> str: ...
    def keys_of(self, user: str) -> list[str]: ...


@dataclass(frozen=True)
class Sources:
    """Where an observation looks. `declared` and `static_names` are those of a file, for a server
    that does not answer or cannot list; `root_user` is what the person said it is."""

    vault: Administration
    cloud: Cloud
    mount: str
    clock: Clock
    ledger: Ledger
    issuances: Sequence[AuditIssuance] = ()
    audit_files: tuple[Path, ...] = ()
    key_hash: str = ""
    declared: tuple[Role, ...] = ()
    static_names: tuple[str, ...] = ()
    root_user: str = ""


@dataclass
class _Looking:
    """One observation under way."""

    sources: Sources
    scope: Scope
    blind: dict[str, str]
    notes: list[str]

    def vault_fault(self, fault: VaultawsError) -> None:
        self.blind.setdefault(VAULT, f"{fault.what}: {fault.why}")

    def aws_fault(self, fault: AwsError) -> None:
        self.blind.setdefault(AWS, f"{fault.what}: {fault.why}")


def observe(sources: Sources, scope: Scope, case: Case | None = None) -> Picture:
    """Look at all that the scope may touch; a case that is gone on with adds what it knows."""
    look = _Looking(sources, scope, {}, [])
    at, own = _own_in_aws(look)
    place = _place(look, case)
    roles = _roles(look)
    holdings = _holdings(look)
    chosen = [held for held in holdings if scopes.fits(scope, held, sources.key_hash)]
    suspects = [_suspect(held, roles, place) for held in chosen]
    suspects = _with_users(look, suspects, roles, chosen)
    suspects = _with_known(suspects, case)
    own, seen_logins, accessors = logins.look(sources.vault, scope, own, chosen, look.vault_fault)
    others = _others(holdings, chosen, roles, place, at)
    return Picture(
        place=place,
        taken_at=at,
        suspects=tuple(suspects),
        logins=seen_logins,
        accessors=accessors,
        roles=roles,
        statics=_statics(look, chosen),
        others=others,
        own=own,
        seeds=(place.root_key_id,) if scope.root and place.root_key_id else (),
        notes=tuple(look.notes),
        blind=dict(look.blind),
    )


def _own_in_aws(look: _Looking) -> tuple[datetime, Own]:
    """AWS's time, and which user or role the responder is there."""
    try:
        answered = look.sources.cloud.ask_time()
    except AwsError as fault:
        look.aws_fault(fault)
        return look.sources.clock.now(), Own()
    kind, _, name = answered.caller.arn.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        return answered.at, Own(holder=Holder(HolderKind.ROLE, name.split("/")[0]))
    user = name.rsplit("/", 1)[-1] if kind == "user" else ""
    return answered.at, Own(user=user)


def _place(look: _Looking, case: Case | None) -> Place:
    """Which mount and account; what is not answered now, the case may know."""
    sources, known = look.sources, case.place if case else None
    vault = sources.vault
    key, user, account = "", sources.root_user, ""
    try:
        root = vault.read_root(sources.mount)
        key = root.access_key_id if root else ""
    except VaultDeniedError:
        look.notes.append("this token may not read config/root: Vault's own AWS user is not known")
    except VaultError as fault:
        look.vault_fault(fault)
    key = key or (known.root_key_id if known else "")
    try:
        user = user or (sources.cloud.key_owner(key) if key else "")
        account = sources.cloud.ask_time().caller.account if AWS not in look.blind else ""
    except AwsError as fault:
        look.aws_fault(fault)
    return Place(
        server=vault.address,
        namespace=vault.namespace,
        mount=sources.mount,
        account=account or (known.account if known else ""),
        root_user=user or (known.root_user if known else ""),
        root_key_id=key,
    )


def _roles(look: _Looking) -> dict[str, Role]:
    vault, mount = look.sources.vault, look.sources.mount
    try:
        found: Iterable[Role] = vault.read_roles(mount, vault.list_roles(mount))
    except VaultDeniedError:
        look.notes.append("this token may not read the roles: those of the declared file are taken")
        found = look.sources.declared
    except VaultError as fault:
        look.vault_fault(fault)
        found = look.sources.declared
    return {role.name: role for role in found}


def _holdings(look: _Looking) -> tuple[Holding, ...]:
    sources = look.sources
    try:
        taken = inventory.take(
            sources.vault,
            sources.mount,
            sources.clock,
            ledger=sources.ledger,
            issuances=sources.issuances,
            look_up=False,
        )
    except VaultError as fault:
        look.vault_fault(fault)
        return inventory.known_without_server(
            sources.vault.address,
            sources.mount,
            sources.clock,
            ledger=sources.ledger,
            issuances=sources.issuances,
        ).holdings
    look.notes.extend(taken.notes)
    return taken.holdings


def _suspect(held: Holding, roles: Mapping[str, Role], place: Place) -> Suspect:
    role = roles.get(held.role)
    holders = _holders(held, role, roles, place)
    return Suspect(
        access_key_id=held.access_key_id,
        key_hash=held.key_hash,
        lease_id=held.lease_id,
        role=held.role,
        credential_type=_kind(held, role),
        person=held.person,
        entity_id=held.entity_id,
        issued_at=held.issued_at,
        ends_at=held.token_ends,
        holder=holders[0] if holders else None,
        other_holders=holders[1:],
    )


def _kind(held: Holding, role: Role | None) -> CredentialType | None:
    """The role's type, unless what was issued is seen to be another: roles change."""
    if held.is_sts is False:
        return CredentialType.IAM_USER
    kind = role.credential_type if role else None
    return None if held.is_sts and kind is CredentialType.IAM_USER else kind


def _holders(
    held: Holding, role: Role | None, roles: Mapping[str, Role], place: Place
) -> tuple[Holder, ...]:
    """The principals that may stand behind a token. Of a role that is gone, or has changed its
    type, all of the mount's: its leases stay (hashicorp/vault#1243)."""
    if held.is_sts is False:
        return ()
    if role is not None and role.credential_type.is_sts:
        return tuple(holder for holder in holders_of(role, place.root_user) if holder.name)
    if held.is_sts is None and role is not None:
        return ()
    own = (Holder(HolderKind.USER, place.root_user),) if place.root_user else ()
    assumed = (holder for each in roles.values() for holder in holders_of(each, place.root_user))
    return tuple(dict.fromkeys((*own, *(holder for holder in assumed if holder.name))))


def _with_users(
    look: _Looking,
    suspects: list[Suspect],
    roles: Mapping[str, Role],
    chosen: Sequence[Holding],
) -> list[Suspect]:
    """Name the IAM users: by a key in clear, by person and second, or by the role's template."""
    wanted = [s for s in suspects if s.credential_type is CredentialType.IAM_USER]
    wanted += [s for s in suspects if s.credential_type is None]
    if not wanted and not any(not role.credential_type.is_sts for role in roles.values()):
        return suspects
    try:
        names = Names(user.name for user in look.sources.cloud.users())
        template = _template(look)
        found = _named(look, suspects, names, template)
    except AwsError as fault:
        look.aws_fault(fault)
        return suspects
    claimed = {user for users in found.values() for user in users}
    claimed |= _explained_elsewhere(look, names, template)
    named = [
        replace(suspect, user=user) if user else suspect
        for suspect in suspects
        for user in (found.get(suspect.name) or ("",))
    ]
    return named + _by_template(look, names, template, roles, claimed)


def _template(look: _Looking) -> str:
    try:
        root = look.sources.vault.read_root(look.sources.mount)
    except VaultError:
        return ""
    return root.username_template if root else ""


def _named(
    look: _Looking, suspects: Sequence[Suspect], names: Names, template: str
) -> dict[str, tuple[str, ...]]:
    issued = {found.lease_id: found for found in look.sources.issuances}
    found: dict[str, tuple[str, ...]] = {}
    for suspect in suspects:
        if suspect.credential_type not in {CredentialType.IAM_USER, None}:
            continue
        entry = issued.get(suspect.lease_id)
        users: list[str] = []
        if entry is not None and not entry.is_sts:
            starts = prefixes(template, suspect.role, entry.display_name, entry.time)
            users = [name for start in starts for name in names.starting(start)]
        if not users and suspect.access_key_id.startswith("AKIA"):
            owner = look.sources.cloud.key_owner(suspect.access_key_id)
            users = [owner] if owner else []
        found[suspect.name] = tuple(users)
    return found


def _explained_elsewhere(look: _Looking, names: Names, template: str) -> set[str]:
    """Users that the audit log shows to be of issuances outside the scope, or of other mounts."""
    return {
        name
        for entry in look.sources.issuances
        if not entry.is_sts
        for start in prefixes(template, entry.path.rsplit("/", 1)[-1], entry.display_name, entry.time)
        for name in names.starting(start)
    }


def _by_template(
    look: _Looking,
    names: Names,
    template: str,
    roles: Mapping[str, Role],
    claimed: set[str],
) -> list[Suspect]:
    """Users whose names are a role's and that no issuance leads to: only where whole roles, or
    the mount, are meant, and no other mount has a role of that name."""
    scope = look.scope
    if scope.person or scope.key or not (scope.role or scope.everything) or scope.since:
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


def _roles_elsewhere(look: _Looking) -> set[str]:
    """Names of roles on the server's other AWS mounts."""
    vault = look.sources.vault
    try:
        mounts = [path for path, mount in vault.mounts().items() if mount.type == "aws"]
        return {
            role
            for path in mounts
            if path != look.sources.mount
            for role in vault.list_roles(path)
        }
    except VaultError:
        return set()


def _with_known(suspects: list[Suspect], case: Case | None) -> list[Suspect]:
    """Suspects of the case that are not seen any more stay; those seen keep what was known."""
    if case is None:
        return suspects
    by_lease = {known.lease_id: known for known in case.suspects if known.lease_id}
    joined = [_joined(suspect, by_lease.get(suspect.lease_id)) for suspect in suspects]
    names = {(suspect.name, suspect.user) for suspect in joined}
    leases = {suspect.lease_id for suspect in joined if suspect.lease_id}
    users = {suspect.user for suspect in joined if suspect.user}
    rest = [
        known
        for known in case.suspects
        if (known.name, known.user) not in names
        and not (known.lease_id and known.lease_id in leases)
        and not (known.user and known.user in users and not known.access_key_id)
    ]
    return joined + rest


def _joined(seen: Suspect, known: Suspect | None) -> Suspect:
    if known is None:
        return seen
    return replace(
        seen,
        access_key_id=seen.access_key_id or known.access_key_id,
        key_hash=seen.key_hash or known.key_hash,
        user=seen.user or known.user,
        holder=seen.holder or known.holder,
        session=seen.session or known.session,
        issued_at=seen.issued_at or known.issued_at,
        ends_at=seen.ends_at or known.ends_at,
        credential_type=seen.credential_type or known.credential_type,
    )


def _statics(look: _Looking, chosen: Sequence[Holding]) -> tuple[StaticSeen, ...]:
    """Static roles in scope: all, the one named, the one with the key, those the person read."""
    vault, mount, scope = look.sources.vault, look.sources.mount, look.scope
    try:
        names = vault.list_static_roles(mount) or list(look.sources.static_names)
        roles = vault.read_static_roles(mount, names)
        seen = [StaticSeen(role.name, role.username, _static_key(vault, mount, role.name)) for role in roles]
    except VaultDeniedError:
        look.notes.append("this token may not read static roles: their keys are not replaced")
        return ()
    except VaultError as fault:
        look.vault_fault(fault)
        return ()
    return tuple(static for static in seen if _is_static_meant(look, static))


def _static_key(vault: Administration, mount: str, name: str) -> str:
    try:
        return vault.static_key(mount, name)[0]
    except (VaultDeniedError, VaultNotFoundError):
        return ""


def _is_static_meant(look: _Looking, static: StaticSeen) -> bool:
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


def _others(
    holdings: Sequence[Holding],
    chosen: Sequence[Holding],
    roles: Mapping[str, Role],
    place: Place,
    at: datetime,
) -> dict[Holder, int]:
    """How many other people hold live tokens of a principal: they must fetch again."""
    meant = {held.lease_id for held in chosen}
    suspects = {held.person for held in chosen}
    people: defaultdict[Holder, set[str]] = defaultdict(set)
    for held in holdings:
        if held.lease_id in meant or held.is_sts is False or held.person in suspects:
            continue
        if held.token_ends is not None and held.token_ends <= at:
            continue
        for holder in _holders(held, roles.get(held.role), roles, place):
            people[holder].add(held.person)
    return {holder: len(found) for holder, found in people.items()}
