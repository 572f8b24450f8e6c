"""What there is: leases, users, logins, static roles; only reads. Fast at thousands of leases.

The server is asked for lists and roles, never for each lease. Where Vault or AWS does not answer,
the rest is seen all the same, and the picture says what it is blind for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.errors import AwsError, VaultDeniedError, VaultError
from vaultaws.incident import logins, statics, users
from vaultaws.incident import scope as scopes
from vaultaws.incident.identity import united
from vaultaws.incident.looking import AWS, Looking, Sources
from vaultaws.incident.model import Case, Place, Scope, Suspect
from vaultaws.incident.picture import Own, Picture
from vaultaws.incident.remembered import remembered
from vaultaws.leases import inventory
from vaultaws.leases.inventory import Holding
from vaultaws.leases.person import UNKNOWN
from vaultaws.leases.revoke import holders_of
from vaultaws.leases.words import count
from vaultaws.model import CredentialType, Role

NOBODYS: Final = "leases of nobody known"


def observe(sources: Sources, scope: Scope, case: Case | None = None) -> Picture:
    """Look at all that the scope may touch; a case that is gone on with adds what it knows."""
    look = Looking(sources, scope)
    at, own = _own_in_aws(look)
    place, regions = _place(look, case)
    roles = _roles(look)
    holdings = _holdings(look)
    chosen = [held for held in holdings if scopes.fits(scope, held, sources.key_hash)]
    _tell_nobodys(look, holdings, case)
    suspects = [_suspect(held, roles, place, scope) for held in chosen]
    suspects = users.named(look, suspects, roles)
    if case is not None:  # what is not seen any more stays, and what is seen keeps what was known
        suspects = list(united((*case.suspects, *suspects)))
    own, seen_logins, accessors = logins.look(sources.vault, scope, own, chosen, look.vault_fault)
    seen_statics = statics.seen(look)
    others = _others(holdings, chosen, roles, place, at)
    return Picture(
        place=place,
        taken_at=at,
        suspects=tuple(suspects),
        logins=seen_logins,
        accessors=accessors,
        roles=roles,
        statics=seen_statics,
        others=others,
        own=own,
        regions=regions,
        seeds=(place.root_key_id,) if scope.root and place.root_key_id else (),
        notes=tuple(look.notes),
        blind=dict(look.blind),
        unseen=look.still_unseen(case.unseen if case is not None else {}),
    )


def _own_in_aws(look: Looking) -> tuple[datetime, Own]:
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


def _place(look: Looking, case: Case | None) -> tuple[Place, tuple[str, ...]]:
    """Which mount and account, and the regions in which Vault asks STS and IAM; what is not
    answered now, the case may know."""
    sources, known = look.sources, case.place if case else None
    vault = sources.vault
    key, user, account, regions = "", sources.root_user, "", tuple[str, ...]()
    try:
        root = vault.read_root(sources.mount)
        key = root.access_key_id if root else ""
        regions = (root.sts_region, root.region) if root else ()
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
    place = Place(
        server=vault.address,
        namespace=vault.namespace,
        mount=sources.mount,
        account=account or (known.account if known else ""),
        root_user=user or (known.root_user if known else ""),
        root_key_id=key,
    )
    return place, tuple(filter(None, regions))


def _roles(look: Looking) -> dict[str, Role]:
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


def _holdings(look: Looking) -> tuple[Holding, ...]:
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
        return remembered(sources)
    look.notes.extend(taken.notes)
    return taken.holdings


def _tell_nobodys(look: Looking, holdings: Iterable[Holding], case: Case | None) -> None:
    """A person's case leaves out leases of which nothing tells whose they are: they stay unknown,
    also when they have ended meanwhile, until there is an audit log."""
    if not look.scope.person:
        return
    anybodys = replace(look.scope, person="", everything=True)
    nobodys = [
        held
        for held in holdings
        if held.person in {"", UNKNOWN} and scopes.fits(anybodys, held, look.sources.key_hash)
    ]
    if nobodys:
        look.unseen[NOBODYS] = (
            f"only Vault's audit log tells whose {count(len(nobodys), 'lease is', 'leases are')};"
            " name it (--audit-log), or contain by role"
        )
    elif case is not None and NOBODYS in case.unseen and not look.sources.audit_files:
        look.unseen[NOBODYS] = case.unseen[NOBODYS]


def _suspect(held: Holding, roles: Mapping[str, Role], place: Place, scope: Scope) -> Suspect:
    role = roles.get(held.role)
    said = scope.key if "…" not in scope.key else ""
    holders = _holders(held, role, roles, place)
    return Suspect(
        access_key_id=held.access_key_id or said,
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
