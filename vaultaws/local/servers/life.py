"""A server's life after its start: does it still run, and its end. Processes and containers."""

from __future__ import annotations

from vaultaws.local.processes import Machine, ProcessRecord, end, end_tagged, is_alive
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.servers.docker import container_alive, remove_tagged


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
