"""The key that opens a sealed dev server again."""

from __future__ import annotations

import re
import time

from vaultaws.local.servers.base import ContainerRecord, RunningServer
from vaultaws.local.servers.docker import connected


def unseal_key(server: RunningServer) -> str:
    """A dev server prints it, a moment after it answers."""
    for _ in range(100):
        found = re.search(r"Unseal Key: (\S+)", printed(server))
        if found:
            return found[1]
        time.sleep(0.1)
    raise AssertionError("the server printed no unseal key")


def printed(server: RunningServer) -> str:
    """What the server said on its output, which docker keeps for a container."""
    if isinstance(server.where, ContainerRecord):
        with connected(server.where.daemon) as client:
            said: bytes = client.containers.get(server.where.id).logs()
        return said.decode()
    return server.log.read_text()
