"""Which server: the one asked for, or the first that this machine can run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from vaultaws.errors import StackError, UsageError
from vaultaws.local.processes import Machine
from vaultaws.local.progress import Progress
from vaultaws.local.servers.base import ServerKind, Source
from vaultaws.local.servers.docker import find_docker
from vaultaws.local.servers.openbao import find_openbao
from vaultaws.local.servers.vault import built_vault, vault_on_path

AUTO = "auto"
PREFERENCES = (AUTO, *(str(kind) for kind in ServerKind))


def find_server(
    preference: str,
    cache: Path,
    progress: Progress,
    *,
    environ: Mapping[str, str] = os.environ,
    machine: Machine | None = None,
) -> Source:
    """Return a server to start.

    `auto`: the vault on PATH, else docker with the image at hand or pullable, else OpenBao.
    `vault` without one on PATH is built from source. Raises StackError with the reason.
    """
    machine = machine or Machine()
    if preference == AUTO:
        return _first(cache, progress, environ, machine)
    if preference == ServerKind.VAULT:
        return vault_on_path(environ, machine) or built_vault(cache, progress, machine)
    if preference == ServerKind.DOCKER:
        return find_docker(environ, progress, machine)
    if preference == ServerKind.OPENBAO:
        return find_openbao(cache, progress, machine)
    raise UsageError(
        f"there is no server called {preference}",
        why=f"it is one of {', '.join(PREFERENCES)}",
        do="give one of these to --server",
    )


def _first(cache: Path, progress: Progress, environ: Mapping[str, str], machine: Machine) -> Source:
    """Docker is passed over without a word when it cannot serve: nobody asked for it."""
    found = vault_on_path(environ, machine)
    if found is not None:
        return found
    try:
        return find_docker(environ, progress, machine)
    except StackError:
        return find_openbao(cache, progress, machine)
