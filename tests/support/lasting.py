"""A server that keeps what it knows over a restart, and can turn standby: raft, on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.nodes import Listener, Node
from tests.support.ports import Block
from vaultaws.local.servers.base import RunningServer, enable_audit
from vaultaws.local.servers.dev import DevServer
from vaultaws.model import ServerProduct
from vaultaws.vault.connection import Tls


class Lasting:
    """`source` says which program; `running` is for those who work with it."""

    def __init__(self, source: DevServer, workdir: Path, *, tag: str) -> None:
        self._block = Block(2)
        port, cluster_port = self._block.ports
        self._audit = workdir / "audit.log"
        self._node = Node(source, workdir / "one", [Listener(port, cluster_port)], Tls(), tag)
        self._node.configure(self._audit, {})
        self._node.launch()
        self._share, self._token = self._node.initialise()
        self.unseal()
        if source.product is ServerProduct.VAULT:
            enable_audit(self._node.address, self._token, str(self._audit))
        self._node.register_engine(self._token)

    @property
    def running(self) -> RunningServer:
        source, process = self._node.source, self._node.process
        assert process is not None
        return RunningServer(
            kind=source.kind,
            product=source.product,
            version=source.version,
            address=self._node.address,
            root_token=self._token,
            log=self._node.log,
            audit=self._audit,
            where=process,
            tag=self._node.tag,
        )

    def step_down(self) -> None:
        """Make it a standby: for ten seconds nobody is active."""
        self._node.step_down(self._token)
        self._node.await_health(lambda health: health.standby)

    def restart(self) -> None:
        """End it without a word and start it anew: it is sealed then."""
        self._node.kill()
        self._node.launch()
        self._node.await_health(lambda health: health.sealed)

    def unseal(self) -> None:
        """Open it; returns when it is active."""
        self._node.unseal(self._share)
        self.await_active()

    def await_active(self) -> None:
        self._node.await_health(lambda health: not health.standby)


Spoil = Callable[[Lasting], None]
