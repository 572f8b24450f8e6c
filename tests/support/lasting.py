"""A server that keeps what it knows over a restart, and can turn standby: raft, on disk."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.waiting import until
from vaultaws.local.ports import LOOPBACK, free_port
from vaultaws.local.processes import Machine, ProcessRecord, is_alive, launch
from vaultaws.local.servers.base import RunningServer, enable_audit
from vaultaws.local.servers.dev import DevServer, openbao_config
from vaultaws.local.wire import ask
from vaultaws.model import Secret, ServerProduct
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

MACHINE = Machine()


class Lasting:
    """`source` says which program; `running` is for those who work with it."""

    def __init__(self, source: DevServer, workdir: Path, *, tag: str) -> None:
        self._source, self._workdir, self._tag = source, workdir, tag
        self._address = f"http://{LOOPBACK}:{free_port()}"
        (workdir / "raft").mkdir()
        (workdir / "server.json").write_text(json.dumps(self._config()), "utf-8")
        self._process = self._launched()
        self._await(501)
        made = self._tell(None, "sys/init", {"secret_shares": 1, "secret_threshold": 1}) or {}
        self._key, self._token = made["keys"][0], Secret(made["root_token"])
        self.unseal()
        if source.product is ServerProduct.VAULT:
            enable_audit(self._address, self._token, str(self._audit))
        if source.plugins is not None:
            self._register(source.plugins / "aws")

    @property
    def running(self) -> RunningServer:
        return RunningServer(
            kind=self._source.kind,
            product=self._source.product,
            version=self._source.version,
            address=self._address,
            root_token=self._token,
            log=self._workdir / "server.log",
            audit=self._audit,
            where=self._process,
            tag=self._tag,
        )

    @property
    def _audit(self) -> Path:
        return self._workdir / "audit.log"

    def step_down(self) -> None:
        """Make it a standby: for ten seconds nobody is active."""
        self._tell(self._token, "sys/step-down", {})
        self._await(429)

    def restart(self) -> None:
        """End it without a word and start it anew: it is sealed then."""
        os.kill(self._process.pid, signal.SIGKILL)
        until(lambda: not is_alive(self._process, MACHINE.table))
        self._process = self._launched()
        self._await(503)

    def unseal(self) -> None:
        """Open it; returns when it is active."""
        self._tell(None, "sys/unseal", {"key": self._key})
        self.await_active()

    def await_active(self) -> None:
        self._await(200)

    def _await(self, status: int) -> None:
        until(lambda: ask(self._address, "/v1/sys/health").status == status)

    def _launched(self) -> ProcessRecord:
        command = [str(self._source.binary), "server", f"-config={self._workdir / 'server.json'}"]
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._workdir),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        log = self._workdir / "server.log"
        return launch(command, environ=environ, tag=self._tag, log=log, table=MACHINE.table)

    def _config(self) -> dict[str, Any]:
        cluster = f"{LOOPBACK}:{free_port()}"
        found: dict[str, Any] = {
            "storage": {"raft": {"path": str(self._workdir / "raft"), "node_id": "one"}},
            "listener": {
                "tcp": {
                    "address": self._address.removeprefix("http://"),
                    "cluster_address": cluster,
                    "tls_disable": True,
                }
            },
            "api_addr": self._address,
            "cluster_addr": f"https://{cluster}",
        }
        if self._source.product is ServerProduct.VAULT:
            return found | {"disable_mlock": True}
        if self._source.plugins is not None:
            found["plugin_directory"] = str(self._source.plugins.resolve())
        return found | dict(openbao_config(self._audit))

    def _register(self, engine: Path) -> None:
        digest = hashlib.sha256(engine.read_bytes()).hexdigest()
        registered = {"sha256": digest, "command": engine.name}
        self._tell(self._token, f"sys/plugins/catalog/secret/{engine.name}", registered)

    def _tell(
        self, token: Secret | None, path: str, data: dict[str, Any]
    ) -> Mapping[str, Any] | None:
        """Its first writes to a slow disk take seconds."""
        settings = ConnectionSettings(self._address, token, timeout_seconds=120)
        with HvacVault(settings) as vault:
            return vault.write(path, data)


Spoil = Callable[[Lasting], None]
