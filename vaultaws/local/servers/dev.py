"""A dev server as a process of this machine: OpenBao or Vault."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vaultaws.errors import StackError
from vaultaws.local.commands import last_lines
from vaultaws.local.ports import LOOPBACK, free_port
from vaultaws.local.processes import (
    Machine,
    ProcessRecord,
    end,
    is_alive,
    launch,
)
from vaultaws.local.servers.base import (
    AUDIT_DEVICE,
    EarlyEndError,
    RunningServer,
    ServerKind,
    enable_audit,
    wait_until_healthy,
)
from vaultaws.model import Secret, ServerProduct

START_ATTEMPTS = 5
TOKEN_VARIABLE = {
    ServerProduct.VAULT: "VAULT_DEV_ROOT_TOKEN_ID",
    ServerProduct.OPENBAO: "BAO_DEV_ROOT_TOKEN_ID",
}
_KEPT = ("PATH", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR")
_VERSION = re.compile(r"\b(Vault|OpenBao) v(\d[^\s,]*)")


@dataclass(frozen=True)
class DevServer:
    """A server program that was found and runs. `plugins` is a directory for OpenBao, or None."""

    kind: ServerKind
    product: ServerProduct
    version: str
    binary: Path
    plugins: Path | None = None
    machine: Machine = field(default_factory=Machine)

    def start(self, workdir: Path, *, tag: str) -> RunningServer:
        """Start it, trying another port when its own was taken meanwhile."""
        for _ in range(START_ATTEMPTS - 1):
            try:
                return self._start_at(free_port(), workdir, tag)
            except EarlyEndError as error:
                if not error.port_taken:
                    raise
        return self._start_at(free_port(), workdir, tag)

    def _start_at(self, port: int, workdir: Path, tag: str) -> RunningServer:
        token, address = Secret(secrets.token_urlsafe(24)), f"http://{LOOPBACK}:{port}"
        log, audit = workdir / "server.log", workdir / "audit.log"
        process = launch(
            self._command(port, workdir, audit),
            environ=self._environment(workdir, token),
            tag=tag,
            log=log,
            table=self.machine.table,
        )
        try:
            self._make_ready(process, address, token, log, audit)
        except BaseException:
            end(process, self.machine)
            raise
        return RunningServer(
            kind=self.kind,
            product=self.product,
            version=self.version,
            address=address,
            root_token=token,
            log=log,
            audit=audit,
            where=process,
            tag=tag,
        )

    def _make_ready(
        self, process: ProcessRecord, address: str, token: Secret, log: Path, audit: Path
    ) -> None:
        wait_until_healthy(
            address,
            token,
            clock=self.machine.clock,
            fail_if_gone=lambda: self._fail_if_gone(process, log, token),
        )
        self._fail_if_gone(process, log, token)
        if self.product is ServerProduct.VAULT:
            enable_audit(address, token, str(audit))

    def _command(self, port: int, workdir: Path, audit: Path) -> list[str]:
        command = [str(self.binary), "server", "-dev", "-dev-no-store-token"]
        command.append(f"-dev-listen-address={LOOPBACK}:{port}")
        if self.plugins is not None:
            command.append(f"-dev-plugin-dir={self.plugins.resolve()}")
        if self.product is ServerProduct.OPENBAO:
            config = workdir / "server.json"
            config.write_text(json.dumps(openbao_config(audit)), "utf-8")
            command.append(f"-config={config}")
        return command

    def _environment(self, workdir: Path, token: Secret) -> dict[str, str]:
        """Nothing of the caller's AWS or Vault settings reaches the server."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {
            **kept,
            "HOME": str(workdir),
            "AWS_EC2_METADATA_DISABLED": "true",
            TOKEN_VARIABLE[self.product]: token.reveal(),
        }

    def _fail_if_gone(self, process: ProcessRecord, log: Path, token: Secret) -> None:
        if is_alive(process, self.machine.table):
            return
        lines = last_lines(log, 30)
        last = (lines or ["it said nothing"])[-1].replace(token.reveal(), Secret.MASK)
        raise EarlyEndError(
            f"{self.binary.name} ended before it answered",
            why=last,
            do=f"try `{self.binary} server -dev` by hand, or another --server",
            port_taken=any("address already in use" in line for line in lines),
        )


def openbao_config(audit: Path) -> Mapping[str, object]:
    """OpenBao's audit devices are declared in its configuration, never over its API."""
    options = {"file_path": str(audit), "mode": "0600"}
    return {"audit": [{"type": "file", "path": AUDIT_DEVICE, "options": options}]}


def identify(binary: Path) -> tuple[ServerProduct, str] | None:
    """Ask a program which server it is: product and version; None when it is neither."""
    said = ""
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run(
            [str(binary), "version"],
            env={"PATH": os.environ.get("PATH", "")},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        ).stdout
    found = _VERSION.search(said)
    if found is None:
        return None
    product = ServerProduct.VAULT if found[1] == "Vault" else ServerProduct.OPENBAO
    return product, found[2]


def dev_server(
    kind: ServerKind, binary: Path, *, machine: Machine, plugins: Path | None = None
) -> DevServer:
    """The server of a program. Raises StackError when it is no Vault and no OpenBao."""
    known = identify(binary)
    if known is None:
        raise StackError(
            f"{binary} is neither Vault nor OpenBao",
            why=f"`{binary.name} version` did not say so",
            do="install it again, or choose another --server",
        )
    product, version = known
    return DevServer(kind, product, version, binary, plugins, machine)
