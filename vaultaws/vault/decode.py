"""From the servers' JSON to our values. Pure; what cannot be understood raises VaultError.

Shapes: Vault API (developer.hashicorp.com/vault/api-docs), seen on Vault 1.14 and 1.21 and on
OpenBao 2.7. Unknown fields are ignored; a missing or wrong one is an error, not a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from vaultaws.errors import VaultError
from vaultaws.model import (
    Credentials,
    CredentialType,
    Issued,
    JsonObject,
    Lease,
    MountInfo,
    Pairs,
    Role,
    RootConfig,
    Secret,
    ServerHealth,
    ServerProduct,
    StaticRole,
    TokenInfo,
)
from vaultaws.vault.durations import parse_duration

_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
_LONGEST_SECONDS: Final = 10**10


def not_understood(what: str) -> VaultError:
    """The error for an answer without the shape its path promises."""
    return VaultError(
        f"the server's answer has no usable {what}",
        why="it is not what Vault and OpenBao send, or a version not yet known",
        do="check that the address is a Vault or OpenBao server: vault status",
    )


def parse_time(value: object, what: str = "time") -> datetime | None:
    """Read RFC 3339 with any fraction and zone, in UTC; None for null, "" and Go's zero time."""
    if value is None or value == "":
        return None
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise not_understood(what)
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    micro = int((match[7] or "")[:6].ljust(6, "0"))
    if year == 1:
        return None
    try:
        moment = datetime(year, month, day, hour, minute, second, micro, tzinfo=_zone(match[8]))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise not_understood(what) from fault


def _zone(text: str) -> timezone:
    if text in {"Z", "z"}:
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def seconds(value: object, what: str) -> int:
    """Read whole seconds from a number or a Go duration; null and "" are 0."""
    if value is None or value == "":
        return 0
    if isinstance(value, str):
        try:
            value = parse_duration(value)
        except ValueError as fault:
            raise not_understood(what) from fault
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise not_understood(what)
    if not -_LONGEST_SECONDS < value < _LONGEST_SECONDS:
        raise not_understood(what)
    return int(value)


def text(data: JsonObject, key: str) -> str:
    """Read a string field; null and absent are empty."""
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise not_understood(key)
    return value


def required_text(data: JsonObject, key: str) -> str:
    value = text(data, key)
    if not value:
        raise not_understood(key)
    return value


def texts(data: JsonObject, key: str) -> tuple[str, ...]:
    """Read a list of strings; null is empty, a bare string is split at commas as Vault does."""
    value = data.get(key)
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise not_understood(key)
    return tuple(value)


def pairs(data: JsonObject, key: str) -> Pairs:
    """Read a map of strings, sorted by name; null is empty."""
    value = mapping(data.get(key) or {}, key)
    if not all(isinstance(entry, str) for entry in value.values()):
        raise not_understood(key)
    return tuple(sorted(value.items()))


def flag(data: JsonObject, key: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise not_understood(key)
    return value


def mapping(value: object, what: str) -> JsonObject:
    """Return `value` when it is a JSON object."""
    if not isinstance(value, Mapping):
        raise not_understood(what)
    return value


def objects(data: JsonObject, key: str) -> tuple[JsonObject, ...]:
    """Read a list of JSON objects; null is empty."""
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise not_understood(key)
    return tuple(mapping(entry, key) for entry in value)


def payload(answer: JsonObject | None) -> JsonObject:
    """Return the `data` object of an ordinary answer."""
    return mapping((answer or {}).get("data"), "data")


def keys(answer: JsonObject | None) -> list[str]:
    """The names in a LIST answer."""
    return list(texts(payload(answer), "keys"))


def health(answer: JsonObject) -> ServerHealth:
    """Decode `sys/health`.

    Vault says `enterprise` there since 1.17 and is at major version 1 before that; OpenBao
    never says it and starts at 2.
    """
    version = required_text(answer, "version")
    time = answer.get("server_time_utc")
    vault = "enterprise" in answer or version.startswith(("0.", "1."))
    return ServerHealth(
        product=ServerProduct.VAULT if vault else ServerProduct.OPENBAO,
        version=version,
        initialized=flag(answer, "initialized"),
        sealed=flag(answer, "sealed"),
        standby=flag(answer, "standby") or flag(answer, "performance_standby"),
        enterprise=flag(answer, "enterprise"),
        time=time if isinstance(time, int) else None,
    )


def token_info(data: JsonObject) -> TokenInfo:
    """Decode the data of `auth/token/lookup-self`."""
    named = (*texts(data, "policies"), *texts(data, "identity_policies"))
    return TokenInfo(
        accessor=text(data, "accessor"),
        display_name=text(data, "display_name"),
        entity_id=text(data, "entity_id"),
        policies=tuple(dict.fromkeys(named)),
        expires_at=parse_time(data.get("expire_time"), "expire_time"),
        renewable=flag(data, "renewable"),
        is_batch=text(data, "type") == "batch",
        uses_left=seconds(data.get("num_uses"), "num_uses"),
    )


def mounts(answer: JsonObject) -> dict[str, MountInfo]:
    """Decode `sys/mounts`; newer servers repeat the map under `data`, old ones do not."""
    listed = answer.get("data") or {
        path: entry for path, entry in answer.items() if path.endswith("/")
    }
    decoded = (mount(path, entry) for path, entry in mapping(listed, "mounts").items())
    return {entry.path: entry for entry in decoded}


def mount(path: str, entry: object) -> MountInfo:
    fields = mapping(entry, f"mount {path}")
    config = mapping(fields.get("config") or {}, "mount config")
    return MountInfo(
        path=path.strip("/"),
        type=required_text(fields, "type"),
        accessor=text(fields, "accessor"),
        default_lease_ttl_seconds=seconds(config.get("default_lease_ttl"), "default_lease_ttl"),
        max_lease_ttl_seconds=seconds(config.get("max_lease_ttl"), "max_lease_ttl"),
        description=text(fields, "description"),
        audit_non_hmac_request_keys=texts(config, "audit_non_hmac_request_keys"),
        audit_non_hmac_response_keys=texts(config, "audit_non_hmac_response_keys"),
        listing_visibility=text(config, "listing_visibility"),
    )


def root_config(data: JsonObject) -> RootConfig:
    """Decode the data of `config/root`."""
    retries = data.get("max_retries", RootConfig.max_retries)
    return RootConfig(
        access_key_id=text(data, "access_key"),
        region=text(data, "region"),
        iam_endpoint=text(data, "iam_endpoint"),
        sts_endpoint=text(data, "sts_endpoint"),
        sts_region=text(data, "sts_region"),
        sts_fallback_endpoints=texts(data, "sts_fallback_endpoints"),
        sts_fallback_regions=texts(data, "sts_fallback_regions"),
        username_template=text(data, "username_template"),
        max_retries=seconds(retries, "max_retries"),
        role_arn=text(data, "role_arn"),
        identity_token_audience=text(data, "identity_token_audience"),
        identity_token_ttl_seconds=seconds(data.get("identity_token_ttl"), "identity_token_ttl"),
        rotation_period_seconds=seconds(data.get("rotation_period"), "rotation_period"),
        rotation_schedule=text(data, "rotation_schedule"),
        rotation_window_seconds=seconds(data.get("rotation_window"), "rotation_window"),
        disable_automated_rotation=flag(data, "disable_automated_rotation"),
    )


def lease_config(data: JsonObject) -> tuple[int, int]:
    """Decode the data of `config/lease`: lease and lease_max in seconds."""
    return seconds(data.get("lease"), "lease"), seconds(data.get("lease_max"), "lease_max")


def role(name: str, data: JsonObject) -> Role:
    """Decode the data of `roles/NAME`.

    `credential_type` is a string; servers before 1.15 may say `credential_types`, a list whose
    first entry is the one a read of `creds/` serves. A legacy role has several.
    """
    first, *others = _credential_types(data)
    return Role(
        name=name,
        credential_type=first,
        other_types=tuple(others),
        policy_document=_policy(name, data.get("policy_document")),
        policy_arns=texts(data, "policy_arns"),
        role_arns=texts(data, "role_arns"),
        iam_groups=texts(data, "iam_groups"),
        iam_tags=pairs(data, "iam_tags"),
        session_tags=pairs(data, "session_tags"),
        external_id=text(data, "external_id"),
        default_sts_ttl_seconds=seconds(data.get("default_sts_ttl"), "default_sts_ttl"),
        max_sts_ttl_seconds=seconds(data.get("max_sts_ttl"), "max_sts_ttl"),
        user_path=text(data, "user_path"),
        permissions_boundary_arn=text(data, "permissions_boundary_arn"),
        mfa_serial_number=text(data, "mfa_serial_number"),
    )


def static_role(name: str, data: JsonObject) -> StaticRole:
    """Decode the data of `static-roles/NAME`."""
    return StaticRole(
        name=name,
        username=required_text(data, "username"),
        rotation_period_seconds=seconds(data.get("rotation_period"), "rotation_period"),
        assume_role_arn=text(data, "assume_role_arn"),
        assume_role_session_name=text(data, "assume_role_session_name"),
        external_id=text(data, "external_id"),
    )


def static_key(data: JsonObject) -> tuple[str, datetime | None]:
    """The key id and its end from `static-creds/NAME`; the secret beside them is not touched."""
    return required_text(data, "access_key"), parse_time(data.get("expiration"), "expiration")


def _credential_types(data: JsonObject) -> list[CredentialType]:
    named = texts(data, "credential_type") or texts(data, "credential_types")
    try:
        types = [CredentialType(each) for each in named]
    except ValueError as fault:
        raise not_understood("credential_type") from fault
    if not types:
        raise not_understood("credential_type")
    return types


def _policy(role_name: str, value: object) -> JsonObject | None:
    """A policy is an object or the JSON text of one; null and "" are none."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        raise VaultError(
            f"role {role_name} on the server has a policy_document that is no policy",
            why="it is not a JSON object; the engine stores any JSON",
            do=f"write the role again, or delete it: vault delete MOUNT/roles/{role_name}",
        )
    return value


def lease(data: JsonObject) -> Lease:
    """Decode the data of `sys/leases/lookup`."""
    return Lease(
        id=required_text(data, "id"),
        issued_at=parse_time(data.get("issue_time"), "issue_time"),
        expires_at=parse_time(data.get("expire_time"), "expire_time"),
        renewable=flag(data, "renewable"),
        ttl_seconds=seconds(data.get("ttl"), "ttl"),
    )


def lease_of_answer(answer: JsonObject, asked_at: datetime) -> Lease:
    """The lease an answer carries; its end is counted from before the request, so never late."""
    duration = seconds(answer.get("lease_duration"), "lease_duration")
    return Lease(
        id=required_text(answer, "lease_id"),
        issued_at=asked_at,
        expires_at=asked_at + timedelta(seconds=duration) if duration else None,
        renewable=flag(answer, "renewable"),
        ttl_seconds=duration,
    )


def issued(answer: JsonObject | None, *, role_name: str, asked_at: datetime) -> Issued:
    """Decode an answer of `creds/` or `sts/`.

    A token's own end is `data.ttl` after the request: its lease may be shorter (the mount's
    maximum) but AWS honours the token to its own end. An IAM user's key has no end in AWS.
    """
    if answer is None:
        raise not_understood("credentials")
    data = payload(answer)
    found = lease_of_answer(answer, asked_at)
    token = text(data, "session_token") or text(data, "security_token")
    life = seconds(data.get("ttl"), "ttl") or found.ttl_seconds
    return Issued(
        lease=found,
        credentials=Credentials(
            access_key_id=required_text(data, "access_key"),
            secret_access_key=Secret(required_text(data, "secret_key")),
            session_token=Secret(token) if token else None,
            expires_at=asked_at + timedelta(seconds=life) if token and life else None,
        ),
        role=role_name,
        arn=text(data, "arn"),
    )
