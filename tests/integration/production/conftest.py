"""One cluster for all tests of this folder, whole again before each."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

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


@pytest.fixture(scope="package")
def a_cluster(server: ServerKind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    source, tag = find(server), secrets.token_hex(8)
    assert isinstance(source, DevServer)
    try:
        made = Cluster(source, tmp_path_factory.mktemp("cluster"), tag=tag)
        made.begin()
        yield made
    finally:
        end_tagged(tag, MACHINE)


@pytest.fixture
def cluster(a_cluster: Cluster) -> Cluster:
    """The cluster with all its nodes running, unsealed, and one of them active."""
    a_cluster.whole()
    return a_cluster
