"""From our values to the bodies of the engine's writes. Pure."""

from __future__ import annotations

import json
from typing import Any

from vaultaws.model import JsonObject, Role, RootConfig, Secret


def role_fields(role_: Role) -> dict[str, Any]:
    """The whole role as the engine's write takes it, every field said so that none lingers."""
    policy = role_.policy_document
    return {
        "credential_type": role_.credential_type.value,
        "policy_document": json.dumps(policy) if policy is not None else "",
        "policy_arns": list(role_.policy_arns),
        "role_arns": list(role_.role_arns),
        "default_sts_ttl": role_.default_sts_ttl_seconds,
        "max_sts_ttl": role_.max_sts_ttl_seconds,
        "user_path": role_.user_path,
        "permissions_boundary_arn": role_.permissions_boundary_arn,
    }


def root_fields(
    stored: JsonObject, root: RootConfig, secret_access_key: Secret | None
) -> dict[str, Any]:
    """The body of a `config/root` write: what is stored, overlaid with what `root` says.

    A write without a field resets it (hashicorp/vault#29851), so every stored field goes back,
    those we have no name for included. An empty field of `root` says nothing.
    """
    kept = {key: value for key, value in stored.items() if value and key != "access_key"}
    said = {
        "region": root.region,
        "iam_endpoint": root.iam_endpoint,
        "sts_endpoint": root.sts_endpoint,
        "sts_region": root.sts_region,
        "username_template": root.username_template,
    }
    body: dict[str, Any] = kept | {key: value for key, value in said.items() if value}
    if root.max_retries >= 0:
        body["max_retries"] = root.max_retries
    if secret_access_key is not None:
        body["access_key"] = root.access_key_id
        body["secret_key"] = secret_access_key.reveal()
    return body
