"""From our values to the bodies of the engine's writes. Pure."""

from __future__ import annotations

import json
from typing import Any, Final

from vaultaws.model import JsonObject, Role, RootConfig, Secret, StaticRole

_SPANS: Final = ("default_lease_ttl", "max_lease_ttl")


def role_fields(role_: Role) -> dict[str, Any]:
    """The whole role as the engine's write takes it, every field said so that none lingers."""
    policy = role_.policy_document
    return {
        "credential_type": role_.credential_type.value,
        "policy_document": json.dumps(policy) if policy is not None else "",
        "policy_arns": list(role_.policy_arns),
        "role_arns": list(role_.role_arns),
        "iam_groups": list(role_.iam_groups),
        "iam_tags": dict(role_.iam_tags),
        "session_tags": dict(role_.session_tags),
        "external_id": role_.external_id,
        "default_sts_ttl": role_.default_sts_ttl_seconds,
        "max_sts_ttl": role_.max_sts_ttl_seconds,
        "user_path": role_.user_path,
        "permissions_boundary_arn": role_.permissions_boundary_arn,
        "mfa_serial_number": role_.mfa_serial_number,
    }


def static_role_fields(role_: StaticRole) -> dict[str, Any]:
    """The whole static role. Vault's community edition refuses to hear of the fields that only
    Enterprise has, even when they are empty."""
    enterprise = {
        "assume_role_arn": role_.assume_role_arn,
        "assume_role_session_name": role_.assume_role_session_name,
        "external_id": role_.external_id,
    }
    said = {key: value for key, value in enterprise.items() if value}
    return {"username": role_.username, "rotation_period": role_.rotation_period_seconds} | said


def mount_settings(settings: JsonObject) -> dict[str, Any]:
    """The body of a mount's tuning: spans in seconds as Go durations, the rest as it stands."""
    spans = {key: f"{settings[key]}s" for key in _SPANS if key in settings}
    return {**settings, **spans}


def root_fields(
    stored: JsonObject, root: RootConfig, secret_access_key: Secret | None
) -> dict[str, Any]:
    """The body of a `config/root` write that leaves exactly `root` there.

    A write without a field resets it: every field on engines before Vault 1.19
    (hashicorp/vault#17716), username_template on all (hashicorp/vault#29851). So each stored
    field is said again, as `root` has it, and those we have no name for as they are. A field
    that the engine does not keep is said only when `root` sets it. The key pair goes along when
    there is a secret; an empty pair clears the stored one.
    """
    said, unset = _root_values(root), _root_values(RootConfig())
    body = {
        key: value
        for key, value in stored.items()
        if key not in said and key != "access_key" and value is not None
    }
    body |= {key: value for key, value in said.items() if key in stored or value != unset[key]}
    if secret_access_key is not None:
        body["access_key"] = root.access_key_id
        body["secret_key"] = secret_access_key.reveal()
    return body


def _root_values(root: RootConfig) -> dict[str, Any]:
    return {
        "region": root.region,
        "iam_endpoint": root.iam_endpoint,
        "sts_endpoint": root.sts_endpoint,
        "sts_region": root.sts_region,
        "sts_fallback_endpoints": list(root.sts_fallback_endpoints),
        "sts_fallback_regions": list(root.sts_fallback_regions),
        "username_template": root.username_template,
        "max_retries": root.max_retries,
        "role_arn": root.role_arn,
        "identity_token_audience": root.identity_token_audience,
        "identity_token_ttl": root.identity_token_ttl_seconds,
        "rotation_period": root.rotation_period_seconds,
        "rotation_schedule": root.rotation_schedule,
        "rotation_window": root.rotation_window_seconds,
        "disable_automated_rotation": root.disable_automated_rotation,
    }
