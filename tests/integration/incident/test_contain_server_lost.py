"""Containment while the server turns standby or starts anew: AWS is cut, the rest goes on later."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import pytest

from tests.integration.conftest import find
from tests.integration.incident.test_contain_broken import (
    EVERYTHING,
    ONE_SERVER,
    filled,
    relayed,
    through,
)
from tests.support.lasting import Lasting, Spoil
from tests.support.nodes import MACHINE
from tests.support.places import here
from tests.support.relay import Asked
from tests.support.stricken import Stricken, stricken
from tests.support.wired import wire_up
from vaultaws.local.awsprocess import AwsOptions, LocalAws
from vaultaws.local.processes import end_tagged
from vaultaws.local.servers.base import RunningServer
from vaultaws.local.servers.dev import DevServer

RESUME = ("incident", "contain", "--resume", "all", "--yes", "--no-trail")


@pytest.fixture
def lasting(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lasting]:
    """A server of the same kind that keeps what it knows."""
    source = find(server.kind)
    assert isinstance(source, DevServer)
    tag = secrets.token_hex(8)
    try:
        yield Lasting(source, tmp_path_factory.mktemp("lasting"), tag=tag)
    finally:
        end_tagged(tag, MACHINE)


@pytest.fixture
def lasting_place(
    lasting: Lasting,
    local_aws: LocalAws,
    aws_options: AwsOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stricken:
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
    return filled(stricken(wire_up(lasting.running, local_aws, aws_options), tmp_path))


@ONE_SERVER
@pytest.mark.parametrize(
    ("spoil", "recover", "said"),
    [
        pytest.param(Lasting.step_down, Lasting.await_active, "is a standby", id="standby"),
        pytest.param(Lasting.restart, Lasting.unseal, "is sealed", id="restarted"),
    ],
)
def test_aws_is_cut_all_the_same_and_the_next_run_ends_it(
    lasting: Lasting, lasting_place: Stricken, spoil: Spoil, recover: Spoil, said: str
) -> None:
    """It happens before the first lease is revoked."""
    place, lock = lasting_place, Lock()
    spoilt: list[Asked] = []

    def at_the_leases(asked: Asked) -> None:
        with lock:
            if asked.path.startswith("sys/leases/revoke") and not spoilt:
                spoilt.append(asked)
                spoil(lasting)

    with relayed(place) as relay:
        relay.before = at_the_leases
        code, out, err = here(through(place, relay), *EVERYTHING)
        assert code == 2, out + err
        assert said in out
        assert "go on: vaultaws incident contain --resume all" in out
        assert place.alive() == set()
        recover(lasting)
        assert place.leases() != []
        code, out, err = here(through(place, relay), *RESUME)
        assert code == 0, out + err
    assert place.leases() == []
    assert place.wired.user_names("-reader-") == []
