"""Read from the server what the declared file speaks about. Reads only."""

from __future__ import annotations

from dataclasses import replace

from vaultaws.aws.account import account_of_key
from vaultaws.config.schema import Config
from vaultaws.errors import ConfigError, VaultRefusedError
from vaultaws.model import MountInfo, StaticRole
from vaultaws.plan.changes import Observed
from vaultaws.plan.names import acl_name
from vaultaws.plan.observe_access import observe_access
from vaultaws.vault.abilities import has_namespaces
from vaultaws.vault.administration import Administration

__all__ = ["acl_name", "observe"]


def observe(vault: Administration, config: Config) -> Observed:
    """Read the mount with all that is on it, the audit devices and the access of people.

    Raises what the server's refusals are; nothing is half-said. Audit devices are read only
    where the file declares one (it needs sudo).
    """
    health = vault.health()
    if vault.namespace and not has_namespaces(health):
        raise _no_namespaces(vault)
    mount = aws_mount(vault, config)
    seen = Observed(vault.address, health.product, health.version, health.enterprise)
    if config.audit:
        devices = vault.read_audit_devices()
        seen = replace(seen, audit=tuple(devices[path] for path in sorted(devices)))
    seen = observe_access(vault, config, seen)
    return seen if mount is None else _engine(vault, config, replace(seen, mount=mount))


def _no_namespaces(vault: Administration) -> VaultRefusedError:
    return VaultRefusedError(
        f"the server at {vault.address} has no namespaces",
        why=f"it is the community edition of Vault: what is meant for {vault.namespace} would be"
        " written to the whole server",
        do="unset VAULT_NAMESPACE, or point VAULT_ADDR at the server that has it",
    )


def aws_mount(vault: Administration, config: Config) -> MountInfo | None:
    """The file's mount, None where nothing is mounted. Raises ConfigError for another engine."""
    path = config.mount.path
    mount = vault.mounts().get(path)
    if mount is not None and mount.type != "aws":
        raise ConfigError(
            f"{path}/ is not an AWS engine",
            why=f"an engine of type {mount.type} is mounted there",
            do="name another path in [mount]",
        )
    return mount


def _engine(vault: Administration, config: Config, seen: Observed) -> Observed:
    path = config.mount.path
    root = vault.read_root(path)
    return replace(
        seen,
        account=account_of_key(root.access_key_id) if root else "",
        lease=vault.read_lease_config(path),
        root=root,
        roles=vault.read_roles(path, vault.list_roles(path)),
        static_roles=observe_static_roles(vault, config),
    )


def observe_static_roles(vault: Administration, config: Config) -> tuple[StaticRole, ...]:
    """Those that can be listed, and the declared ones: the engine of Vault 1.18 lists none."""
    path = config.mount.path
    declared = {role.name for role in config.static_roles}
    return vault.read_static_roles(path, sorted(declared.union(vault.list_static_roles(path))))
