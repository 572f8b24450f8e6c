"""Servers as they run in production: three nodes with raft on disk, TLS by a private authority."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.support.certificates import Authority, Pair
from tests.support.waiting import until
from vaultaws.errors import VaultawsError
from vaultaws.local.ports import LOOPBACK, free_port
from vaultaws.local.processes import Machine, ProcessRecord, is_alive, launch
from vaultaws.local.servers.dev import DevServer, openbao_config
from vaultaws.model import Secret, ServerHealth, ServerProduct
from vaultaws.vault.connection import ConnectionSettings, Tls
from vaultaws.vault.gateway import HvacVault

MACHINE = Machine()
LEADERLESS_SECONDS = 90.0
"""How long a vote may take on a machine that has other work."""
HEALTH_SECONDS = 3.0
PATIENCE_SECONDS = 30.0
HERE: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(LOOPBACK))]


@dataclass
class Node:
    """One server of a cluster. `ports` are of the API, of the cluster, and of two listeners whose
    certificates are no good: one has expired, one is for another name."""

    name: str
    folder: Path
    ports: tuple[int, ...] = field(default_factory=lambda: tuple(free_port() for _ in range(4)))
    process: ProcessRecord | None = None

    @property
    def address(self) -> str:
        return f"https://{LOOPBACK}:{self.ports[0]}"

    @property
    def expired(self) -> str:
        """Where it shows a certificate that has expired."""
        return f"https://{LOOPBACK}:{self.ports[2]}"

    @property
    def misnamed(self) -> str:
        """Where it shows a certificate for vault.example.com."""
        return f"https://{LOOPBACK}:{self.ports[3]}"

    def signal(self, number: int) -> None:
        """Send a signal to the server itself."""
        assert self.process is not None
        os.kill(self.process.pid, number)

    @property
    def runs(self) -> bool:
        return self.process is not None and is_alive(self.process, MACHINE.table)


class Cluster:
    """Three nodes of one product, initialised and unsealed. `token` is the first root token."""

    def __init__(self, source: DevServer, folder: Path, *, tag: str) -> None:
        self.source, self._folder, self._tag = source, folder, tag
        self.authority = Authority(folder)
        self.audit = folder / "audit.log"
        self._pairs = _pairs(self.authority)
        self.nodes = [Node(name, folder / name) for name in ("one", "two", "three")]
        self.token, self._key = Secret(""), ""
        for node in self.nodes:
            (node.folder / "raft").mkdir(parents=True)
            (node.folder / "server.json").write_text(json.dumps(self._config(node)), "utf-8")

    def begin(self) -> None:
        """Start and initialise the first node; the others join it. Then the audit log and, for
        OpenBao, the engine as a plugin that is registered by its digest."""
        first, *others = self.nodes
        self._launch(first)
        self._await(first, lambda health: not health.initialized)
        with self.stranger(first) as vault:
            shares = {"secret_shares": 1, "secret_threshold": 1}
            made = vault.write("sys/init", shares) or {}
        self._key, self.token = made["keys"][0], Secret(made["root_token"])
        self._unseal(first)
        self._await(first, lambda health: not health.standby)
        for node in others:
            self._launch(node)
            self._unseal(node)
        with self.vault(first) as vault:
            if self.source.product is ServerProduct.VAULT:
                options = {"file_path": str(self.audit), "mode": "0600"}
                vault.write("sys/audit/file", {"type": "file", "options": options})
            if self.source.plugins is not None:
                engine = self.source.plugins / "aws"
                digest = hashlib.sha256(engine.read_bytes()).hexdigest()
                registered = {"sha256": digest, "command": engine.name}
                vault.write("sys/plugins/catalog/secret/aws", registered)

    def vault(self, node: Node, namespace: str = "") -> HvacVault:
        """A node through our gateway, with the first root token."""
        return HvacVault(self._settings(node, self.token, namespace))

    def stranger(self, node: Node) -> HvacVault:
        """A node through our gateway, without any token."""
        return HvacVault(self._settings(node, None, ""))

    def _settings(self, node: Node, token: Secret | None, namespace: str) -> ConnectionSettings:
        tls = Tls(ca_file=str(self.authority.root))
        return ConnectionSettings(node.address, token, namespace, tls, PATIENCE_SECONDS)

    def health(self, node: Node) -> ServerHealth | None:
        """What a node says of itself; None when it does not answer."""
        tls = Tls(ca_file=str(self.authority.root))
        settings = ConnectionSettings(node.address, None, "", tls, HEALTH_SECONDS, max_retries=0)
        with suppress(VaultawsError), HvacVault(settings) as vault:
            return vault.health()
        return None

    def leader(self) -> Node:
        """The active node, once there is one and every other that runs knows it."""
        until(lambda: len(self._active()) == 1, LEADERLESS_SECONDS)
        return self._active()[0]

    def standbys(self) -> list[Node]:
        """The nodes that run and are not active."""
        leader = self.leader()
        return [node for node in self.nodes if node.runs and node is not leader]

    def whole(self) -> None:
        """All three run, are open, and have one leader that others forward to."""
        for node in self.nodes:
            if not node.runs:
                self._launch(node)
            self._unseal(node)
        leader = self.leader()
        for node in self.nodes:
            until(lambda node=node: node is leader or self._forwards(node), LEADERLESS_SECONDS)  # type: ignore[misc]  # the node is bound as it is now

    def kill(self, node: Node) -> None:
        """End a node without a word."""
        node.signal(signal.SIGKILL)
        until(lambda: not node.runs)

    def launch_sealed(self, node: Node) -> None:
        """Start a node that was killed; it stays sealed."""
        self._launch(node)
        self._await(node, lambda health: health.initialized and health.sealed)

    def _forwards(self, node: Node) -> bool:
        with suppress(VaultawsError), self.vault(node) as vault:
            return vault.write("sys/capabilities-self", {"paths": ["sys/mounts"]}) is not None
        return False

    def _active(self) -> list[Node]:
        found = {node.name: self.health(node) for node in self.nodes if node.runs}
        open_ = {name: health for name, health in found.items() if health and not health.sealed}
        return [node for node in self.nodes if node.name in open_ and not open_[node.name].standby]

    def _await(self, node: Node, condition: Any) -> None:
        def holds() -> bool:
            health = self.health(node)
            return health is not None and bool(condition(health))

        until(holds, LEADERLESS_SECONDS)

    def _unseal(self, node: Node) -> None:
        """A node that joins says that it is not initialised until it has heard of the others."""

        def is_open() -> bool:
            health = self.health(node)
            if health is not None and health.initialized and not health.sealed:
                return True
            with suppress(VaultawsError), self.stranger(node) as vault:
                vault.write("sys/unseal", {"key": self._key})
            return False

        until(is_open, LEADERLESS_SECONDS)

    def _launch(self, node: Node) -> None:
        command = [str(self.source.binary), "server", f"-config={node.folder / 'server.json'}"]
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(node.folder),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        log = node.folder / "server.log"
        node.process = launch(command, environ=environ, tag=self._tag, log=log, table=MACHINE.table)

    def _config(self, node: Node) -> dict[str, Any]:
        join = [
            {"leader_api_addr": other.address, "leader_ca_cert_file": str(self.authority.root)}
            for other in self.nodes
            if other is not node
        ]
        raft = {
            "path": str(node.folder / "raft"),
            "node_id": node.name,
            "performance_multiplier": 2,
            "retry_join": join,
        }
        cluster = f"{LOOPBACK}:{node.ports[1]}"
        shown = (("good", 0), ("expired", 2), ("misnamed", 3))
        found: dict[str, Any] = {
            "storage": {"raft": raft},
            "listener": [
                {"tcp": _listener(node.ports[at], cluster if at == 0 else "", self._pairs[name])}
                for name, at in shown
            ],
            "api_addr": node.address,
            "cluster_addr": f"https://{cluster}",
        }
        if self.source.product is ServerProduct.VAULT:
            return found | {"disable_mlock": True}
        if self.source.plugins is not None:
            found["plugin_directory"] = str(self.source.plugins.resolve())
        return found | dict(openbao_config(self.audit))


def _listener(port: int, cluster: str, pair: Pair) -> Mapping[str, Any]:
    shown = {"tls_cert_file": str(pair.certificate), "tls_key_file": str(pair.key)}
    other = f"{LOOPBACK}:{free_port()}"
    return {"address": f"{LOOPBACK}:{port}", "cluster_address": cluster or other, **shown}


def _pairs(authority: Authority) -> dict[str, Pair]:
    elsewhere: list[x509.GeneralName] = [x509.DNSName("vault.example.com")]
    return {
        "good": authority.issue("good", names=HERE),
        "expired": authority.issue("expired", names=HERE, days=-1),
        "misnamed": authority.issue("misnamed", names=elsewhere),
    }
