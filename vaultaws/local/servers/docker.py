"""Vault in a container, through the docker SDK.

The server must reach the local AWS, which listens on this machine's loopback address only. On
Linux the container shares the machine's network; under Docker Desktop, where containers live in
a virtual machine, its port is published on loopback and it calls back by host.docker.internal.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vaultaws.clock import Clock
from vaultaws.errors import StackError
from vaultaws.local.directories import make_private
from vaultaws.local.ports import LOOPBACK, free_port
from vaultaws.local.processes import Machine
from vaultaws.local.progress import Progress
from vaultaws.local.servers.base import (
    ContainerRecord,
    EarlyEndError,
    RunningServer,
    ServerKind,
    enable_audit,
    wait_until_healthy,
)
from vaultaws.local.wire import ask
from vaultaws.model import Secret, ServerProduct

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

DEFAULT_IMAGE = "hashicorp/vault:1.21.1"
LABEL = "vaultaws.stack"
DEFAULT_DAEMON = "unix:///var/run/docker.sock"
INSIDE = "/vaultaws"
INNER_PORT = 8200
STOP_SECONDS = 5
CLIENT_SECONDS = 60
KNOCK_SECONDS = 5.0
DOCKER_PORT = 2375
START_ATTEMPTS = 5


def daemon_of(environ: Mapping[str, str]) -> str:
    """The daemon that the docker settings of `environ` name."""
    return environ.get("DOCKER_HOST") or DEFAULT_DAEMON


def image_of(environ: Mapping[str, str]) -> str:
    """VAULT_IMAGE, else the image of docker-compose.yml."""
    return environ.get("VAULT_IMAGE") or DEFAULT_IMAGE


class DaemonGoneError(StackError):
    """No docker daemon answers there: it runs no container either."""


@contextmanager
def connected(daemon: str) -> Iterator[DockerClient]:
    """A client of the daemon. What docker refuses inside comes out as StackError."""
    try:
        from docker.errors import DockerException
        from requests.exceptions import RequestException
    except ImportError as error:
        raise StackError(
            "the docker SDK for Python is not installed",
            why=str(error),
            do='install it: pip install "vaultaws[docker]", or choose another --server',
        ) from error
    try:
        with _client(daemon) as client:
            yield client
    except (DockerException, RequestException) as error:
        raise docker_error(daemon, error) from error


@contextmanager
def _client(daemon: str) -> Iterator[DockerClient]:
    import docker

    _knock(daemon)
    environment = {**os.environ, "DOCKER_HOST": daemon}
    client = docker.from_env(environment=environment, timeout=CLIENT_SECONDS)
    try:
        yield client
    finally:
        client.close()


def _knock(daemon: str) -> None:
    """Raise DaemonGoneError when nobody listens: the SDK leaves its socket open then."""
    parts = urlsplit(daemon)
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as door:
                door.connect(parts.path)
        else:
            address = (parts.hostname or LOOPBACK, parts.port or DOCKER_PORT)
            socket.create_connection(address, KNOCK_SECONDS).close()
    except OSError as error:
        raise DaemonGoneError(
            f"no docker daemon answers at {daemon}",
            why=error.strerror or str(error),
            do="start the docker daemon (and see that you may use it), or choose another --server",
        ) from error


def docker_error(daemon: str, error: Exception) -> StackError:
    """What docker refused, in its own words."""
    return StackError(
        f"docker at {daemon} refused",
        why=_one_line(error),
        do="see `docker info` and the image's name (VAULT_IMAGE), or choose another --server",
    )


def _one_line(error: Exception) -> str:
    said = str(getattr(error, "explanation", None) or error).splitlines()
    return said[0] if said else type(error).__name__


@dataclass(frozen=True)
class DockerServer:
    """A daemon that answers and has the image."""

    daemon: str
    image: str
    machine: Machine = field(default_factory=Machine)
    kind: ServerKind = ServerKind.DOCKER

    def start(self, workdir: Path, *, tag: str) -> RunningServer:
        """Start the container, trying another port when its own was taken meanwhile."""
        with connected(self.daemon) as client:
            for _ in range(START_ATTEMPTS - 1):
                try:
                    return self._start_at(client, free_port(), workdir, tag)
                except EarlyEndError as error:
                    if not error.port_taken:
                        raise
            return self._start_at(client, free_port(), workdir, tag)

    def _start_at(self, client: DockerClient, port: int, workdir: Path, tag: str) -> RunningServer:
        token, address = Secret(secrets.token_urlsafe(24)), f"http://{LOOPBACK}:{port}"
        shared = make_private(workdir / "server")
        network = network_for(client.info(), port)
        options = container_options(network, shared, token, tag)
        container = client.containers.create(self.image, **options)
        try:
            container.start()
            self._make_ready(container, address, token)
        except BaseException:
            container.remove(force=True)
            raise
        return RunningServer(
            kind=self.kind,
            product=ServerProduct.VAULT,
            version=str(ask(address, "/v1/sys/health").body.get("version", "")),
            address=address,
            root_token=token,
            log=shared / "server.log",
            audit=shared / "audit.log",
            where=ContainerRecord(str(container.id), self.daemon),
            tag=tag,
            host_as_seen=network.host_as_seen,
        )

    def _make_ready(self, container: Container, address: str, token: Secret) -> None:
        wait_until_healthy(
            address,
            token,
            clock=self.machine.clock,
            fail_if_gone=lambda: fail_if_gone(container, self.image),
        )
        fail_if_gone(container, self.image)
        enable_audit(address, token, f"{INSIDE}/audit.log")


@dataclass(frozen=True)
class Network:
    """How the server listens and how it calls this machine."""

    listen: str
    options: Mapping[str, Any]
    host_as_seen: str


def network_for(info: Mapping[str, Any], port: int) -> Network:
    """Choose by what the daemon says of itself (`docker info`)."""
    if "Docker Desktop" in str(info.get("OperatingSystem", "")):
        published = {f"{INNER_PORT}/tcp": (LOOPBACK, port)}
        return Network(f"0.0.0.0:{INNER_PORT}", {"ports": published}, "host.docker.internal")
    return Network(f"{LOOPBACK}:{port}", {"network_mode": "host"}, LOOPBACK)


def container_options(network: Network, shared: Path, token: Secret, tag: str) -> dict[str, Any]:
    """What the container is. It runs as us, so that we can read the audit log it writes.

    The image's own entry point would put the token on a command line; the program is called
    directly and finds it in its environment.
    """
    listen = f"-dev-listen-address={network.listen}"
    return {
        "entrypoint": ["vault"],
        "command": [
            "server",
            "-dev",
            "-dev-no-store-token",
            listen,
            f"-log-file={INSIDE}/server.log",
        ],
        "environment": {
            "VAULT_DEV_ROOT_TOKEN_ID": token.reveal(),
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": INSIDE,
        },
        "volumes": {str(shared): {"bind": INSIDE, "mode": "rw"}},
        "user": f"{os.getuid()}:{os.getgid()}",
        "labels": {LABEL: tag},
        "name": f"vaultaws-{tag}",
        **network.options,
    }


def fail_if_gone(container: Container, image: str) -> None:
    """Raise when the container has ended, with its last words."""
    container.reload()
    if container.status in ("created", "running"):
        return
    lines = container.logs(tail=30).decode("utf-8", "replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    raise EarlyEndError(
        f"the container of {image} ended before it answered",
        why=(said or ["it said nothing"])[-1],
        do=f"try `docker run --rm {image}` by hand, or another --server",
        port_taken=any("address already in use" in line for line in said),
    )


def find_docker(environ: Mapping[str, str], progress: Progress, machine: Machine) -> DockerServer:
    """Find a daemon on this machine and the image, pulling it when it is not at hand."""
    daemon, image = daemon_of(environ), image_of(environ)
    refuse_distant(daemon)
    with connected(daemon) as client:
        refuse_rootless(client.info())
        if not client.images.list(name=image):
            _pull(client, daemon, image, progress, machine.clock)
    return DockerServer(daemon, image, machine)


def _pull(client: DockerClient, daemon: str, image: str, progress: Progress, clock: Clock) -> None:
    """Pull the image, telling progress as layers come in; a failure comes as an event too."""
    from docker.errors import DockerException
    from docker.utils import parse_repository_tag

    started = clock.monotonic()
    progress(f"pulling {image}", 0.0)
    repository, tag = parse_repository_tag(image)
    for event in client.api.pull(repository, tag=tag or "latest", stream=True, decode=True):
        if "error" in event:
            raise docker_error(daemon, DockerException(event["error"]))
        progress(f"pulling {image}", clock.monotonic() - started)


def refuse_distant(daemon: str) -> None:
    """A daemon elsewhere cannot reach the local AWS on our loopback address."""
    parts = urlsplit(daemon)
    if parts.scheme in ("unix", "npipe") or parts.hostname in (LOOPBACK, "localhost", "::1"):
        return
    raise StackError(
        f"the docker daemon {daemon} is on another machine",
        why="its containers cannot reach the local AWS, which listens on 127.0.0.1 only",
        do="unset DOCKER_HOST to use a daemon of this machine, or choose another --server",
    )


def refuse_rootless(info: Mapping[str, Any]) -> None:
    """A rootless daemon's host network is not ours."""
    if any("rootless" in str(option) for option in info.get("SecurityOptions") or ()):
        raise StackError(
            "the docker daemon runs rootless",
            why="its containers cannot reach 127.0.0.1 of this machine",
            do="use a daemon that runs as root, or choose another --server",
        )


def container_alive(record: ContainerRecord) -> bool:
    """True when the container still runs."""
    from docker.errors import NotFound

    with suppress(DaemonGoneError), connected(record.daemon) as client, suppress(NotFound):
        return str(client.containers.get(record.id).status) == "running"
    return False


def remove_tagged(daemon: str, tag: str) -> None:
    """Stop and remove every container of the stack, and return when they are gone."""
    with suppress(DaemonGoneError), connected(daemon) as client:
        for container in client.containers.list(all=True, filters={"label": f"{LABEL}={tag}"}):
            container.stop(timeout=STOP_SECONDS)
            container.remove(force=True)
