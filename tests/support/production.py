"""Servers as they run in production: three nodes with raft on disk, TLS by a private authority."""

from __future__ import annotations

import ipaddress
import signal
from contextlib import suppress
from pathlib import Path

from cryptography import x509

from tests.support.certificates import Authority
from tests.support.nodes import LEADERLESS_SECONDS, Listener, Node
from tests.support.ports import Block
from tests.support.waiting import until
from vaultaws.errors import VaultawsError
from vaultaws.local.ports import LOOPBACK
from vaultaws.local.servers.dev import DevServer
from vaultaws.model import Secret, ServerProduct
from vaultaws.vault.connection import Tls
from vaultaws.vault.gateway import HvacVault

NAMES = ("one", "two", "three")
SHOWN = ("good", "expired", "misnamed")
"""Each node shows a good certificate, one that has expired, and one for vault.example.com."""
HERE: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
ELSEWHERE: list[x509.GeneralName] = [x509.DNSName("vault.example.com")]


class Cluster:
    """Three nodes of one product, initialised and unsealed. `token` is the first root token.

    OpenBao's standbys answer no reads by themselves unless `standby_reads`, as docs/production.md
    advises. Those of 2.7.2 that do crash now and then when a mount of a plugin is written (a nil
    pointer in Router.Invalidate, one mount in 26 here).
    """

    def __init__(
        self, source: DevServer, folder: Path, *, tag: str, standby_reads: bool = False
    ) -> None:
        self.source = source
        self.authority = Authority(folder)
        self.audit = folder / "audit.log"
        self.token, self._share = Secret(""), ""
        self._block = Block(2 * len(NAMES) * len(SHOWN))
        trust = Tls(ca_file=str(self.authority.root))
        listeners = self._listeners()
        self.nodes = [
            Node(source, folder / name, listeners[at :: len(NAMES)], trust, tag)
            for at, name in enumerate(NAMES)
        ]
        for node in self.nodes:
            votes = {"performance_multiplier": 2, "retry_join": self._others(node)}
            node.configure(self.audit, votes, standby_reads=standby_reads)

    def _listeners(self) -> list[Listener]:
        """For each certificate in turn one of each node's."""
        pairs = (
            self.authority.issue("good", names=HERE),
            self.authority.issue("expired", names=HERE, days=-1),
            self.authority.issue("misnamed", names=ELSEWHERE),
        )
        ports = iter(self._block.ports)
        return [Listener(next(ports), next(ports), pair) for pair in pairs for _ in NAMES]

    def _others(self, node: Node) -> list[dict[str, str]]:
        ca = str(self.authority.root)
        return [
            {"leader_api_addr": other.address, "leader_ca_cert_file": ca}
            for other in self.nodes
            if other is not node
        ]

    def begin(self) -> None:
        """Start and initialise the first node; the others join it, and vote a second later. Then
        the audit log and the engine."""
        first, *others = self.nodes
        first.launch()
        self._share, self.token = first.initialise()
        first.unseal(self._share)
        first.await_health(lambda health: not health.standby)
        with self.vault(first) as vault:
            votes = {"server_stabilization_time": "1s"}
            vault.write("sys/storage/raft/autopilot/configuration", votes)
        for node in others:
            node.launch()
            node.unseal(self._share)
        if self.source.product is ServerProduct.VAULT:
            options = {"file_path": str(self.audit), "mode": "0600"}
            with self.vault(first) as vault:
                vault.write("sys/audit/file", {"type": "file", "options": options})
        first.register_engine(self.token)

    def vault(self, node: Node, namespace: str = "") -> HvacVault:
        """A node through our gateway, with the first root token."""
        return node.vault(self.token, namespace)

    def shows(self, node: Node, certificate: str) -> str:
        """Where a node shows the certificate of SHOWN."""
        return node.listeners[SHOWN.index(certificate)].address

    def leader(self) -> Node:
        """The active node, once there is exactly one."""
        return self._led_by(self.nodes)

    def successor(self, of: Node) -> Node:
        """The node that is active once `of` is so no more, or does not answer."""
        return self._led_by([node for node in self.nodes if node is not of])

    def await_loss(self, of: Node) -> None:
        """Return when a node is active no more, or does not answer."""
        until(lambda: (health := of.health()) is None or health.standby, LEADERLESS_SECONDS)

    def _led_by(self, candidates: list[Node]) -> Node:
        found: list[Node] = []

        def one_leads() -> bool:
            found[:] = self._active()
            return len(found) == 1 and found[0] in candidates

        until(one_leads, LEADERLESS_SECONDS)
        return found[0]

    def _active(self) -> list[Node]:
        asked = [(node, node.health()) for node in self.nodes if node.runs]
        return [node for node, health in asked if health and not (health.sealed or health.standby)]

    def standbys(self) -> list[Node]:
        """The nodes that run and are not active."""
        leader = self.leader()
        return [node for node in self.nodes if node.runs and node is not leader]

    def whole(self) -> None:
        """All three run, are open, have a vote, and one leader to whom others forward."""
        for node in self.nodes:
            if node.runs:
                node.signal(signal.SIGCONT)
            else:
                node.launch()
            node.unseal(self._share)
        leader = self.leader()
        until(lambda: self._voters(leader) == len(self.nodes), LEADERLESS_SECONDS)
        for node in self.nodes:
            until(lambda node=node: node is leader or self._forwards(node), LEADERLESS_SECONDS)  # type: ignore[misc]  # the node is bound as it is now

    def _voters(self, leader: Node) -> int:
        """How many nodes have a vote: without two no other leader is found."""
        with suppress(VaultawsError), self.vault(leader) as vault:
            found = vault.read("sys/storage/raft/configuration") or {}
            return sum(bool(server["voter"]) for server in found["data"]["config"]["servers"])
        return 0

    def _forwards(self, node: Node) -> bool:
        with suppress(VaultawsError), self.vault(node) as vault:
            return vault.write("sys/capabilities-self", {"paths": ["sys/mounts"]}) is not None
        return False

    def kill(self, node: Node) -> None:
        """End a node without a word."""
        node.kill()

    def step_down(self, node: Node) -> None:
        """Have the active node leave its place to another."""
        node.step_down(self.token)

    def stop(self, node: Node) -> None:
        """A node that is there and does nothing, as on a machine that sleeps, until it is whole."""
        node.signal(signal.SIGSTOP)

    def launch_sealed(self, node: Node) -> None:
        """Start a node that was killed; it stays sealed."""
        node.launch()
        node.await_health(lambda health: health.initialized and health.sealed)
