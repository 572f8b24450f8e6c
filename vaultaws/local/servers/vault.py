"""HashiCorp Vault: the one on PATH, or the whole server built from its pinned sources."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from vaultaws.local.build import vault_binary
from vaultaws.local.processes import Machine
from vaultaws.local.progress import Progress
from vaultaws.local.servers.base import ServerKind
from vaultaws.local.servers.dev import DevServer, dev_server


def vault_on_path(environ: Mapping[str, str], machine: Machine) -> DevServer | None:
    """The `vault` on PATH, or None."""
    found = shutil.which("vault", path=environ.get("PATH", ""))
    if found is None:
        return None
    return dev_server(ServerKind.VAULT, Path(found).resolve(), machine=machine)


def built_vault(cache: Path, progress: Progress, machine: Machine) -> DevServer:
    """Vault from source; several minutes the first time."""
    return dev_server(ServerKind.VAULT, vault_binary(cache, progress), machine=machine)
