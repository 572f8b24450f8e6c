"""One cluster for all tests of this folder, whole again before each."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.conftest import SERVERS, find
from tests.support.nodes import MACHINE
from tests.support.production import Cluster
from vaultaws.local.processes import end_tagged
from vaultaws.local.servers.base import ServerKind
from vaultaws.local.servers.dev import DevServer


@pytest.fixture(scope="package", params=SERVERS)
def server(request: pytest.FixtureRequest) -> ServerKind:
    """The kind of the cluster's nodes: no dev server is started here."""
    kind: ServerKind = request.param
    return kind


@contextmanager
def begun(kind: ServerKind, folder: Path, *, standby_reads: bool = False) -> Iterator[Cluster]:
    """A cluster that has begun; it ends with the context."""
    source, tag = find(kind), secrets.token_hex(8)
    assert isinstance(source, DevServer)
    try:
        made = Cluster(source, folder, tag=tag, standby_reads=standby_reads)
        made.begin()
        yield made
    finally:
        end_tagged(tag, MACHINE)


@pytest.fixture(scope="package")
def a_cluster(server: ServerKind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with begun(server, tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def cluster(a_cluster: Cluster) -> Cluster:
    """The cluster with all its nodes running, unsealed, and one of them active."""
    a_cluster.whole()
    return a_cluster


@pytest.fixture
def mark() -> str:
    """What the names of a test's mount and people end in."""
    return secrets.token_hex(4)
