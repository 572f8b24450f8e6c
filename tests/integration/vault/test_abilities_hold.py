"""The table of what a server cannot keep, against the servers: each field written and read."""

from __future__ import annotations

import secrets
from dataclasses import fields, replace
from typing import Any, Final

import pytest

from tests.support.engine import Engine
from vaultaws.errors import VaultError
from vaultaws.model import CredentialType, Role, RootConfig, Secret, StaticRole
from vaultaws.vault.abilities import missing

ARN: Final = "arn:aws:iam::123456789012"
ROOT_FIELDS: Final[dict[str, Any]] = {
    "access_key_id": "AKIA" + "1" * 16,
    "region": "eu-west-1",
    "iam_endpoint": "http://127.0.0.1:9",
    "sts_endpoint": "http://127.0.0.1:9",
    "sts_region": "eu-west-2",
    "sts_fallback_endpoints": ("http://127.0.0.1:8",),
    "sts_fallback_regions": ("eu-west-3",),
    "username_template": "vault-{{ random 20 }}",
    "max_retries": 4,
    "role_arn": f"{ARN}:role/vault",
    "identity_token_audience": "vault.example.com",
    "identity_token_ttl_seconds": 600,
    "rotation_period_seconds": 86400,
    "rotation_schedule": "0 0 * * SAT",
    "rotation_window_seconds": 3600,
    "disable_automated_rotation": True,
}
NEEDED_WITH: Final[dict[str, tuple[str, ...]]] = {
    "sts_fallback_endpoints": ("sts_fallback_regions",),
    "sts_fallback_regions": ("sts_fallback_endpoints",),
    "rotation_window_seconds": ("rotation_schedule",),
    "identity_token_audience": ("role_arn",),
}
ROLE_FIELDS: Final[dict[str, tuple[CredentialType, Any]]] = {
    "policy_document": (CredentialType.IAM_USER, {"Version": "2012-10-17"}),
    "policy_arns": (CredentialType.IAM_USER, (f"{ARN}:policy/a",)),
    "role_arns": (CredentialType.ASSUMED_ROLE, (f"{ARN}:role/a",)),
    "iam_groups": (CredentialType.IAM_USER, ("readers",)),
    "iam_tags": (CredentialType.IAM_USER, (("team", "a"),)),
    "session_tags": (CredentialType.ASSUMED_ROLE, (("team", "a"),)),
    "external_id": (CredentialType.ASSUMED_ROLE, "e-1"),
    "default_sts_ttl_seconds": (CredentialType.FEDERATION_TOKEN, 900),
    "max_sts_ttl_seconds": (CredentialType.FEDERATION_TOKEN, 3600),
    "user_path": (CredentialType.IAM_USER, "/team/"),
    "permissions_boundary_arn": (CredentialType.IAM_USER, f"{ARN}:policy/b"),
    "mfa_serial_number": (CredentialType.SESSION_TOKEN, f"{ARN}:mfa/m"),
}
STATIC_FIELDS: Final[dict[str, Any]] = {
    "assume_role_arn": f"{ARN}:role/other",
    "assume_role_session_name": "vault",
    "external_id": "e-1",
}
WORKS_ON_ENTERPRISE_ONLY: Final = frozenset(
    {"role_arn", "identity_token_ttl_seconds", "disable_automated_rotation"}
)
"""Kept by every engine that knows them, and without effect outside Enterprise."""


def test_every_field_is_tried() -> None:
    read_only = {"name", "credential_type", "other_types"}
    assert {*read_only, *ROLE_FIELDS} == {field.name for field in fields(Role)}
    assert set(ROOT_FIELDS) == {field.name for field in fields(RootConfig)}
    own = {"name", "username", "rotation_period_seconds"}
    assert {*own, *STATIC_FIELDS} == {field.name for field in fields(StaticRole)}


@pytest.mark.parametrize("field", ROOT_FIELDS)
def test_root(engine: Engine, field: str) -> None:
    vault, health = engine.vault, engine.vault.health()
    mount = f"aws-{secrets.token_hex(4)}"
    vault.enable_aws(mount)
    said = {name: ROOT_FIELDS[name] for name in (field, *NEEDED_WITH.get(field, ()))}
    try:
        vault.write_root(mount, replace(RootConfig(), **said), Secret(""))
    except VaultError:
        kept = False
    else:
        found = vault.read_root(mount)
        kept = getattr(found, field) == ROOT_FIELDS[field]
    if field in WORKS_ON_ENTERPRISE_ONLY:
        assert missing(f"root.{field}", health) is not None
    else:
        assert (missing(f"root.{field}", health) is None) == kept


@pytest.mark.parametrize("field", ROLE_FIELDS)
def test_roles(engine: Engine, field: str) -> None:
    kind, value = ROLE_FIELDS[field]
    role = replace(Role("tried", kind), **{field: value})
    engine.vault.write_role(engine.mount, role)
    kept = engine.vault.read_role(engine.mount, "tried") == role
    assert (missing(f"roles.{field}", engine.vault.health()) is None) == kept


@pytest.mark.parametrize("field", STATIC_FIELDS)
def test_static_roles(engine: Engine, field: str) -> None:
    """Written for the user that Vault itself is: it exists, and keeps its two keys."""
    vault, mount = engine.vault, engine.mount
    base = StaticRole("tried", engine.root_user, 3600)
    try:
        vault.write_static_role(mount, replace(base, **{field: STATIC_FIELDS[field]}))
    except VaultError:
        kept = False
    else:
        (found,) = vault.read_static_roles(mount, ["tried"])
        kept = getattr(found, field) == STATIC_FIELDS[field]
        vault.delete_static_role(mount, "tried")
    assert (missing(f"static_roles.{field}", vault.health()) is None) == kept
