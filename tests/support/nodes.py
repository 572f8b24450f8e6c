"""One server with raft on disk, which is ended, stopped, started anew and opened as tests need."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.certificates import Pair
from tests.support.waiting import until
from vaultaws.errors import VaultawsError
from vaultaws.local.commands import last_lines
from vaultaws.local.ports import LOOPBACK
from vaultaws.local.processes import Machine, ProcessRecord, is_alive, launch
from vaultaws.local.servers.dev import DevServer, openbao_config
from vaultaws.model import Secret, ServerHealth, ServerProduct
from vaultaws.vault.connection import ConnectionSettings, Tls
from vaultaws.vault.gateway import HvacVault

MACHINE = Machine()
LEADERLESS_SECONDS = 90.0
"""How long a vote may take on a machine that has other work."""
HEALTH_SECONDS = 3.0
PATIENCE_SECONDS = 120.0
"""The first writes to a slow disk take seconds."""


@dataclass(frozen=True)
class Listener:
    """Where a node answers, and where its peers do. Without a certificate it speaks plain HTTP."""

    port: int
    cluster_port: int
    tls: Pair | None = None

    @property
    def address(self) -> str:
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self.port}"

    def configured(self) -> Mapping[str, object]:
        """As the server's file says it."""
        if self.tls is None:
            shown: dict[str, object] = {"tls_disable": True}
        else:
            files = self.tls
            shown = {"tls_cert_file": str(files.certificate), "tls_key_file": str(files.key)}
        cluster = f"{LOOPBACK}:{self.cluster_port}"
        return {"address": f"{LOOPBACK}:{self.port}", "cluster_address": cluster, **shown}


@dataclass
class Node:
    """A server. Its API is that of the first listener; `trust` says whom it is believed by."""

    source: DevServer
    folder: Path
    listeners: Sequence[Listener]
    trust: Tls
    tag: str
    process: ProcessRecord | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def address(self) -> str:
        return self.listeners[0].address

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def configure(
        self, audit: Path, raft: Mapping[str, object], *, standby_reads: bool = True
    ) -> None:
        """Write the server's file; `raft` says of the storage what a lone node need not."""
        (self.folder / "raft").mkdir(parents=True)
        said: dict[str, Any] = {
            "storage": {
                "raft": {"path": str(self.folder / "raft"), "node_id": self.name, **raft},
            },
            "listener": [{"tcp": each.configured()} for each in self.listeners],
            "api_addr": self.address,
            "cluster_addr": f"https://{LOOPBACK}:{self.listeners[0].cluster_port}",
        }
        if self.source.product is ServerProduct.VAULT:
            said["disable_mlock"] = True
        else:
            said |= openbao_config(audit)
            said["disable_standby_reads"] = not standby_reads
        if self.source.plugins is not None:
            said["plugin_directory"] = str(self.source.plugins.resolve())
        (self.folder / "server.json").write_text(json.dumps(said), "utf-8")

    def launch(self) -> None:
        command = [str(self.source.binary), "server", f"-config={self.folder / 'server.json'}"]
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folder),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.process = launch(
            command, environ=environ, tag=self.tag, log=self.log, table=MACHINE.table
        )

    @property
    def runs(self) -> bool:
        return self.process is not None and is_alive(self.process, MACHINE.table)

    def signal(self, number: int) -> None:
        """Send a signal to the server itself."""
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it without a word."""
        self.signal(signal.SIGKILL)
        until(lambda: not self.runs)

    def vault(self, token: Secret | None, namespace: str = "") -> HvacVault:
        """The node through our gateway."""
        settings = ConnectionSettings(self.address, token, namespace, self.trust, PATIENCE_SECONDS)
        return HvacVault(settings)

    def health(self) -> ServerHealth | None:
        """What it says of itself; None when it does not answer."""
        settings = ConnectionSettings(
            self.address, None, "", self.trust, HEALTH_SECONDS, max_retries=0
        )
        with suppress(VaultawsError), HvacVault(settings) as vault:
            return vault.health()
        return None

    def await_health(self, condition: Callable[[ServerHealth], bool]) -> None:
        """Return when what it says of itself fits; a node that has ended fails the test."""

        def holds() -> bool:
            health = self.health()
            assert health or self.runs, f"{self.name} has ended: {last_lines(self.log, 3)}"
            return health is not None and condition(health)

        until(holds, LEADERLESS_SECONDS)

    def initialise(self) -> tuple[str, Secret]:
        """Its one unseal share, and the first root token."""
        self.await_health(lambda health: not health.initialized)
        with self.vault(None) as vault:
            made = vault.write("sys/init", {"secret_shares": 1, "secret_threshold": 1}) or {}
        return made["keys"][0], Secret(made["root_token"])

    def unseal(self, share: str) -> None:
        """Give it the share, once, and wait until it is open.

        One that joins others takes the share before it knows of them, and opens up to a second
        after it has joined. Vault 1.21.1 and OpenBao 2.7.2 open twice when they are given the share
        in that second: two loops in them then wait to become active, one takes the news of a lost
        leadership from the other, and a node that was stopped says for ever that it is active.
        """
        given = False

        def is_open() -> bool:
            nonlocal given
            health = self.health()
            if health is not None and health.initialized and not health.sealed:
                return True
            assert self.runs, f"{self.name} has ended: {last_lines(self.log, 3)}"
            with suppress(VaultawsError), self.vault(None) as vault:
                if not given:
                    vault.write("sys/unseal", {"key": share})
                    given = True
            return False

        until(is_open, LEADERLESS_SECONDS)

    def register_engine(self, token: Secret) -> None:
        """Name OpenBao's engine to it by its digest; Vault has it built in."""
        if self.source.plugins is None:
            return
        engine = self.source.plugins / "aws"
        digest = hashlib.sha256(engine.read_bytes()).hexdigest()
        with self.vault(token) as vault:
            registered = {"sha256": digest, "command": engine.name}
            vault.write(f"sys/plugins/catalog/secret/{engine.name}", registered)

    def step_down(self, token: Secret) -> None:
        """Have it give up being active. It may go on for a moment."""
        with self.vault(token) as vault:
            vault.write("sys/step-down", {})
