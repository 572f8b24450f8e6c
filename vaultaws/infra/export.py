"""A declared file → a call of the module `aws-engine`. Pure: the same file, the same text.

Policies are named, not copied: Terraform and vaultaws read the same JSON files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vaultaws.config.schema import Access, Config
from vaultaws.infra.hcl import Expression, Names, block, quoted
from vaultaws.model import CredentialType, Role, StaticRole
from vaultaws.plan import names

ENGINE: Final = "aws-engine"
"""The module that is called, and its folder beside the file that calls it."""
NEWER: Final = (
    "iam_tags",
    "session_tags",
    "external_id",
    "user_path",
    "permissions_boundary_arn",
    "mfa_serial_number",
)
"""Fields that the role resource of provider 3.3.1 does not know
(terraform-provider-vault, vault/resource_aws_secret_backend_role.go)."""


@dataclass(frozen=True)
class LeftOut:
    """What of a file Terraform cannot say: its key, and why."""

    key: str
    why: str


@dataclass(frozen=True)
class Exported:
    """The text of one file's call, and what it leaves out."""

    module: str
    text: str
    left_out: tuple[LeftOut, ...] = ()


def module_name(mount: str) -> str:
    """What the call is named: the mount's path as an identifier of Terraform's language."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", mount)
    return name if re.match(r"[A-Za-z_]", name) else f"mount-{name}"


def export(config: Config, directory: Path) -> Exported:
    """Write the call for `directory`."""
    module = module_name(config.mount.path)
    policies = dict(config.policy_files)
    values = {
        "source": f"./{ENGINE}",
        **_mount(config),
        **_roles(config, policies, directory),
        **_access(config),
        **_audit(config),
    }
    return Exported(module, block(f'module "{module}"', values), tuple(_left_out(config)))


def in_full(role: Role) -> bool:
    """True for a role that the provider's role resource cannot say, or refuses."""
    bare = not (role.policy_document or role.policy_arns or role.role_arns or role.iam_groups)
    newer = any(getattr(role, name) for name in NEWER)
    return bare or newer or role.credential_type is CredentialType.SESSION_TOKEN


def _mount(config: Config) -> dict[str, object]:
    mount = config.mount
    said: dict[str, object] = {"path": mount.path}
    if mount.description:
        said["description"] = mount.description
    said["default_lease_ttl_seconds"] = mount.default_lease_ttl_seconds or None
    said["max_lease_ttl_seconds"] = mount.max_lease_ttl_seconds or None
    for name in ("audit_non_hmac_request_keys", "audit_non_hmac_response_keys"):
        keys = getattr(mount, name)
        if keys is not None:
            said[name] = sorted(set(keys))
    if config.lease is not None:
        said["lease"] = {
            "default_seconds": config.lease.default_seconds,
            "max_seconds": config.lease.max_seconds,
        }
    return said


def _roles(config: Config, policies: Mapping[str, Path], directory: Path) -> dict[str, object]:
    plain: dict[str, object] = {}
    full: dict[str, object] = {}
    for role in config.roles:
        file = policies.get(f"roles.{role.name}")
        path = _path(file, directory) if file is not None else None
        if in_full(role):
            full[role.name] = _role(role, f"jsonencode(jsondecode(file({path})))" if path else None)
        else:
            plain[role.name] = _role(role, f"file({path})" if path else None)
    static: dict[str, object] = {role.name: _static(role) for role in config.static_roles}
    said = {"roles": plain, "roles_in_full": full, "static_roles": static}
    return {name: Names(held) for name, held in said.items() if held}


def _role(role: Role, policy: str | None) -> dict[str, object]:
    fields: dict[str, Any] = {
        "credential_type": role.credential_type.value,
        "policy_document": Expression(policy) if policy else None,
        "policy_arns": sorted(set(role.policy_arns)),
        "role_arns": sorted(set(role.role_arns)),
        "iam_groups": sorted(set(role.iam_groups)),
        "iam_tags": Names(dict(role.iam_tags)) if role.iam_tags else None,
        "session_tags": Names(dict(role.session_tags)) if role.session_tags else None,
        "external_id": role.external_id,
        "default_ttl_seconds": role.default_sts_ttl_seconds,
        "max_ttl_seconds": role.max_sts_ttl_seconds,
        "user_path": role.user_path,
        "permissions_boundary_arn": role.permissions_boundary_arn,
        "mfa_serial_number": role.mfa_serial_number,
    }
    return {name: value for name, value in fields.items() if value}


def _static(role: StaticRole) -> dict[str, object]:
    return {
        "username": role.username,
        "rotation_period_seconds": role.rotation_period_seconds,
    }


def _path(file: Path, directory: Path) -> str:
    """A file as the module names it: seen from `directory`, so that both may move together."""
    relative = os.path.relpath(file.absolute(), directory.absolute())
    return f'"${{path.module}}/{quoted(Path(relative).as_posix())[1:]}'


def _access(config: Config) -> dict[str, object]:
    said: dict[str, object] = {access.name: _one_access(access) for access in config.access}
    return {"access": Names(said)} if said else {}


def _one_access(access: Access) -> dict[str, object]:
    members = dict(access.members)
    entities = members.pop(names.ENTITIES, ())
    fields: dict[str, Any] = {
        "roles": sorted(set(access.roles)),
        "static_roles": sorted(set(access.static_roles)),
        "members": Names({path: list(dict.fromkeys(held)) for path, held in members.items()})
        if members
        else None,
        "entities": sorted(set(entities)),
    }
    return {name: value for name, value in fields.items() if value}


def _audit(config: Config) -> dict[str, object]:
    said: dict[str, object] = {
        device.path: {
            "type": device.type,
            **({"description": device.description} if device.description else {}),
            "options": Names(dict(device.options)),
        }
        for device in config.audit
        if not device.writes_in_clear
    }
    return {"audit": Names(said)} if said else {}


def _left_out(config: Config) -> Iterator[LeftOut]:
    if config.mount.listing_visibility is not None:
        why = "the provider's vault_mount does not know it"
        yield LeftOut("mount.listing_visibility", why)
    for static in config.static_roles:
        for name in ("assume_role_arn", "assume_role_session_name", "external_id"):
            if getattr(static, name):
                why = "the module's static roles are of the engine's own account"
                yield LeftOut(f"static_roles.{static.name}.{name}", why)
    for device in config.audit:
        if device.writes_in_clear:
            why = "the module refuses a device that writes secrets in clear"
            yield LeftOut(f"audit.{device.path}", why)
