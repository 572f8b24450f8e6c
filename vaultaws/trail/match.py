"""CloudTrail against Vault's audit log: who holds each credential that Vault's identity minted.

The join: the audit log writes a key id as a digest; the server tells the digest of a key id
(`sys/audit-hash`); so a key id seen in CloudTrail leads to the lease and to who asked.
Everything here is pure.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from vaultaws.aws.cutdocs import denies_of
from vaultaws.leases import person
from vaultaws.model import AuditIssuance, Event
from vaultaws.trail.verdicts import Act, Matching, Standing, Use, Verdict

# CloudTrail delivers "within an average of about 5 minutes" and no bound; 15 is its old promise.
DELIVERY: Final = timedelta(minutes=15)
CLOCK_SKEW: Final = timedelta(minutes=2)
_COMMONEST: Final = 3

# What the engine does to a user it makes (builtin/logical/aws/secret_access_keys.go).
_ENGINE_ON_USERS: Final = frozenset(
    {"CreateUser", "PutUserPolicy", "AttachUserPolicy", "AddUserToGroup", "TagUser"}
)
# What opens access and the engine never does.
_NEVER: Final = frozenset(
    {
        "AttachGroupPolicy",
        "AttachRolePolicy",
        "CreateLoginProfile",
        "CreatePolicyVersion",
        "CreateRole",
        "CreateSAMLProvider",
        "CreateOpenIDConnectProvider",
        "CreateServiceSpecificCredential",
        "DeactivateMFADevice",
        "DeleteUserPermissionsBoundary",
        "GetSigninToken",
        "PutGroupPolicy",
        "PutRolePolicy",
        "PutUserPermissionsBoundary",
        "SetDefaultPolicyVersion",
        "UpdateAccessKey",
        "UpdateAssumeRolePolicy",
        "UpdateLoginProfile",
        "UploadSSHPublicKey",
        "UploadSigningCertificate",
    }
)


@dataclass(frozen=True)
class VaultIdentity:
    """Vault's own credentials in AWS: all root key ids it ever had, and its IAM user."""

    key_ids: frozenset[str] = frozenset()
    user_name: str = ""

    def made(self, event: Event) -> bool:
        """True when Vault's identity made the call."""
        if event.access_key_id and event.access_key_id in self.key_ids:
            return True
        named = bool(self.user_name) and event.user_name == self.user_name
        return named and event.identity_type == "IAMUser"


@dataclass(frozen=True)
class AuditView:
    """The audit log as evidence. `digests` maps key ids to what the log would write for them;
    `begins` is its first line's time, None without a log."""

    issuances: Sequence[AuditIssuance] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    rotations: Sequence[datetime] = ()
    begins: datetime | None = None


def match(
    events: Sequence[Event],
    audit: AuditView,
    identity: VaultIdentity,
    *,
    since: datetime,
    watermark: datetime,
    alive_beyond: Mapping[str, datetime] | None = None,
) -> Matching:
    """Judge every credential. `events` begin at `since`; the audit log may reach further.

    Before `watermark` CloudTrail is taken as complete. `alive_beyond` maps the leases that are
    over while their token lives to the token's end.
    """
    uses = _uses(events)
    minting = [event for event in events if event.issued_access_key_id and not event.error_code]
    by_root = [event for event in minting if identity.made(event)]
    by_key = {found.access_key: found for found in audit.issuances}
    verdicts = {
        event.issued_access_key_id: _judge(event, audit, by_key, identity) for event in by_root
    }
    _add_descendants(verdicts, [event for event in minting if not identity.made(event)])
    seen = {found.lease_id for found in verdicts.values()}
    unseen = [
        _unseen(found, watermark)
        for found in audit.issuances
        if found.lease_id not in seen and found.time >= since + CLOCK_SKEW
    ]
    finished = [
        replace(
            found,
            use=uses.get(found.access_key_id, Use()),
            alive_until=(alive_beyond or {}).get(found.lease_id),
        )
        for found in [*verdicts.values(), *unseen]
    ]
    ordered = sorted(finished, key=lambda found: (found.time or watermark, found.access_key_id))
    return Matching(tuple(ordered), tuple(_acts(events, verdicts, identity, watermark)))


def _judge(
    event: Event,
    audit: AuditView,
    by_key: Mapping[str, AuditIssuance],
    identity: VaultIdentity,
) -> Verdict:
    key = event.issued_access_key_id
    issuance = by_key.get(key) or by_key.get(audit.digests.get(key, ""))
    if issuance:
        return _explained(event, issuance)
    if _is_rotation(event, audit, identity):
        return Verdict(Standing.ROTATION, key, event)
    if audit.begins is None or event.time < audit.begins - CLOCK_SKEW:
        return Verdict(Standing.UNCOVERED, key, event)
    return Verdict(Standing.UNEXPLAINED, key, event)


def _explained(event: Event, issuance: AuditIssuance) -> Verdict:
    return replace(
        _of_issuance(Standing.EXPLAINED, issuance),
        access_key_id=event.issued_access_key_id,
        minted=event,
    )


def _of_issuance(standing: Standing, issuance: AuditIssuance) -> Verdict:
    name = person.readable(
        issuance.display_name, username=issuance.username, entity_id=issuance.entity_id
    )
    role = issuance.path.rsplit("/", 1)[-1]
    return Verdict(standing, issuance=issuance, person=name, role=role)


def _unseen(issuance: AuditIssuance, watermark: datetime) -> Verdict:
    late = issuance.time < watermark
    return _of_issuance(Standing.MISSING if late else Standing.PENDING, issuance)


def _is_rotation(event: Event, audit: AuditView, identity: VaultIdentity) -> bool:
    """A key for Vault's own user, made while Vault answered `config/rotate-root`."""
    if event.name != "CreateAccessKey" or event.target not in {"", identity.user_name}:
        return False
    return any(abs(moment - event.time) <= CLOCK_SKEW for moment in audit.rotations)


def _add_descendants(verdicts: dict[str, Verdict], minting: Iterable[Event]) -> None:
    """Follow what credentials minted: AssumeRole, GetSessionToken, CreateAccessKey … and on."""
    children: defaultdict[str, list[Event]] = defaultdict(list)
    for event in minting:
        children[event.access_key_id].append(event)
    waiting = list(verdicts)
    while waiting:
        parent = verdicts[waiting.pop()]
        for event in children.pop(parent.access_key_id, ()):
            key = event.issued_access_key_id
            if key not in verdicts:
                verdicts[key] = _descendant(parent, event)
                waiting.append(key)


def _descendant(parent: Verdict, event: Event) -> Verdict:
    sound = parent.standing in {Standing.EXPLAINED, Standing.DESCENDANT}
    return Verdict(
        Standing.DESCENDANT if sound else parent.standing,
        event.issued_access_key_id,
        event,
        person=parent.person,
        role=parent.role,
        parent_key=parent.access_key_id,
    )


def _acts(
    events: Sequence[Event],
    verdicts: Mapping[str, Verdict],
    identity: VaultIdentity,
    watermark: datetime,
) -> list[Act]:
    """Calls of Vault's identity that open access without an issuance to explain them."""
    mine = [event for event in events if identity.made(event) and not event.error_code]
    good = {
        found.minted.target
        for found in verdicts.values()
        if found.minted and found.standing is not Standing.UNEXPLAINED
    }
    undone = {event.target for event in mine if event.name == "DeleteUser"}
    return [
        Act(event, event.target)
        for event in mine
        if event.name in _NEVER
        or (
            event.name in _ENGINE_ON_USERS
            and event.target not in good | undone
            and event.time < watermark
            and not _is_cut(event)
        )
    ]


def _is_cut(event: Event) -> bool:
    """True for a policy that is nothing but denies of ours: it opens nothing."""
    try:
        document = json.loads(event.policy_document)
    except (TypeError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and denies_of(document) is not None


def _uses(events: Iterable[Event]) -> dict[str, Use]:
    calls: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.access_key_id:
            calls[event.access_key_id].append(event)
    return {key: _use(made) for key, made in calls.items()}


def _use(made: Sequence[Event]) -> Use:
    last = max(made, key=lambda event: event.time)
    common = Counter(f"{event.service} {event.name}" for event in made).most_common(_COMMONEST)
    return Use(
        calls=len(made),
        denied=sum(is_denial(event.error_code) for event in made),
        actions=tuple(action for action, _ in common),
        first=min(event.time for event in made),
        last=last.time,
        last_service=last.service,
    )


def is_denial(code: str) -> bool:
    """True for a policy's no (AccessDenied, Client.UnauthorizedOperation, …)."""
    return "AccessDenied" in code or "Unauthorized" in code
