"""What audit records tell of issuances: answered at once, or wrapped and taken out later. Pure.

A wrapped answer is logged as its wrapping token alone. Key and lease stand in the answer to
sys/wrapping/unwrap, whose request bears that token as its own or names it (seen in Vault 1.21.1 and
OpenBao 2.7.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from vaultaws.model import AuditIssuance
from vaultaws.trail.auditlines import namespace_of

ISSUANCE: Final = re.compile(r"(?P<mount>.+)/(?P<endpoint>creds|sts)/[^/]+")
UNWRAP: Final = "sys/wrapping/unwrap"
_LONGEST_TOKEN_SECONDS: Final = 10 * 365 * 86_400


@dataclass(frozen=True)
class AuditWrapped:
    """Vault answered an issuance with a wrapping token, which is `token` in the log. `issuance`
    lacks the lease and the key."""

    token: str
    issuance: AuditIssuance


@dataclass(frozen=True)
class AuditUnwrapped:
    """Somebody took an issuance's answer out of its wrapping. `tokens` are those of the request,
    one of which wrapped it; `issuance` tells of the one who took it out."""

    tokens: frozenset[str]
    issuance: AuditIssuance


def answered(entry: dict[str, Any], moment: datetime) -> AuditIssuance | AuditWrapped | None:
    """Read the answer to an issuance. None for a refusal, or another engine's answer."""
    path, wrapping = entry["request"]["path"], _part(entry, "wrap_info")
    if token := str(wrapping.get("token") or ""):
        return AuditWrapped(token, _issuance(entry, moment, path))
    found = _issuance(entry, moment, path)
    is_whole = found.access_key and found.lease_id.startswith(f"{path}/")
    return found if is_whole else None


def unwrapped(
    entry: dict[str, Any], moment: datetime, mounts: frozenset[str]
) -> AuditUnwrapped | None:
    """Read the answer to an unwrapping. None where it was of something else."""
    path = str(_part(entry, "secret").get("lease_id") or "").rpartition("/")[0]
    match = ISSUANCE.fullmatch(path)
    if match is None or (mounts and match["mount"] not in mounts):
        return None
    found = _issuance(entry, moment, path)
    auth, named = entry.get("auth") or {}, entry["request"].get("data") or {}
    tokens = {str(auth.get("client_token") or ""), str(named.get("token") or "")} - {""}
    return AuditUnwrapped(frozenset(tokens), found) if found.access_key else None


def joined(
    wrapped: Iterable[AuditWrapped], taken: Iterable[AuditUnwrapped]
) -> tuple[list[AuditIssuance], list[AuditWrapped]]:
    """Return the issuances that were taken out, each as it was asked for where the log has that,
    and those that nobody took out."""
    asked = {one.token: one for one in wrapped}
    found, out_of = [], set[str]()
    for each in taken:
        token = next((one for one in sorted(each.tokens) if one in asked), "")
        out_of.add(token)
        found.append(_as_asked(each.issuance, asked.get(token)))
    return found, [one for one in asked.values() if one.token not in out_of]


def _as_asked(found: AuditIssuance, wrapped: AuditWrapped | None) -> AuditIssuance:
    """The same with who asked for it, and when, where the log has that."""
    if wrapped is None:
        return found
    return replace(
        wrapped.issuance,
        lease_id=found.lease_id,
        access_key=found.access_key,
        token_ttl_seconds=found.token_ttl_seconds,
        is_sts=found.is_sts,
    )


def _part(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return (entry.get("response") or {}).get(name) or {}


def _issuance(entry: dict[str, Any], moment: datetime, path: str) -> AuditIssuance:
    request, auth, data = entry["request"], entry.get("auth") or {}, _part(entry, "data")
    ttl = data.get("ttl")
    return AuditIssuance(
        time=moment,
        request_id=str(request.get("id", "")),
        path=path,
        lease_id=str(_part(entry, "secret").get("lease_id") or ""),
        access_key=str(data.get("access_key") or ""),
        entity_id=str(auth.get("entity_id", "")),
        display_name=str(auth.get("display_name", "")),
        token_accessor=str(auth.get("accessor", "")),
        remote_address=str(request.get("remote_address", "")),
        username=str((auth.get("metadata") or {}).get("username", "")),
        token_ttl_seconds=ttl
        if isinstance(ttl, int) and 0 < ttl <= _LONGEST_TOKEN_SECONDS
        else None,
        is_sts=bool(data.get("session_token") or data.get("security_token")),
        namespace=namespace_of(request),
    )
