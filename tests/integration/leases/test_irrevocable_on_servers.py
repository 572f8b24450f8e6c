"""A lease that a real server gave up on: told with its reason, and ended when the cause is gone."""

from __future__ import annotations

import dataclasses
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import SERVERS, find
from tests.support.engine import a_role
from tests.support.gone import owner
from tests.support.lasting import Lasting
from tests.support.nodes import MACHINE
from tests.support.people import operator
from tests.support.waiting import until
from tests.support.wired import Wired, must, wire_up
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.processes import end_tagged
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.servers.dev import DevServer

OPENBAO = [each for each in SERVERS if each.id == "openbao"]
pytestmark = pytest.mark.parametrize("server", OPENBAO, indirect=True)


@pytest.fixture(autouse=True)
def _endpoint(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    return tmp_path / "plugins" / "aws"


@pytest.fixture
def lasting(
    server: RunningServer, engine: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lasting]:
    """A server that keeps what it knows, and whose engine is a file of its own."""
    source = find(server.kind)
    assert isinstance(source, DevServer)
    assert source.plugins is not None
    shutil.copytree(source.plugins, engine.parent)
    own, tag = dataclasses.replace(source, plugins=engine.parent), secrets.token_hex(8)
    try:
        yield Lasting(own, tmp_path_factory.mktemp("lasting"), tag=tag)
    finally:
        end_tagged(tag, MACHINE)


@pytest.fixture
def held(lasting: Lasting, local_aws: LocalAws, aws_options: AwsOptions) -> Wired:
    return wire_up(lasting.running, local_aws, aws_options)


def test_it_is_told_with_its_reason_and_ended_when_the_engine_is_back(
    lasting: Lasting, held: Wired, engine: Path, tmp_path: Path
) -> None:
    """The engine's file is lost in an upgrade. A lease that ends meanwhile is given up on."""
    vault, away = held.vault, engine.with_name("away")
    vault.write_role(held.mount, a_role("reader"))
    must(held.ask(f"sys/mounts/{held.mount}/tune", {"default_lease_ttl": "2s"}))
    issued = vault.issue(held.mount, "reader", sts=False)
    lease, user = issued.lease.id, owner(held.aws, issued.credentials.access_key_id)
    engine.rename(away)
    begun_anew(lasting)
    until(lambda: bool(vault.irrevocable_leases()))

    shell = operator(held, tmp_path)
    listing = shell.run("leases", "list").stdout
    assert "irrevocable !" in listing
    assert f"1 is irrevocable (vaultaws leases revoke {lease})" in listing
    shown = shell.run("leases", "show", lease).stdout
    assert "irrevocable" in shown
    assert "no handler for route" in " ".join(shown.split())
    refused = shell.run("leases", "revoke", lease, "--yes")
    assert refused.returncode == 2
    assert "no handler for route" in refused.stdout
    assert user in held.user_names("-reader-")

    away.rename(engine)
    begun_anew(lasting)
    ended = shell.run("leases", "revoke", lease, "--yes")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert vault.list_leases(held.mount) == []
    assert user not in held.user_names("-reader-")


def begun_anew(lasting: Lasting) -> None:
    lasting.restart()
    lasting.unseal()
