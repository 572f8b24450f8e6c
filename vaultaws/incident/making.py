"""What a CloudTrail event made: a session, a user, a key, a way into the console. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.incident.model import Suspect
from vaultaws.leases.words import short_key
from vaultaws.model import CredentialType, Event

_DEFAULT_SECONDS: Final = {
    "AssumeRole": 3600,
    "GetFederationToken": 43_200,
    "GetSessionToken": 43_200,
}
"""DurationSeconds where the call does not say it (AWS STS API reference)."""

OPENING: Final = frozenset(
    {
        "AddUserToGroup",
        "AttachGroupPolicy",
        "AttachRolePolicy",
        "AttachUserPolicy",
        "CreateOpenIDConnectProvider",
        "CreatePolicyVersion",
        "CreateRole",
        "CreateSAMLProvider",
        "CreateServiceSpecificCredential",
        "DeactivateMFADevice",
        "DeleteRolePolicy",
        "DeleteUserPolicy",
        "DetachUserPolicy",
        "PutGroupPolicy",
        "PutRolePolicy",
        "PutUserPolicy",
        "SetDefaultPolicyVersion",
        "UpdateAssumeRolePolicy",
        "UploadSSHPublicKey",
        "UploadSigningCertificate",
    }
)
"""Calls of IAM that open a way in or take a deny away. A cut does not undo them."""


@dataclass(frozen=True)
class Made:
    """One event, and the aws:userid of the session that came of it (empty where none did)."""

    event: Event
    session: str = ""


def session_of(record: object) -> str:
    """The aws:userid in STS's answer (IAM user guide, "Principal key values")."""
    answer = record.get("responseElements") if isinstance(record, Mapping) else None
    for part, name in (("assumedRoleUser", "assumedRoleId"), ("federatedUser", "federatedUserId")):
        found = answer.get(part) if isinstance(answer, Mapping) else None
        value = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(value, str):
            return value
    return ""


def suspect_of(made: Made) -> Suspect | None:
    """The credential or user that came of an event; None where it made none, or failed."""
    make = MAKING.get(made.event.name)
    return None if make is None or made.event.error_code else make(made)


def opened(event: Event) -> str:
    """What a call opened, in words; empty where it opened nothing."""
    if event.error_code or event.name not in OPENING:
        return ""
    names = ("userName", "roleName", "groupName", "policyArn", "name")
    values = (event.request.get(name) for name in names)
    target = next((value for value in values if isinstance(value, str)), "")
    return f"{event.name} {target}".strip() + f" with {short_key(event.access_key_id)}"


def _assumed(made: Made) -> Suspect | None:
    arn = _text(made.event.request, "roleArn")
    return _token(
        made,
        CredentialType.ASSUMED_ROLE,
        Holder(HolderKind.ROLE, arn.rsplit("/", 1)[-1]) if arn else None,
        arn,
    )


def _federated(made: Made) -> Suspect | None:
    return _token(made, CredentialType.FEDERATION_TOKEN, _own_user(made.event))


def _session(made: Made) -> Suspect | None:
    return _token(made, CredentialType.SESSION_TOKEN, _own_user(made.event))


def _token(
    made: Made, kind: CredentialType, holder: Holder | None, role_arn: str = ""
) -> Suspect | None:
    event = made.event
    if not event.issued_access_key_id:
        return None
    seconds = event.request.get("durationSeconds")
    life = seconds if isinstance(seconds, int) else _DEFAULT_SECONDS[event.name]
    return Suspect(
        access_key_id=event.issued_access_key_id,
        credential_type=kind,
        issued_at=event.time,
        ends_at=event.time + timedelta(seconds=life),
        holder=holder,
        account=role_arn.split(":")[4] if role_arn.count(":") >= 5 else "",
        parent_key=event.access_key_id,
        made_by=event.name,
        session=made.session,
    )


def _user(made: Made) -> Suspect | None:
    event = made.event
    user = _text(event.request, "userName") or event.user_name
    if not user or _text(event.request, "status") == "Inactive":
        return None
    return Suspect(
        access_key_id=event.issued_access_key_id or _text(event.request, "accessKeyId"),
        credential_type=CredentialType.IAM_USER,
        issued_at=event.time,
        user=user,
        parent_key=event.access_key_id,
        made_by=event.name,
    )


def _own_user(event: Event) -> Holder | None:
    return Holder(HolderKind.USER, event.user_name) if event.user_name else None


def _text(request: Mapping[str, Any], name: str) -> str:
    value = request.get(name)
    return value if isinstance(value, str) else ""


MAKING: Final[Mapping[str, Callable[[Made], Suspect | None]]] = {
    "AssumeRole": _assumed,
    "GetFederationToken": _federated,
    "GetSessionToken": _session,
    "CreateUser": _user,
    "CreateAccessKey": _user,
    "CreateLoginProfile": _user,
    "UpdateLoginProfile": _user,
    "UpdateAccessKey": _user,
}
"""The calls whose answer is a credential, a user, or a way for one to come back."""
