"""Real servers for the tests: OpenBao, Vault, and Vault in docker, each wired to a local AWS.

VAULTAWS_TEST_SERVERS names the servers (openbao,vault when not set; docker is the third).
docker without a daemon is skipped with the reason, or fails where VAULTAWS_REQUIRE_DOCKER=1.
Each worker of pytest-xdist starts servers of its own.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import measured
from tests.support.connections import User, policy
from tests.support.engine import Engine, good_user, open_engine
from tests.support.unmeasured import unmeasured
from tests.support.wired import Wired, unwire, wire_up
from vaultaws.local.awsprocess import AwsOptions, LocalAws, start_local_aws
from vaultaws.local.build import engine_binary, vault_binary
from vaultaws.local.directories import Directories
from vaultaws.local.processes import Machine, end, end_tagged
from vaultaws.local.progress import silent
from vaultaws.local.servers.base import RunningServer, ServerKind, Source
from vaultaws.local.servers.docker import DaemonGoneError
from vaultaws.local.servers.find import find_server
from vaultaws.local.servers.life import stop_server

ENVIRON = dict(os.environ)
"""As the run was started: the tests themselves see none of its VAULT_ and XDG_ settings."""
CACHE = Directories.of(ENVIRON).cache
MACHINE = Machine()
SHOWN_EVERY_SECONDS = 15


def chosen_servers() -> list[ServerKind]:
    names = ENVIRON.get("VAULTAWS_TEST_SERVERS", "openbao,vault").split(",")
    return [ServerKind(name.strip()) for name in names if name.strip()]


SERVERS = [pytest.param(kind, id=str(kind)) for kind in chosen_servers()]
AGAIN = pytest.StashKey[bool]()


WITHOUT_DOCKER = frozenset(
    {
        *("apply", "clients", "cloud", "handoff", "incident", "infra", "lint", "plan"),
        *("policies", "production", "root"),
    }
)
"""Folders whose tests are about requests alone. The Vault in docker is the one that runs as a
process, in a container; a second round of theirs would tell nothing and take minutes."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.integration)
    twice = {
        item
        for item in _with_servers(items)
        if item.callspec.params["server"] is ServerKind.DOCKER and item.path.is_relative_to(here)
        if item.path.relative_to(here).parts[0] in WITHOUT_DOCKER
    }
    config.hook.pytest_deselected(items=sorted(twice, key=lambda item: item.nodeid))
    items[:] = [item for item in items if item not in twice]
    for item in _again(items):
        item.stash[AGAIN] = True


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the collected tests need before any of them runs against its time limit."""
    if session.config.option.collectonly:
        return
    needed = {str(item.callspec.params["server"]) for item in _with_servers(session.items)}
    if ServerKind.OPENBAO in needed:
        engine_binary(CACHE, show)
    if ServerKind.VAULT in needed:
        vault_binary(CACHE, show)


def _with_servers(items: list[pytest.Item]) -> list[pytest.Function]:
    return [
        item
        for item in items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and "server" in item.callspec.params
    ]


def _again(items: list[pytest.Item]) -> Iterator[pytest.Function]:
    """Those that run with a further server, after the first that their test runs with."""
    first: dict[str, str] = {}
    for item in _with_servers(items):
        server = str(item.callspec.params["server"])
        if first.setdefault(item.nodeid.partition("[")[0], server) != server:
            yield item


def show(what: str, seconds: float) -> None:
    if int(seconds) % SHOWN_EVERY_SECONDS == 2:
        print(f"{what}: {seconds:.0f} s", file=sys.__stderr__, flush=True)


def find(kind: ServerKind) -> Source:
    """The tests' Vault is always the built one, whatever is on PATH."""
    path = "" if kind is ServerKind.VAULT else ENVIRON["PATH"]
    try:
        return find_server(kind, CACHE, silent, environ={**ENVIRON, "PATH": path})
    except DaemonGoneError as error:
        if ENVIRON.get("VAULTAWS_REQUIRE_DOCKER") == "1":
            raise
        pytest.skip(f"{error.what}: {error.why}")


@pytest.fixture(autouse=True)
def _commands_measured_once(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coverage measures a test's commands with its first server, and pytest itself with each.

    Measured, a command takes half as much again to twice the time, and with a further server
    the same test runs the same lines but for a few. So coverage may say too little, never too
    much.
    """
    if AGAIN in request.node.stash:
        monkeypatch.delenv(measured.VARIABLE, raising=False)


@pytest.fixture(scope="session", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A real server with its audit device on, shared by the tests of this worker."""
    kind: ServerKind = request.param
    running = find(kind).start(tmp_path_factory.mktemp(kind), tag=secrets.token_hex(8))
    try:
        yield running
    finally:
        stop_server(running, MACHINE)


@pytest.fixture
def own_server(
    server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server of the same kind for one test to spoil."""
    workdir = tmp_path_factory.mktemp("own")
    running = find(server.kind).start(workdir, tag=secrets.token_hex(8))
    try:
        yield running
    finally:
        stop_server(running, MACHINE)


@pytest.fixture(scope="session")
def start_aws(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[AwsOptions], LocalAws]]:
    """Starts a local AWS with given options; it ends with the session.

    Coverage leaves it alone: tests/unit/local/aws measures the same code within pytest, and a
    traced one takes two thirds more time for each of the many thousands of calls.
    """
    with ExitStack() as later:

        def start(options: AwsOptions) -> LocalAws:
            tag = secrets.token_hex(8)
            workdir = tmp_path_factory.mktemp("aws")
            later.callback(end_tagged, tag, MACHINE)
            aws = start_local_aws(options, workdir, tag=tag, machine=MACHINE, environ=unmeasured())
            later.callback(end, aws.process, MACHINE)
            return aws

        yield start


@pytest.fixture(scope="session")
def aws_options() -> AwsOptions:
    """How the shared local AWS behaves: at once, and without faults."""
    return AwsOptions()


@pytest.fixture(scope="session")
def local_aws(start_aws: Callable[[AwsOptions], LocalAws], aws_options: AwsOptions) -> LocalAws:
    """The local AWS shared by the tests of this worker."""
    return start_aws(aws_options)


@pytest.fixture
def wire(server: RunningServer) -> Iterator[Callable[[LocalAws, AwsOptions], Wired]]:
    """Wires the server to a local AWS, on a mount of its own that goes with the test."""
    with ExitStack() as later:

        def connect(aws: LocalAws, options: AwsOptions) -> Wired:
            wired = wire_up(server, aws, options)
            later.callback(unwire, wired)
            return wired

        yield connect


@pytest.fixture
def wired(
    wire: Callable[[LocalAws, AwsOptions], Wired], local_aws: LocalAws, aws_options: AwsOptions
) -> Wired:
    """The server wired to the shared local AWS: the engine at a fresh mount, root written."""
    return wire(local_aws, aws_options)


@pytest.fixture(scope="session")
def root_user(local_aws: LocalAws) -> User:
    """Vault's own IAM user. Shared: a new key takes seconds until AWS honours it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
        return good_user(local_aws, policy("vault-root"))


@pytest.fixture
def engine(
    server: RunningServer,
    local_aws: LocalAws,
    root_user: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Engine]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
    opened = open_engine(server, local_aws, root_user)
    with opened.vault as vault:
        yield opened
        # The mount stays, with its leases; users of a role's namesake would be taken for its own.
        for name in vault.list_roles(opened.mount):
            vault.delete_role(opened.mount, name)
