"""STS (service authorization reference, "AWS Security Token Service")."""

from __future__ import annotations

from typing import Final

from vaultaws.local.aws.actions.facts import Ask, Mapper, Need
from vaultaws.local.aws.actions.params import (
    Keys,
    merged,
    named,
    request_tags,
    resource_tags,
    texts,
)

_ROLE_KEYS: Final = {
    "sts:externalid": "ExternalId",
    "sts:rolesessionname": "RoleSessionName",
    "sts:sourceidentity": "SourceIdentity",
    "sts:durationseconds": "DurationSeconds",
}


def _assume_role(ask: Ask) -> tuple[Need, ...]:
    """Tags and a source identity are actions of their own on the same role."""
    role = ask.text("RoleArn") or "*"
    tags = ask.call.params.get("Tags")
    context = merged(
        named(ask.call, _ROLE_KEYS),
        request_tags(tags),
        resource_tags(ask, role, "iam"),
        _transitive_keys(ask),
        _mfa(ask),
    )
    needs = [Need("sts:AssumeRole", role, context)]
    if tags:
        needs.append(Need("sts:TagSession", role, context))
    if ask.text("SourceIdentity"):
        needs.append(Need("sts:SetSourceIdentity", role, context))
    return tuple(needs)


def _transitive_keys(ask: Ask) -> Keys:
    keys = texts(ask.call.params.get("TransitiveTagKeys"))
    return {"sts:transitivetagkeys": keys} if keys else {}


def _mfa(ask: Ask) -> Keys:
    """A code given with the call counts as MFA for this call: whoever handles the call checks the
    code itself (STS API reference, AssumeRole, "Using MFA with AssumeRole")."""
    if not (ask.text("SerialNumber") and ask.text("TokenCode")):
        return {}
    return {"aws:multifactorauthpresent": ("true",), "aws:multifactorauthage": ("0",)}


def _federation_token(ask: Ask) -> tuple[Need, ...]:
    user = ask.arn("sts", f"federated-user/{ask.text('Name')}", region="")
    tags = ask.call.params.get("Tags")
    context = merged(
        named(ask.call, {"sts:durationseconds": "DurationSeconds"}), request_tags(tags)
    )
    token = Need("sts:GetFederationToken", user, context)
    return (token, Need("sts:TagSession", user, context)) if tags else (token,)


def _session_token(ask: Ask) -> tuple[Need, ...]:
    return (Need("sts:GetSessionToken", "*", _mfa(ask)),)


MAPPERS: Final[dict[str, Mapper]] = {
    "AssumeRole": _assume_role,
    "GetFederationToken": _federation_token,
    "GetSessionToken": _session_token,
}
