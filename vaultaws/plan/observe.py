"""Read from the server what the declared file speaks about. Reads only."""

from __future__ import annotations

from vaultaws.config.schema import Config
from vaultaws.plan.changes import AccessState, Observed
from vaultaws.vault.protocol import Vault


def observe(vault: Vault, config: Config) -> Observed:
    """Read the mount, its root, roles and the access policies that the file names."""
    health = vault.health()
    path = config.mount.path
    mount = vault.mounts().get(path)
    access = tuple(
        AccessState(declared.name, name, text)
        for declared in config.access
        if (text := _read_acl(vault, name := acl_name(path, declared.name))) is not None
    )
    seen = Observed(vault.address, health.product, health.version, access=access)
    if mount is None:
        return seen
    return Observed(
        seen.address,
        seen.product,
        seen.version,
        mount=mount,
        lease=vault.read_lease_config(path),
        root=vault.read_root(path),
        roles=tuple(vault.read_role(path, name) for name in vault.list_roles(path)),
        access=access,
    )


def acl_name(mount: str, access: str) -> str:
    """The Vault ACL policy that an `[access.NAME]` table becomes."""
    return f"vaultaws-{mount.replace('/', '-')}-{access}"


def _read_acl(vault: Vault, name: str) -> str | None:
    found = vault.read(f"sys/policies/acl/{name}")
    return str(found["data"]["policy"]) if found is not None else None
