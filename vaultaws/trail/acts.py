"""Calls with Vault's identity that open access, and that Vault never makes by itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from vaultaws.aws.cutdocs import denies_of
from vaultaws.model import Event
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
NOTED: Final = _ENGINE_ON_USERS | _NEVER | {"DeleteUser"}
"""The names of the calls that `acts_of` wants to see."""


def acts_of(
    calls: Iterable[Event], verdicts: Mapping[str, Verdict], watermark: datetime
) -> list[Act]:
    """Judge Vault's own calls (those of `NOTED` that succeeded), in the order of time.

    What the engine does to a user that it makes is an act only where no key of that user is
    accounted for, and the user was not taken away again. A deny of ours opens nothing.
    """
    mine = sorted(calls, key=lambda event: (event.time, event.event_id))
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
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and denies_of(document) is not None
