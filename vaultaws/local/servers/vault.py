"""HashiCorp Vault: the one on PATH, or the whole server built from its pinned sources."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from vaultaws.local.build import vault_binary
from vaultaws.local.progress import Progress
from vaultaws.local.servers.base import ServerKind
from vaultaws.local.servers.dev import DevServer, dev_server


def vault_on_path(environ: Mapping[str, str]) -> DevServer | None:
    """The `vault` on PATH, or None."""
    found = shutil.which("vault", path=environ.get("PATH", ""))
    return None if found is None else dev_server(ServerKind.VAULT, Path(found).resolve())


def built_vault(cache: Path, progress: Progress) -> DevServer:
    """Vault from source; several minutes the first time."""
    return dev_server(ServerKind.VAULT, vault_binary(cache, progress))


def find_vault(environ: Mapping[str, str], cache: Path, progress: Progress) -> DevServer:
    """The Vault on PATH, else the built one."""
    return vault_on_path(environ) or built_vault(cache, progress)
