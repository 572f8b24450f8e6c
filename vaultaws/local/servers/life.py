"""A server's life after its start: does it still run, and its end. Processes and containers."""

from __future__ import annotations

from pathlib import Path

from vaultaws.local.processes import Machine, ProcessRecord, end, end_tagged, is_alive
from vaultaws.local.progress import Progress
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.servers.docker import container_alive, remove_tagged
from vaultaws.local.servers.find import find_server


def start_server(
    preference: str,
    workdir: Path,
    cache: Path,
    progress: Progress,
    *,
    tag: str,
    machine: Machine | None = None,
) -> RunningServer:
    """Find a server and start it with its files in `workdir`. Raises StackError."""
    machine = machine or Machine()
    return find_server(preference, cache, progress, machine=machine).start(workdir, tag=tag)


def server_runs(server: RunningServer, machine: Machine) -> bool:
    """True when the very process or container that was started still runs."""
    if isinstance(server.where, ProcessRecord):
        return is_alive(server.where, machine.table)
    return container_alive(server.where)


def stop_server(server: RunningServer, machine: Machine) -> None:
    """End it and what it started, and return when that is gone. One that is gone is fine."""
    if isinstance(server.where, ProcessRecord):
        end(server.where, machine)
        end_tagged(server.tag, machine)
    else:
        remove_tagged(server.where.daemon, server.tag)
