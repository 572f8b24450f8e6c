"""What every server of the local stack has in common: a value that says where and who it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from vaultaws.clock import Clock
from vaultaws.errors import StackError
from vaultaws.local.processes import ProcessRecord
from vaultaws.local.wire import ask
from vaultaws.model import Secret, ServerProduct

HEALTH_SECONDS = 60.0
POLL_SECONDS = 0.05
AUDIT_DEVICE = "file"


class ServerKind(StrEnum):
    """How the server runs."""

    OPENBAO = "openbao"
    VAULT = "vault"
    DOCKER = "docker"


@dataclass(frozen=True)
class ContainerRecord:
    """A container, by its id and the daemon that runs it."""

    id: str
    daemon: str

    @property
    def label(self) -> str:
        """A short name for people."""
        return f"container {self.id[:12]}"


@dataclass(frozen=True)
class RunningServer:
    """A dev server that answers, unsealed, with its audit device on.

    `tag` marks all its processes, or its container. `host_as_seen` is this machine's name for
    programs inside the server: 127.0.0.1, except where docker keeps it in a virtual machine.
    """

    kind: ServerKind
    product: ServerProduct
    version: str
    address: str
    root_token: Secret
    log: Path
    audit: Path
    where: ProcessRecord | ContainerRecord
    tag: str
    host_as_seen: str = "127.0.0.1"

    def aws_endpoint(self, endpoint: str) -> str:
        """The address of a service on this machine, for iam_endpoint and sts_endpoint."""
        port = urlsplit(endpoint).port
        return f"http://{self.host_as_seen}:{port}"


class Source(Protocol):
    """A server that can be started: the program or image was found."""

    @property
    def kind(self) -> ServerKind:
        """How it will run."""
        ...

    def start(self, workdir: Path, *, tag: str) -> RunningServer:
        """Start it with its files in `workdir`; raises StackError, leaving nothing behind."""
        ...


class EarlyEndError(StackError):
    """The server ended before it answered. `port_taken` says that another program has its port."""

    def __init__(self, what: str, *, why: str, do: str, port_taken: bool) -> None:
        super().__init__(what, why=why, do=do)
        self.port_taken = port_taken


def wait_until_healthy(
    address: str, token: Secret, *, clock: Clock, fail_if_gone: Callable[[], None]
) -> None:
    """Ask until the server is unsealed and knows the root token.

    `fail_if_gone` raises when the server has ended. Raises StackError after HEALTH_SECONDS.
    """
    deadline = clock.monotonic() + HEALTH_SECONDS
    while not is_ready(address, token):
        fail_if_gone()
        if clock.monotonic() >= deadline:
            raise StackError(
                f"the server at {address} does not answer",
                why=f"it was asked for {HEALTH_SECONDS:.0f} s and was never ready",
                do="run `vaultaws down`, then `vaultaws up` again",
            )
        clock.sleep(POLL_SECONDS)


def is_ready(address: str, token: Secret) -> bool:
    """Answer 200 to sys/health (initialised, unsealed, active) and to a look at the token."""
    return (
        ask(address, "/v1/sys/health").status == 200
        and ask(address, "/v1/auth/token/lookup-self", token=token).status == 200
    )


def enable_audit(address: str, token: Secret, file_path: str) -> None:
    """Turn Vault's file audit device on; OpenBao takes it from its configuration only."""
    answer = ask(
        address,
        f"/v1/sys/audit/{AUDIT_DEVICE}",
        token=token,
        method="PUT",
        data={"type": "file", "options": {"file_path": file_path, "mode": "0600"}},
    )
    if answer.status not in (200, 204):
        said = "; ".join(str(line) for line in answer.body.get("errors", ()))
        raise StackError(
            "the server's audit device cannot be turned on",
            why=said or f"the server answered {answer.status}",
            do="run `vaultaws down`, then `vaultaws up` again",
        )
