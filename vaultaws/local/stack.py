"""The local stack as a whole: a real server and the local AWS, up, down, and how they are."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

from vaultaws.errors import StackError
from vaultaws.interrupts import deferred_signals, ending_signals_raise
from vaultaws.local.awsprocess import AwsOptions, LocalAws, start_local_aws
from vaultaws.local.directories import Directories, make_private
from vaultaws.local.locks import held
from vaultaws.local.processes import Machine, end, end_tagged, is_alive
from vaultaws.local.progress import Progress, silent
from vaultaws.local.servers.base import RunningServer, Source, is_ready
from vaultaws.local.servers.docker import DockerServer, remove_tagged
from vaultaws.local.servers.find import AUTO, find_server
from vaultaws.local.servers.life import server_runs, stop_server
from vaultaws.local.state import StackRecord, read_record, remove_record, write_record
from vaultaws.model import Secret

LOCK_NAME = "stack.lock"
WORKDIR_PREFIX = "stack-"
STALE_VARIABLES = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "BAO_ADDR",
    "BAO_TOKEN",
    "BAO_NAMESPACE",
    "VAULT_NAMESPACE",
    "VAULT_AGENT_ADDR",
    "VAULT_PROXY_ADDR",
)


@dataclass(frozen=True)
class StackOptions:
    """What was asked of `up`; None was not asked and takes what runs, or the default."""

    server: str | None = None
    account_id: str | None = None
    region: str | None = None
    iam_delay_seconds: float | None = None
    trail_delay_seconds: float | None = None
    fault_rate: float | None = None

    def for_aws(self) -> AwsOptions:
        """The local AWS's part, with its defaults."""
        asked = {field.name: getattr(self, field.name) for field in fields(AwsOptions)}
        return replace(AwsOptions(), **{k: v for k, v in asked.items() if v is not None})


@dataclass(frozen=True)
class StackState:
    """A whole stack. `reused` says that it ran before `up` was asked."""

    server: RunningServer
    aws: LocalAws
    options: AwsOptions
    reused: bool = False

    @property
    def server_aws_endpoint(self) -> str:
        """The local AWS's address for the server: iam_endpoint and sts_endpoint of config/root."""
        return self.server.aws_endpoint(self.aws.endpoint)

    def environment(self) -> dict[str, str | Secret | None]:
        """The variables that point a shell at the stack; None is to be unset."""
        return {
            **dict.fromkeys(STALE_VARIABLES),
            "VAULT_ADDR": self.server.address,
            "VAULT_TOKEN": self.server.root_token,
            "VAULTAWS_AUDIT_LOG": str(self.server.audit),
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_REGION": self.options.region,
            "AWS_DEFAULT_REGION": self.options.region,
            "AWS_ACCESS_KEY_ID": self.aws.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.aws.secret_access_key,
        }

    def environ_for_child(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`environ` as a child process needs it: the secrets are clear in it."""
        ours = self.environment()
        kept = {name: value for name, value in environ.items() if name not in ours}
        return kept | {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in ours.items()
            if value is not None
        }


@dataclass(frozen=True)
class Part:
    """One part of the stack. `where` is its process or container, for people."""

    name: str
    address: str
    where: str
    log: Path
    alive: bool


@dataclass(frozen=True)
class StackStatus:
    """How the stack is. No parts: none is up. `state` is there when it is whole."""

    state: StackState | None = None
    parts: tuple[Part, ...] = ()


def up(
    options: StackOptions,
    directories: Directories,
    progress: Progress = silent,
    *,
    machine: Machine | None = None,
    environ: Mapping[str, str] = os.environ,
    aws_command: Sequence[str] | None = None,
) -> StackState:
    """Return when a server and the local AWS answer; a whole stack that runs is reused.

    A stack of which a part has died, or that was never whole, is taken down first. Whatever
    stops the start, an error or a signal, takes down what was started. Raises StackError, also
    when the running stack is not as asked. `aws_command` replaces the local AWS's program.
    """
    machine = machine or Machine()
    with _alone(directories, progress):
        found = read_record(directories.state)
        state = None if found is None else _whole(found, machine)
        if found is not None and state is not None:
            refuse_others(options, found)
            return replace(state, reused=True)
        if found is not None:
            progress("taking down what is left of the last stack", 0.0)
            _take_down(found, directories, machine)
        return _start(
            options,
            directories,
            progress,
            machine=machine,
            environ=environ,
            aws_command=aws_command,
        )


def down(
    directories: Directories, progress: Progress = silent, *, machine: Machine | None = None
) -> bool:
    """End what `up` started and return when it is gone; False when there was nothing."""
    if not directories.state.is_dir():
        return False
    with _alone(directories, progress):
        found = read_record(directories.state)
        if found is None:
            return False
        _take_down(found, directories, machine or Machine())
        return True


def status(directories: Directories, *, machine: Machine | None = None) -> StackStatus:
    """Look at what `up` recorded and whether it still runs."""
    machine = machine or Machine()
    found = read_record(directories.state)
    if found is None:
        return StackStatus()
    return StackStatus(_whole(found, machine), tuple(_parts(found, machine)))


@contextmanager
def _alone(directories: Directories, progress: Progress) -> Iterator[None]:
    """One `up` or `down` at a time on these directories; signals that end us clear up first."""
    lock = make_private(directories.state) / LOCK_NAME
    with ending_signals_raise(), held(lock, "waiting for another up or down to finish", progress):
        yield


def _start(
    options: StackOptions,
    directories: Directories,
    progress: Progress,
    *,
    machine: Machine,
    environ: Mapping[str, str],
    aws_command: Sequence[str] | None,
) -> StackState:
    preference = options.server or AUTO
    source = find_server(preference, directories.cache, progress, environ=environ, machine=machine)
    record = _first_record(preference, source, options, directories)
    try:
        write_record(directories.state, record)
        make_private(record.workdir)
        aws = start_local_aws(
            record.options,
            record.workdir,
            tag=record.tag,
            machine=machine,
            command=aws_command,
            environ=environ,
        )
        write_record(directories.state, replace(record, aws=aws))
        server = source.start(record.workdir, tag=record.tag)
        write_record(directories.state, replace(record, aws=aws, server=server))
    except BaseException:
        _take_down(record, directories, machine)
        raise
    return StackState(server, aws, record.options)


def _first_record(
    preference: str, source: Source, options: StackOptions, directories: Directories
) -> StackRecord:
    tag = secrets.token_hex(8)
    return StackRecord(
        tag=tag,
        workdir=directories.state / f"{WORKDIR_PREFIX}{tag}",
        preference=preference,
        options=options.for_aws(),
        daemon=source.daemon if isinstance(source, DockerServer) else "",
    )


def _take_down(record: StackRecord, directories: Directories, machine: Machine) -> None:
    """The server first, so that its last calls still meet an AWS; then all that carries the tag.

    Each step is tried whatever became of the others; the record stays when one failed.
    """
    with deferred_signals():
        with ExitStack() as later:
            later.callback(shutil.rmtree, record.workdir, ignore_errors=True)
            later.callback(end_tagged, record.tag, machine)
            if record.aws is not None:
                later.callback(end, record.aws.process, machine)
            if record.daemon:
                later.callback(remove_tagged, record.daemon, record.tag)
            if record.server is not None:
                later.callback(stop_server, record.server, machine)
        remove_record(directories.state)


def _whole(record: StackRecord, machine: Machine) -> StackState | None:
    """The stack when both parts run and the server is ready."""
    server, aws = record.server, record.aws
    if server is None or aws is None:
        return None
    if not is_alive(aws.process, machine.table) or not server_runs(server, machine):
        return None
    if not is_ready(server.address, server.root_token):
        return None
    return StackState(server, aws, record.options)


def _parts(record: StackRecord, machine: Machine) -> Iterator[Part]:
    if (server := record.server) is not None:
        name = f"{server.product.label} {server.version}"
        alive = server_runs(server, machine)
        yield Part(name, server.address, server.where.label, server.log, alive)
    if (aws := record.aws) is not None:
        alive = is_alive(aws.process, machine.table)
        yield Part("local AWS", aws.endpoint, aws.process.label, aws.log, alive)


def refuse_others(options: StackOptions, record: StackRecord) -> None:
    """A running stack is not quietly handed to somebody who asked for another one."""
    differ = [
        f"{name} is {has}, not {wanted}"
        for name, wanted, has in _compared(options, record)
        if wanted is not None and wanted != has
    ]
    if differ:
        raise StackError(
            "a stack with other options is already up",
            why="; ".join(differ),
            do="run `vaultaws down` first, or `vaultaws up` without options to use what runs",
        )


def _compared(options: StackOptions, record: StackRecord) -> Iterator[tuple[str, object, object]]:
    kind = str(record.server.kind) if record.server is not None else record.preference
    yield "server", None if options.server == AUTO else options.server, kind
    for field in fields(AwsOptions):
        name = field.name.removesuffix("_seconds").replace("_", "-")
        yield name, getattr(options, field.name), getattr(record.options, field.name)
