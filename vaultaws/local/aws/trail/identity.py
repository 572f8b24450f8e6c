"""Who called, as CloudTrail writes it: the userIdentity element.

Source: CloudTrail user guide, "CloudTrail userIdentity element", and published records of
eventVersion 1.08 to 1.11.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from vaultaws.local.aws.call import Caller, CallerKind, Session

Json = dict[str, Any]


def iso(moment: datetime) -> str:
    """CloudTrail's time format: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user_identity(caller: Caller | None, account_id: str, access_key_id: str = "") -> Json:
    """The element for a verified caller, or type Unknown where nobody could be verified.

    `account_id` and `access_key_id` (the key the request claimed) serve the unknown caller only.
    """
    if caller is None:
        return _unknown(account_id, access_key_id)
    identity: Json = {
        "type": caller.kind.value,
        "principalId": caller.principal_id,
        "arn": caller.arn,
        "accountId": caller.account_id,
        "accessKeyId": caller.access_key_id,
    }
    if caller.kind is CallerKind.IAM_USER:
        identity["userName"] = caller.user_name
    if caller.session is not None:
        identity["sessionContext"] = _session_context(caller, caller.session)
    return identity


def user_name(caller: Caller | None) -> str:
    """The event history's Username: user, role session or federated name; root for the root."""
    if caller is None:
        return ""
    if caller.kind is CallerKind.ROOT:
        return "root"
    if caller.kind is CallerKind.IAM_USER:
        return caller.user_name
    return caller.arn.rpartition("/")[2]


def _unknown(account_id: str, access_key_id: str) -> Json:
    identity: Json = {"type": "Unknown", "principalId": "unknown", "accountId": account_id}
    if access_key_id:
        identity["accessKeyId"] = access_key_id
    return identity


def _session_context(caller: Caller, session: Session) -> Json:
    context: Json = {}
    if caller.kind is CallerKind.ASSUMED_ROLE:
        context["sessionIssuer"] = _issuer(caller, "Role")
    if caller.kind is CallerKind.FEDERATED_USER:
        by_root = caller.issuer_arn.endswith(":root")
        context["sessionIssuer"] = _issuer(caller, "Root" if by_root else "IAMUser")
        context["webIdFederationData"] = {}
    if session.source_identity:
        context["sourceIdentity"] = session.source_identity
    context["attributes"] = {
        "creationDate": iso(session.issued_at),
        "mfaAuthenticated": "false" if session.mfa_at is None else "true",
    }
    return context


def _issuer(caller: Caller, kind: str) -> Json:
    issuer: Json = {
        "type": kind,
        "principalId": caller.issuer_principal_id,
        "arn": caller.issuer_arn,
        "accountId": caller.account_id,
    }
    if caller.issuer_user_name:
        issuer["userName"] = caller.issuer_user_name
    return issuer
