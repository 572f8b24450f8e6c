"""Import blocks for what a server has already, so that Terraform takes it over as it is. Pure.

Not every resource of provider 3.3.1 comes in unchanged: a `vault_generic_endpoint` (roles in full,
static roles, `config/lease`) is written once more with what it has, and needs no import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vaultaws.config.schema import Config
from vaultaws.infra.export import in_full, module_name
from vaultaws.infra.hcl import Expression, block, quoted
from vaultaws.plan import names
from vaultaws.plan.access import declared_claims
from vaultaws.plan.changes import Observed

Ids = Mapping[str, tuple[str, str]]
"""The ids of a group, by its name in lower case, and of its alias (empty where it has none)."""


def import_blocks(config: Config, observed: Observed, ids: Ids) -> str:
    """The blocks, in the order of the module's parts; empty where the server has nothing yet."""
    module = f"module.{module_name(config.mount.path)}.module"
    blocks = [
        block("import", {"to": Expression(f"{module}.{address}"), "id": identity})
        for address, identity in _found(config, observed, ids)
    ]
    return "\n".join(blocks)


def _found(config: Config, observed: Observed, ids: Ids) -> Iterator[tuple[str, str]]:
    mount = config.mount.path
    if observed.mount is None:
        return
    yield "mount.vault_mount.aws", mount
    there = {role.name for role in observed.roles}
    for role in config.roles:
        if role.name in there and not in_full(role):
            address = _of("roles.vault_aws_secret_backend_role.role", role.name)
            yield address, f"{mount}/roles/{role.name}"
    yield from _access(config, observed, ids)
    devices = {device.path for device in observed.audit}
    for device in config.audit:
        if device.path in devices:
            yield _of("audit.vault_audit.device", device.path), device.path


def _access(config: Config, observed: Observed, ids: Ids) -> Iterator[tuple[str, str]]:
    policies = dict(observed.identity.acl)
    for access in config.access:
        name = names.acl_name(config.mount.path, access.name)
        if name in policies:
            yield _of("access.vault_policy.access", access.name), name
        if name in ids and any(path not in _claim_paths(observed) for path, _ in access.members):
            yield _of("access.vault_identity_group.access", access.name), ids[name][0]
    paths = {method.accessor: method.path for method in observed.identity.auth_mounts}
    claims = {
        alias: written
        for access in config.access
        for alias, written in declared_claims(access, observed.identity).items()
    }
    for alias in sorted(claims):
        group, alias_id = ids.get(names.claim_group_name(alias), ("", ""))
        key = f"{paths[alias[0]]}/{alias[1]}"
        if group:
            yield _of("access.vault_identity_group.claim", key), group
        if alias_id:
            yield _of("access.vault_identity_group_alias.claim", key), alias_id


def _claim_paths(observed: Observed) -> set[str]:
    methods = observed.identity.auth_mounts
    return {method.path for method in methods if method.type in names.CLAIM_METHODS}


def _of(resource: str, key: str) -> str:
    return f"{resource}[{quoted(key)}]"
