"""A real server and a local AWS for a benchmark, as the tests start them; gone with the block."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaultaws.local.awsprocess import AwsOptions, LocalAws, start_local_aws
from vaultaws.local.directories import Directories
from vaultaws.local.processes import Machine, end, end_tagged, python_environment
from vaultaws.local.progress import Progress
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.servers.find import find_server
from vaultaws.local.servers.life import stop_server
from vaultaws.local.wire import Answer, ask

MACHINE = Machine()


class StageError(Exception):
    """The server did not do what the benchmark needs of it."""


@dataclass(frozen=True)
class Stage:
    """A server with the engine at hand, an AWS behind it, and room for files."""

    server: RunningServer
    aws: LocalAws
    region: str
    directory: Path

    @property
    def aws_endpoint(self) -> str:
        """The local AWS as the server sees it."""
        return self.server.aws_endpoint(self.aws.endpoint)

    def ask(
        self, path: str, data: Mapping[str, Any] | None = None, *, method: str = "GET"
    ) -> Answer:
        """One request with the root token."""
        token = self.server.root_token
        return ask(self.server.address, f"/v1/{path}", token=token, method=method, data=data)

    def unmount(self, mount: str) -> None:
        """Take the mount away, with all in it; one that is not there is fine."""
        answer = self.ask(f"sys/mounts/{mount}", method="DELETE")
        if answer.status not in (200, 204):
            raise StageError(f"unmounting {mount} was answered with {answer.status}")

    def role_names(self, mount: str) -> list[str]:
        """The names of the roles that the server has there."""
        answer = self.ask(f"{mount}/roles?list=true")
        return list(answer.body["data"]["keys"]) if answer.status == 200 else []

    def role_policy(self, mount: str, name: str) -> str:
        """A role's policy document as the server has it."""
        return str(self.ask(f"{mount}/roles/{name}").body["data"]["policy_document"])

    def environ(self) -> dict[str, str]:
        """What a client needs: the server, the root's key, a home of its own."""
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        return python_environment(
            {
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "XDG_STATE_HOME": str(home / "state"),
                "VAULT_ADDR": self.server.address,
                "VAULT_TOKEN": self.server.root_token.reveal(),
                "AWS_ENDPOINT_URL": self.aws.endpoint,
                "AWS_REGION": self.region,
                "AWS_ACCESS_KEY_ID": self.aws.access_key_id,
                "AWS_SECRET_ACCESS_KEY": self.aws.secret_access_key.reveal(),
            }
        )


@contextmanager
def open_stage(kind: str, directory: Path, progress: Progress) -> Iterator[Stage]:
    """Start both with their files in `directory`, and end them whatever happens."""
    options, tag = AwsOptions(), secrets.token_hex(8)
    with ExitStack() as later:
        later.callback(end_tagged, tag, MACHINE)
        source = find_server(kind, Directories.of(os.environ).cache, progress, machine=MACHINE)
        server = source.start(directory, tag=tag)
        later.callback(stop_server, server, MACHINE)
        aws = start_local_aws(options, directory, tag=tag, machine=MACHINE)
        later.callback(end, aws.process, MACHINE)
        yield Stage(server, aws, options.region, directory)
