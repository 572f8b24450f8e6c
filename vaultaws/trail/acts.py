"""Calls with Vault's identity that open access, and that Vault never makes by itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from vaultaws.aws.cutdocs import denies_of
from vaultaws.model import Event
from vaultaws.trail.evidence import ROLLBACK, Span
from vaultaws.trail.verdicts import Act, Standing, Verdict

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
        "DeleteRolePermissionsBoundary",
        "DeleteUserPermissionsBoundary",
        "GetSigninToken",
        "PutGroupPolicy",
        "PutRolePolicy",
        "PutRolePermissionsBoundary",
        "PutUserPermissionsBoundary",
        "SetDefaultPolicyVersion",
        "UpdateAccessKey",
        "UpdateAssumeRolePolicy",
        "UpdateLoginProfile",
        "UploadSSHPublicKey",
        "UploadSigningCertificate",
    }
)
NOTED: Final = _ENGINE_ON_USERS | _NEVER | {"DeleteUser"}
"""The names of the calls that `acts_of` wants to see."""


_ITS_USERS: Final = frozenset(
    {Standing.EXPLAINED, Standing.DESCENDANT, Standing.ROLLED_BACK, Standing.UNCOVERED}
)
"""Standings of keys whose user the engine made for them. Users of static roles, and Vault's own,
are there before, and the engine gives them keys alone."""


def acts_of(
    calls: Iterable[Event],
    verdicts: Mapping[str, Verdict],
    watermark: datetime,
    *,
    failed: Sequence[Span] = (),
    lost: Sequence[Span] = (),
) -> list[Act]:
    """Judge Vault's own calls (those of `NOTED` that succeeded), in the order of time.

    What the engine does to a user that it makes comes before the user's key. So it is an act when
    it comes later, and where no key of that user is accounted for, unless the user was taken away
    again. `failed` are the spans of issuances that failed, whose users may still stand, `lost`
    those in which the key's event can be lost. A deny of ours opens nothing.
    """
    mine = sorted(calls, key=lambda event: (event.time, event.event_id))
    made = {
        found.minted.target: found.minted.time
        for found in verdicts.values()
        if found.minted and found.minted.target and found.standing in _ITS_USERS
    }
    undone = {event.target for event in mine if event.name == "DeleteUser"}

    def is_engines(event: Event) -> bool:
        """True where the engine did it, or may have."""
        if event.target in made:
            return event.time <= made[event.target]
        young = event.time >= watermark - ROLLBACK
        return (
            event.target in undone
            or event.time >= watermark
            or _within(event.time, lost)
            or (young and _within(event.time, failed))
        )

    return [
        Act(event, event.target)
        for event in mine
        if event.name in _NEVER
        or (event.name in _ENGINE_ON_USERS and not is_engines(event) and not _is_cut(event))
    ]


def _within(moment: datetime, spans: Sequence[Span]) -> bool:
    return any(span.starts <= moment <= span.ends for span in spans)


def _is_cut(event: Event) -> bool:
    """True for a policy that is nothing but denies of ours: it opens nothing."""
    try:
        document = json.loads(event.policy_document)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and denies_of(document) is not None
